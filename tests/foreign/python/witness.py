"""Has a witness that nobody here wrote (PyPI aics-witness) cosign a running log.

    witness.py URL [--grow COMMAND]

A fresh witness cosigns the checkpoint; COMMAND (a shell line) makes the log longer; the witness
cosigns the longer one only with the server's consistency proof, answers 409 to a wrong old size and
422 to a proof with one bit flipped. Exit status 0 if all that happens, 1 with the reason if not.
"""

import argparse
import base64
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from aics_tlog import parse_checkpoint, parse_note, parse_vkey, verify_checkpoint
from aics_witness.feeder import WitnessClient, merge_cosignatures
from aics_witness.protocol import format_add_checkpoint_request

WITNESS = [sys.executable, "-m", "aics_witness"]


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--grow", help="a shell line that makes the log longer")
    given = parser.parse_args()
    log = given.url.rstrip("/") + "/log"
    key = parse_vkey(get(f"{log}/key").decode().strip())

    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        config = ["--config", str(pathlib.Path(folder, "witness.json"))]
        init = [*WITNESS, "init", *config, "--name", "witness.example/w1", "--listen", address]
        witness_key = subprocess.check_output(init, text=True, stderr=subprocess.DEVNULL).strip()
        served_key = get(f"{log}/key").decode().strip()
        subprocess.check_call(
            [*WITNESS, "add-log", *config, "--origin", key.name, "--vkey", served_key],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = subprocess.Popen([*WITNESS, "serve", *config], stderr=subprocess.DEVNULL)
        try:
            wait_until_up(f"http://{address}/healthz")
            cosign(log, key, f"http://{address}", witness_key, given.grow)
        finally:
            server.terminate()
            server.wait()


def wait_until_up(url: str) -> None:
    for _ in range(100):
        try:
            get(url)
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("witness.py: the witness does not start")


def cosign(log: str, key, witness_url: str, witness_key: str, grow: str | None) -> None:
    def proof(old: int, new: int) -> list[bytes]:
        if old in (0, new):
            return []
        answer = json.loads(get(f"{log}/proof/consistency?from={old}&to={new}"))
        return [base64.b64decode(text, validate=True) for text in answer["hashes"]]

    witness = WitnessClient(witness_url, witness_key)

    def submit() -> int:
        checkpoint = get(f"{log}/checkpoint")
        cosigned = merge_cosignatures(checkpoint, witness.submit(checkpoint, proof))
        verdict = verify_checkpoint(
            parse_note(cosigned), key, [parse_vkey(witness_key)], 1, expected_origin=key.name
        )
        if not verdict.ok:
            sys.exit(f"witness.py: the cosigned checkpoint does not verify: {verdict}")
        return verdict.size

    def refused(old: int, hashes: list[bytes], status: int) -> None:
        body = format_add_checkpoint_request(old, hashes, get(f"{log}/checkpoint"))
        try:
            urllib.request.urlopen(f"{witness_url}/add-checkpoint", body, timeout=30)
        except urllib.error.HTTPError as error:
            if error.code == status:
                return
            sys.exit(f"witness.py: old size {old}: expected {status}, got {error.code}")
        sys.exit(f"witness.py: old size {old}: expected {status}, but the witness cosigned")

    first = submit()
    if not grow:
        print(f"aics-witness: cosigned {first} entries")
        return
    subprocess.check_call(grow, shell=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while True:
        second = parse_checkpoint(parse_note(get(f"{log}/checkpoint")).text).size
        if second > first:
            break
        if time.monotonic() > deadline:
            sys.exit(f"witness.py: the log still has {first} entries")
        time.sleep(0.2)
    refused(first - 1, proof(first - 1, second), 409)
    good = proof(first, second)
    forged = [bytes([good[0][0] ^ 1]) + good[0][1:], *good[1:]]
    refused(first, forged, 422)
    second = submit()
    print(f"aics-witness: cosigned {first}, then {second} entries; refused a wrong size and a forged proof")


if __name__ == "__main__":
    main()

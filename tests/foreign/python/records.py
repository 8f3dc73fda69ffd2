"""Signs records with an ML-DSA that nobody here wrote (PyPI dilithium-py) and posts them.

    records.py keys --seed TEXT --out DIR          writes DIR/ml-dsa-65.pub and DIR/dilithium3.pub (raw)
    records.py post --url URL --key SECRET --generator ID --seed TEXT [--count N]

`post` expects 201 for each record, and 400 once one bit of the signature or of what it signs is
flipped. Exit status 0 if so, 1 with the reason if not.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import secrets
import sys
import urllib.error
import urllib.request

from dilithium_py.dilithium import Dilithium3
from dilithium_py.ml_dsa import ML_DSA_65


def ml_dsa_key(seed: str) -> tuple[bytes, bytes]:
    """Public and private key of FIPS 204, from the SHA-256 of a text."""
    return ML_DSA_65.key_derive(hashlib.sha256(seed.encode()).digest())


def dilithium3_key(seed: str) -> tuple[bytes, bytes]:
    """Public and private key of Dilithium3, round 3, as certivu 1.1.0 uses it."""
    random = hashlib.shake_256(b"dilithium3 " + seed.encode()).digest(32)
    Dilithium3.random_bytes = lambda length: random[:length]
    return Dilithium3.keygen()


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def record(secret_key: bytes, generator: str) -> dict:
    payload = {
        "content_hash": "sha3-256:" + hashlib.sha3_256(secrets.token_bytes(64)).hexdigest(),
        "generator_id": generator,
        "model": "foreign-model-1",
        "watermark_id": "wm_" + secrets.token_hex(12),
    }
    signature = ML_DSA_65.sign(secret_key, canonical(payload))
    return {
        **payload,
        "signature": base64.b64encode(signature).decode(),
        "signed_payload": payload,
    }


def call(url: str, key: str | None = None, body: object = None) -> tuple[int, object]:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, text.decode(errors="replace")


def expect(what: str, status: int, got: tuple[int, object]) -> object:
    if got[0] != status:
        sys.exit(f"records.py: {what}: expected {status}, got {got[0]}: {got[1]}")
    return got[1]


def post(url: str, key: str, generator: str, seed: str, count: int) -> None:
    _, secret_key = ml_dsa_key(seed)
    endpoint = f"{url}/v1/records"
    for _ in range(count):
        sent = record(secret_key, generator)
        answer = expect("a good record", 201, call(endpoint, key, sent))
        if not answer["token"].startswith("ctv_"):
            sys.exit(f"records.py: token {answer['token']!r}")
        stored = expect("the stored record", 200, call(f"{endpoint}/{answer['record_id']}"))
        for member in ("content_hash", "generator_id", "model", "watermark_id"):
            if stored.get(member) != sent[member]:
                sys.exit(f"records.py: stored {member} is {stored.get(member)!r}, not {sent[member]!r}")

    for position in (0, 1000, -1):
        bad = record(secret_key, generator)
        signature = bytearray(base64.b64decode(bad["signature"]))
        signature[position] ^= 1
        bad["signature"] = base64.b64encode(signature).decode()
        expect(f"a signature with bit 0 of byte {position} flipped", 400, call(endpoint, key, bad))

    bad = record(secret_key, generator)
    digit = format(int(bad["content_hash"][-1], 16) ^ 1, "x")
    changed = bad["content_hash"][:-1] + digit
    bad["content_hash"] = bad["signed_payload"]["content_hash"] = changed
    expect("a hash with one bit flipped after signing", 400, call(endpoint, key, bad))

    expect("a good record without a key", 401, call(endpoint, None, record(secret_key, generator)))
    print(f"records: {count} accepted, 4 with one bit flipped refused")


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    keys = commands.add_parser("keys")
    keys.add_argument("--seed", required=True)
    keys.add_argument("--out", type=pathlib.Path, required=True)
    poster = commands.add_parser("post")
    for option in ("--url", "--key", "--generator", "--seed"):
        poster.add_argument(option, required=True)
    poster.add_argument("--count", type=int, default=5)
    given = parser.parse_args()
    if given.command == "keys":
        (given.out / "ml-dsa-65.pub").write_bytes(ml_dsa_key(given.seed)[0])
        (given.out / "dilithium3.pub").write_bytes(dilithium3_key(given.seed)[0])
    else:
        post(given.url.rstrip("/"), given.key, given.generator, given.seed, given.count)


if __name__ == "__main__":
    main()

"""Audits a running log with a verifier that nobody here wrote (PyPI aics-tlog).

    log_audit.py URL [--key VKEY]

Every tile and entry bundle is authenticated against the signed checkpoint, then the server's own
proofs are checked. Exit status 0 if all holds, 1 with the reason if not.
"""

import argparse
import base64
import json
import random
import sys
import urllib.request

from aics_tlog import (
    HttpTileReader,
    VerifiedTileReader,
    audit_tiles,
    parse_note,
    parse_vkey,
    tree_root_from_tiles,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)

PROOFS = 50


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def hashes(answer: dict) -> list[bytes]:
    return [base64.b64decode(text, validate=True) for text in answer["hashes"]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--key", help="the log's vkey; without it, the one that the server names")
    given = parser.parse_args()
    url = given.url.rstrip("/") + "/log"
    key = parse_vkey(given.key or get(f"{url}/key").decode().strip())

    reader = HttpTileReader(url)
    head = verify_checkpoint(parse_note(reader.read_checkpoint()), key, expected_origin=key.name)
    if not head.ok:
        sys.exit(f"log_audit.py: checkpoint: {head}")
    size, root = head.size, head.root
    print(audit_tiles(reader, size, root))
    if size == 0:
        return

    tiles = VerifiedTileReader(reader, size, root)
    choose = random.Random(size)
    for _ in range(PROOFS):
        end = choose.randint(1, size)
        index, start = choose.randrange(end), choose.randint(1, end)
        proof = json.loads(get(f"{url}/proof/inclusion?index={index}&size={end}"))
        end_root = tree_root_from_tiles(tiles, end)
        if not verify_leaf_inclusion(tiles.entry(index), index, end, hashes(proof), end_root):
            sys.exit(f"log_audit.py: entry {index} is not proved to be in the tree of {end}")
        proof = json.loads(get(f"{url}/proof/consistency?from={start}&to={end}"))
        start_root = tree_root_from_tiles(tiles, start)
        if not verify_consistency(start, end, start_root, end_root, hashes(proof)):
            sys.exit(f"log_audit.py: {end} entries are not proved to extend {start}")
    print(f"aics-tlog: {size} entries audited, {PROOFS} inclusion and {PROOFS} consistency proofs hold")


if __name__ == "__main__":
    main()

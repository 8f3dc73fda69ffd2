"""Signs a file as a generator and posts the record. Needs Python 3.9 and `pip install dilithium-py`.

    sign.py keygen                                    writes generator.pub and generator.key
    sign.py FILE --url URL --key SECRET --generator ID [--model NAME]
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import secrets
import sys
import urllib.error
import urllib.request

from dilithium_py.ml_dsa import ML_DSA_65

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--url", default="http://127.0.0.1:8750")
parser.add_argument("--key", help="the secret of a certivu API key")
parser.add_argument("--generator", help="gen_…")
parser.add_argument("--model", default="example-model-1")
given = parser.parse_args()


def create(name, mode, content):
    """Writes a new file. One that exists is left alone: a lost key signs nothing any more."""
    with open(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_EXCL, mode), "wb") as file:
        file.write(content)


if given.file == "keygen":
    public_key, private_key = ML_DSA_65.keygen()
    try:
        create("generator.key", 0o600, private_key)
        try:
            create("generator.pub", 0o644, public_key)
        except OSError:
            os.unlink("generator.key")  # A key without its other half is of no use.
            raise
    except FileExistsError as error:
        sys.exit(f"{error.filename} exists already; nothing was changed")
    sys.exit()

# What is signed: the canonical JSON (RFC 8785) of these four members. For plain ASCII text,
# json.dumps with sorted keys and without spaces gives exactly that.
payload = {
    "content_hash": "sha3-256:" + hashlib.sha3_256(pathlib.Path(given.file).read_bytes()).hexdigest(),
    "generator_id": given.generator,
    "model": given.model,
    "watermark_id": "wm_" + secrets.token_hex(12),
}
signed = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
signature = ML_DSA_65.sign(pathlib.Path("generator.key").read_bytes(), signed)
body = {**payload, "signature": base64.b64encode(signature).decode(), "signed_payload": payload}
request = urllib.request.Request(
    f"{given.url}/v1/records",
    json.dumps(body).encode(),
    {"Authorization": f"Bearer {given.key}", "Content-Type": "application/json"},
)
try:
    with urllib.request.urlopen(request) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())  # JSON that says what is wrong
except urllib.error.URLError as error:
    sys.exit(f"{given.url}: {error.reason}")

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
import urllib.request

from dilithium_py.ml_dsa import ML_DSA_65

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--url", default="http://127.0.0.1:8750")
parser.add_argument("--key", help="the secret of a certivu API key")
parser.add_argument("--generator", help="gen_…")
parser.add_argument("--model", default="example-model-1")
given = parser.parse_args()

if given.file == "keygen":
    public_key, private_key = ML_DSA_65.keygen()
    pathlib.Path("generator.pub").write_bytes(public_key)
    with open(os.open("generator.key", os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
        file.write(private_key)
    raise SystemExit

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
print(urllib.request.urlopen(request).read().decode())

"""Drives the public SDK (PyPI certivu 1.1.0, unmodified) against a server.

    certivu_sdk.py --url URL --key SECRET --generator ID --seed TEXT

The generator's public key is the dilithium3.pub that `records.py keys` wrote for the same seed.
Exit status 0 if every call answers as the SDK's own types and exceptions want it, 1 if not.
"""

import argparse
import base64
import secrets
import sys

import certivu

from records import dilithium3_key


def must_raise(what: str, wanted: type[Exception], act) -> None:
    try:
        answer = act()
    except wanted:
        return
    except certivu.CertivuError as error:
        sys.exit(f"certivu_sdk.py: {what}: {type(error).__name__} {error}, not {wanted.__name__}")
    sys.exit(f"certivu_sdk.py: {what}: accepted: {answer}")


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("--url", "--key", "--generator", "--seed"):
        parser.add_argument(option, required=True)
    given = parser.parse_args()
    private_key = base64.b64encode(dilithium3_key(given.seed)[1]).decode()
    other_key = base64.b64encode(dilithium3_key(given.seed + " other")[1]).decode()

    with certivu.CertivuClient(given.key, given.url, given.generator, private_key) as client:
        # The SDK signs non-ASCII text escaped, which RFC 8785 does not.
        for model in ("stable-diffusion-xl", "modèle-日本-😀"):
            result = client.sign(secrets.token_bytes(100), model)
            if not result.token.startswith("ctv_") or not result.record_id:
                sys.exit(f"certivu_sdk.py: {result}")
        content = secrets.token_bytes(100)
        must_raise(
            "a signature by another key",
            certivu.ValidationError,
            lambda: client.sign(content, "m", private_key=other_key),
        )
        must_raise(
            "an unknown generator",
            certivu.NotFoundError,
            lambda: client.sign(content, "m", generator_id="gen_00000000000000000000000000"),
        )
    with certivu.CertivuClient("ctv_key_wrong", given.url, given.generator, private_key) as client:
        must_raise("a wrong API key", certivu.AuthError, lambda: client.sign(content, "m"))
    print("certivu 1.1.0: 2 records accepted, 3 errors raised as the SDK names them")


if __name__ == "__main__":
    main()

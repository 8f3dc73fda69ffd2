"""People of an identity provider that nobody here wrote (oidc-provider-mock, PyPI, unmodified)
sign in there, with authlib, and cross the bridge.

    oidc_bridge.py SERVER-URL OPERATOR-TOKEN

The server must be let reach this machine (--allow-private-network). Exit status 0 if everybody is
answered as they should be.
"""

import os
import sys
from urllib.parse import parse_qs, urlsplit

import requests

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # both servers are on this machine

from authlib.integrations.requests_client import OAuth2Session
from oidc_provider_mock import User, run_server_in_thread

AUDIENCE = "colophon-bridge"
CALLBACK = "http://127.0.0.1:9/callback"
PEOPLE = [
    User(sub="1", claims={"email": "grace@label.example", "email_verified": True, "name": "Grace"}),
    User(sub="2", claims={"email": "eve@label.example", "email_verified": False}),
]

server, operator = sys.argv[1:]


def id_token(discovered: dict, subject: str, client: str = AUDIENCE) -> str:
    """Signs somebody in at the provider, as the partner's portal does."""
    portal = OAuth2Session(client, "secret", scope="openid email profile", redirect_uri=CALLBACK)
    url, _ = portal.create_authorization_url(discovered["authorization_endpoint"])
    came_back = requests.post(url, data={"sub": subject}, allow_redirects=False, timeout=10)
    assert "code" in parse_qs(urlsplit(came_back.headers["Location"]).query), came_back.text
    token = portal.fetch_token(
        discovered["token_endpoint"], authorization_response=came_back.headers["Location"]
    )
    return token["id_token"]


def post(path: str, body: dict, wanted: int, **headers: str) -> dict:
    answer = requests.post(f"{server}{path}", json=body, headers=headers, timeout=10)
    assert answer.status_code == wanted, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()


def bridge(token: str, wanted: int) -> dict:
    return post("/v1/auth/oidc-bridge", {"id_token": token}, wanted)


with run_server_in_thread(user_claims=PEOPLE) as provider:
    base = f"http://localhost:{provider.server_port}"
    discovered = requests.get(f"{base}/.well-known/openid-configuration", timeout=10).json()
    grace = id_token(discovered, "1")
    bridge(grace, 401)  # nobody trusts this provider yet
    trusted = {
        "name": "Label",
        "issuer": discovered["issuer"],
        "jwks_uri": discovered["jwks_uri"],
        "audience": AUDIENCE,
    }
    post("/v1/admin/oidc/issuers", trusted, 201, Authorization=f"Bearer {operator}")

    opened = bridge(grace, 200)
    assert opened["artist"]["email"] == "grace@label.example", opened
    assert opened["artist"]["display_name"] == "Grace", opened
    authorization = {"Authorization": f"Bearer {opened['access_token']}"}
    me = requests.get(f"{server}/v1/me", headers=authorization, timeout=10)
    assert me.json()["artist_id"] == opened["artist"]["artist_id"], me.text
    again = bridge(id_token(discovered, "1"), 200)
    assert again["artist"] == opened["artist"], again

    assert bridge(id_token(discovered, "2"), 403)["code"] == "email_not_verified"
    bridge(id_token(discovered, "1", client="another-app"), 401)
    head, body, signature = grace.split(".")
    bridge(f"{head}.{body}.{signature[:-8]}AAAAAAAA", 401)
print("ok")

"""An app that acts for people, as authlib (PyPI, unmodified) has one written: it sends its
visitors to the server, exchanges the code that they come back with, and shows their profile.

    oauth_app.py SERVER-URL

Prints the address that it wants its answers at, reads one line of JSON with the client_id and the
client_secret that it was registered with, and serves until its input ends.
"""

import http.server
import json
import os
import sys
import threading
from urllib.parse import parse_qs, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the server is on this machine

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

server = sys.argv[1]
verifier = generate_token(64)


class App(http.server.BaseHTTPRequestHandler):
    """`/` asks, `/callback` is told."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            self.ask()
        elif path == "/callback":
            self.answer(json.dumps(self.told()))
        else:
            self.send_error(404)

    def ask(self) -> None:
        url, App.state = App.session.create_authorization_url(
            f"{server}/oauth/authorize", code_verifier=verifier
        )
        self.send_response(302)
        self.send_header("Location", url)
        self.end_headers()

    def told(self) -> dict:
        refused = parse_qs(urlsplit(self.path).query).get("error")
        if refused:
            return {"error": refused[0]}
        try:
            token = App.session.fetch_token(
                f"{server}/oauth/token",
                authorization_response=f"{App.address}{self.path}",
                code_verifier=verifier,
                state=App.state,
            )
        except AuthlibBaseError as error:
            return {"error": error.error}
        profile = App.session.get(f"{server}/api/v1/oauth/me")
        profile.raise_for_status()
        return {"scope": token["scope"], "profile": profile.json()}

    def answer(self, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_) -> None:
        pass


listener = http.server.HTTPServer(("127.0.0.1", 0), App)
App.address = f"http://127.0.0.1:{listener.server_port}"
print(f"{App.address}/callback", flush=True)
App.session = OAuth2Session(
    **json.loads(sys.stdin.readline()),
    scope="read:profile",
    redirect_uri=f"{App.address}/callback",
    code_challenge_method="S256",
)
threading.Thread(target=listener.serve_forever, daemon=True).start()
sys.stdin.read()

"""Signs people up and holds what an SMTP server gets against what they are owed."""

import datetime
import email
import email.policy
import json
import logging
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "correct horse battery staple"
# It says of every refused handshake and of every test without TLS that something is wrong.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
warnings.simplefilter("ignore")


class Mailbox:
    """What arrived, and how many deliveries to refuse for now before that."""

    def __init__(self, refusals=0):
        self.letters = []
        self.refusals = refusals

    async def handle_DATA(self, server, session, envelope):
        if self.refusals:
            self.refusals -= 1
            return "451 Try again later"
        self.letters.append((envelope, session.ssl is not None, session.authenticated))
        return "250 OK"

    def to(self, address, subject=""):
        parsed = [
            (email.message_from_bytes(envelope.content, policy=email.policy.default), *rest)
            for envelope, *rest in self.letters
            if envelope.rcpt_tos == [address]
        ]
        return [found for found in parsed if subject in found[0]["Subject"]]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def until(what, found, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.1)
    sys.exit(f"FAILED: {what}")


class Server:
    """The program, with its letters going to `smtp_url`."""

    def __init__(self, program, smtp_url, **environment):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=open(Path(self.folder.name) / "log", "w"),
            text=True,
            env={
                **os.environ,
                "COLOPHON_DATA": f"{self.folder.name}/data",
                "COLOPHON_MAIL__SMTP_URL": smtp_url,
                "COLOPHON_MAIL__FROM": "Colophon <no-reply@colophon.example>",
                **environment,
            },
        )
        self.url = self.process.stdout.readline().split(" at ")[1].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def post(self, path, **body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def sign_up(self, address, name):
        self.post(
            "/v1/auth/signup", email=address, password=PASSWORD, display_name=name,
            accept_terms=True, confirm_age_18=True,
        )

    def log(self):
        return (Path(self.folder.name) / "log").read_text()


def arrives_once_and_whole(program):
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    with Server(program, f"smtp://127.0.0.1:{controller.port}") as server:
        server.sign_up("ada@example.org", "Ada Lovelaçe 🎵")
        letter, _, _ = until("no letter", lambda: mailbox.to("ada@example.org"))[0]
        assert letter["From"] == "Colophon <no-reply@colophon.example>", letter["From"]
        assert letter["To"] == "ada@example.org"
        assert letter["Subject"] == "Confirm your e-mail address"
        assert letter["Message-ID"].endswith("@colophon.example>") and letter["Date"]
        for name in ("From", "To", "Subject", "Message-ID", "Date", "Content-Type"):
            assert len(letter.get_all(name)) == 1, name
        text = letter.get_content()
        assert "Ada Lovelaçe 🎵" in text, text
        assert len(re.findall(rf"{server.url}/verify-email\?token=[0-9a-f]{{64}}\s", text)) == 1, text
        server.post("/v1/auth/password-reset/request", email="ada@example.org")
        letter, _, _ = until("no second", lambda: mailbox.to("ada@example.org", "new password"))[0]
        token = re.search(r"reset-password\?token=([0-9a-f]{64})", letter.get_content())[1]
        server.post("/v1/auth/password-reset/confirm", token=token, new_password=PASSWORD + "!")
        until("not told", lambda: mailbox.to("ada@example.org", "was changed"))
        server.post("/v1/auth/password-reset/request", email="nobody@example.org")
        time.sleep(2)
        assert len(mailbox.letters) == 3, [e.rcpt_tos for e, *_ in mailbox.letters]
        assert not (Path(server.folder.name) / "data/outbox").exists()
    controller.stop()


def waits_for_a_server_that_is_down(program):
    port, mailbox = free_port(), Mailbox(refusals=1)
    with Server(program, f"smtp://127.0.0.1:{port}") as server:
        server.sign_up("ada@example.org", "Ada")
        until("no attempt", lambda: "mail.send" in server.log(), 20)
        assert not mailbox.letters
        controller = Controller(mailbox, hostname="127.0.0.1", port=port)
        controller.start()
        until("not tried again", lambda: mailbox.letters, 120)
        assert mailbox.refusals == 0
        time.sleep(3)
        assert len(mailbox.letters) == 1
    controller.stop()


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    path = Path(folder) / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def trusts_no_stranger(program):
    """With `tls=required`: neither letter nor password before the certificate is vouched for."""
    with tempfile.TemporaryDirectory() as folder:
        context, path = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate(folder)
        context.load_cert_chain(path)
        mailbox, asked = Mailbox(), []

        def authenticate(server, session, envelope, mechanism, data):
            asked.append((data.login, data.password))
            return AuthResult(success=True)

        controller = Controller(
            mailbox, hostname="127.0.0.1", port=free_port(), tls_context=context,
            require_starttls=True, authenticator=authenticate, auth_required=True,
        )
        controller.start()
        url = f"smtp://ada:a%20secret@localhost:{controller.port}?tls=required"
        with Server(program, url) as server:
            server.sign_up("ada@example.org", "Ada")
            until("no attempt", lambda: "mail.send" in server.log(), 20)
            assert not mailbox.letters and not asked
            assert "a secret" not in server.log()
        controller.stop()


def shows_its_password(program):
    mailbox, asked = Mailbox(), []

    def authenticate(server, session, envelope, mechanism, data):
        asked.append((data.login, data.password))
        return AuthResult(success=True)

    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(),
        authenticator=authenticate, auth_required=True, auth_require_tls=False,
    )
    controller.start()
    with Server(program, f"smtp://ada:a%20secret@127.0.0.1:{controller.port}") as server:
        server.sign_up("ada@example.org", "Ada")
        until("no letter", lambda: mailbox.letters)
        assert asked[0] == (b"ada", b"a secret"), asked
        assert "a secret" not in server.log()
    controller.stop()


for check in (
    arrives_once_and_whole,
    waits_for_a_server_that_is_down,
    trusts_no_stranger,
    shows_its_password,
):
    check(sys.argv[1])
    print(f"ok: {check.__name__.replace('_', ' ')}")

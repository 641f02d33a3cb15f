"""Foreign providers of OpenID Connect: npm's `oidc-provider` in a process of its own, and one that lies on demand."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

HERE = Path(__file__).resolve().parent
PACKAGE = "oidc-provider@9.13.3"
_CACHE = Path(tempfile.gettempdir()) / f"jasang-tests-oidc-provider-{os.getuid()}"
CLIENT, SECRET = "jasang", "a-secret-between-the-two"
PEOPLE: dict[str, dict[str, Any]] = {
    "kim": {"email": "kim@factory.example", "email_verified": True, "preferred_username": "kim.foreign"},
    "unproven": {"email": "owner@factory.example", "email_verified": False},
}


def _installed() -> Path:
    """The folder that holds the package; installed once for all tests, else the test is skipped by name (fails in CI)."""
    if (_CACHE / "ready").exists():
        return _CACHE
    reason = "node and npm are not here"
    if shutil.which("node") and shutil.which("npm"):
        folder = Path(tempfile.mkdtemp(prefix="jasang-npm-"))
        (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
            cwd=folder, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            (folder / "ready").touch()
            try:
                folder.rename(_CACHE)
            except OSError:  # another test process was quicker
                return folder
            return _CACHE
        reason = f"npm cannot install {PACKAGE}: {done.stderr[-300:]}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def real_provider(redirect: Sequence[str], after_sign_out: Sequence[str]) -> Iterator[str]:
    """The issuer's address while the process runs."""
    folder = _installed()
    shutil.copy(HERE / "foreign_provider.js", folder / "provider.mjs")
    settings = {"redirect": list(redirect), "afterSignOut": list(after_sign_out), "people": PEOPLE}
    process = subprocess.Popen(
        ["node", "provider.mjs", json.dumps(settings)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("ready "):
                yield line.split()[1]
                break
        else:
            raise AssertionError(f"{PACKAGE} did not start")
    finally:
        process.kill()
        process.wait()


class Browser:
    """A browser without a screen: keeps the provider's cookies, follows its redirects, fills in its forms."""

    def __init__(self) -> None:
        self.session = requests.Session()

    def through(self, address: str, person: str, *, home: str) -> str:
        """From the address of the provider to the address under `home` to which it sends the browser back."""
        answer = self.session.get(address, allow_redirects=False, timeout=60)
        for _ in range(20):
            if answer.is_redirect:
                address = urljoin(answer.url, answer.headers["Location"])
                if address.startswith(home):
                    return address
                answer = self.session.get(address, allow_redirects=False, timeout=60)
                continue
            answer = self._submit(answer, person)
        raise AssertionError(f"the provider never came back: {answer.status_code} {answer.text[:500]}")

    def _submit(self, page: requests.Response, person: str) -> requests.Response:
        form = re.search(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', page.text, re.DOTALL)
        assert form is not None, page.text[:800]
        fields = dict(re.findall(r'<input[^>]*name="([^"]+)"(?:[^>]*value="([^"]*)")?', form[2]))
        fields |= {"login": person, "password": "any"} if "login" in fields else {}
        return self.session.post(urljoin(page.url, form[1]), fields, allow_redirects=False, timeout=60)


class Liar:
    """A provider whose tokens and description can be made wrong: `claims`, `header` and `about` replace what is right."""

    def __init__(self) -> None:
        self.key, self.other_key = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
        self.claims: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.wrong: str = ""  # "none", "hmac" or "key": how the token is signed instead
        self.asked: dict[str, str] = {}  # the last question of the portal
        self.exchanged: list[dict[str, str]] = []
        self.keys_asked = 0
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                if self.path == "/jwks":
                    liar.keys_asked += 1
                    self.say({"keys": [liar.key.as_dict(private=False, use="sig")]})
                else:
                    self.say(liar.description())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                liar.exchanged.append({name: values[0] for name, values in parse_qs(body).items()})
                self.say({"access_token": "a", "token_type": "Bearer", "id_token": liar.token()})

            def say(self, document: Mapping[str, Any]) -> None:
                text = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        } | self.about

    def answer_to(self, address: str, **more: str) -> str:
        """The query with which the browser comes back from the address to which the portal sent it."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return "&".join(
            f"{name}={value}" for name, value in ({"code": "c", "state": self.asked["state"]} | more).items()
        )

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "kim", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.asked["nonce"],
            "email": "kim@factory.example", "email_verified": True,
        } | self.claims  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.wrong == "none":
            return _unsigned(claims)
        if self.wrong == "hmac":
            from joserfc.jwk import OctKey

            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])
        key = self.other_key if self.wrong == "key" else self.key
        return jwt.encode({"alg": "RS256"}, claims, key)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _unsigned(claims: dict[str, Any]) -> str:
    import base64

    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + "."

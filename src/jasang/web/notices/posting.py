"""One signed call over HTTP(S) to an address that somebody typed in: never into our own network, no redirects, a bounded answer.

The signature is that of Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", in base64, as `webhook-signature: v1,…`.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from jasang.errors import JasangError

PATIENCE_SECONDS = 10


class NotCalled(Exception):
    """The call did not reach anybody; the text says why."""


def signature(secret: str, *, key: str, at: int, body: bytes) -> str:
    """What proves that the call is ours and how old it is."""
    digest = hmac.new(secret.encode(), f"{key}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def checked_address(url: str) -> SplitResult:
    """The parts of an address that may be called. Raises `JasangError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    fits = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and port != 0
    if not fits or not url.isascii() or not url.isprintable() or " " in url:
        raise JasangError(
            ko="https://로 시작하는 주소를 넣으세요.",
            en="Give an address that begins with https://, without a name or password.",
        )
    return parts


def post(url: str, *, secret: str, key: str, at: int, body: bytes) -> int:
    """The status of the answer. Raises `NotCalled`."""
    parts = checked_address(url)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Jasang",
        "webhook-id": key,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secret, key=key, at=at, body=body),
    }
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
    try:
        # The address is looked up once: what was judged is what is called.
        connection.sock = _connected(host, port, secure=parts.scheme == "https")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(1000)
        return answer.status
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise NotCalled(f"{type(error).__name__}: {error}"[:300]) from error
    finally:
        connection.close()


def _connected(host: str, port: int, *, secure: bool) -> socket.socket:
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [place for place in places if settings.WEBHOOK_PRIVATE or ipaddress.ip_address(place[4][0]).is_global]
    if not allowed:
        raise NotCalled("the address lies in a private network (JASANG_WEBHOOK_PRIVATE=on allows it)")
    plain = socket.create_connection(allowed[0][4][:2], timeout=PATIENCE_SECONDS)
    if not secure:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise

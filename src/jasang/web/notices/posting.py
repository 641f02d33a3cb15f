"""One signed call over HTTP(S) to an address that somebody typed in: never into our own network, no redirects, a bounded answer.

The signature is that of Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", in base64, as `webhook-signature: v1,…`.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from jasang.errors import JasangError

PATIENCE_SECONDS = 10
_SECRET_MARK = "whsec_"
# What `is_global` of the Python versions we run on lets through or judges differently (IANA's special-purpose registries):
# protocol assignments and 6to4 relays; all of IPv6 but global unicast, of that Teredo and its like, 6to4, documentation.
_ODD_4 = [ipaddress.IPv4Network(one) for one in ("192.0.0.0/24", "192.88.99.0/24")]
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
_ODD_6 = [ipaddress.IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class NotCalled(Exception):
    """The call did not reach anybody; the text says why."""


def signature(secret: str, *, key: str, at: int, body: bytes) -> str:
    """What proves that the call is ours and how old it is."""
    digest = hmac.new(_signing_key(secret), f"{key}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def new_secret() -> str:
    """A secret as Standard Webhooks writes one: `whsec_` and base64 of the bytes that sign."""
    return _SECRET_MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def _signing_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_MARK), validate=True)
    except ValueError:  # of an older release: 43 letters of base64url, which signed as they stand
        return secret.encode()


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


def is_public(address: str) -> bool:
    """Whether an IP address lies in the open internet; one that carries another inside (IPv4-mapped, NAT64) is judged by that."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped
        if inside is None and found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is None:
            return found in _UNICAST_6 and found.is_global and not any(found in one for one in _ODD_6)
        found = inside
    return found.is_global and not found.is_multicast and not any(found in one for one in _ODD_4)


def _connected(host: str, port: int, *, secure: bool) -> socket.socket:
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [place for place in places if settings.WEBHOOK_PRIVATE or is_public(str(place[4][0]))]
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

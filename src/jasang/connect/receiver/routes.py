"""Whose store a request means, and what the times in its body count."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jasang.connect.line_protocol.precision import PRECISIONS, PRECISIONS_OF_V2
from jasang.connect.receiver.destination import Destination, Factory
from jasang.connect.receiver.forwarded import Forwarded

WRITE_V1, WRITE_V2 = "/write", "/api/v2/write"


class Refused(Exception):
    """A request that will not be served, in the words of InfluxDB `version`."""

    def __init__(self, version: int, status: int, message: str) -> None:
        super().__init__(message)
        self.version, self.status, self.message = version, status, message


@dataclass(frozen=True, slots=True)
class Tenant:
    """A factory of the receiver."""

    token: bytes  # HMAC of the token with a key of this process
    destination: Destination
    forwarded: Forwarded


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRoute:
    """Where a body of line protocol goes: `version` of InfluxDB to answer like, `unit` of its times in ns."""

    tenant: Tenant
    version: int
    unit: int


class Tenants:
    """The factories of a receiver by their tokens."""

    def __init__(self, factories: Iterable[Factory]) -> None:
        self._key = secrets.token_bytes(32)
        self.all: list[Tenant] = []
        for factory in factories:
            destination = Destination(factory)
            self.all.append(Tenant(self._digest(factory.token), destination, Forwarded(destination)))

    def of(self, headers: Mapping[str, str], query: Mapping[str, str], version: int) -> Tenant:
        """Whose token the request shows, else `Refused`; every token is compared, so that the time taken tells nothing."""
        offered = [self._digest(token) for token in _tokens(headers, query, version)]
        found: Tenant | None = None
        for tenant in self.all:
            for digest in offered:
                if hmac.compare_digest(tenant.token, digest):
                    found = tenant
        if found is None:
            raise Refused(version, 401, "unauthorized access" if version == 2 else "authorization failed")
        return found

    def write_route(self, path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> WriteRoute:
        """Where a write to `path` goes; raises `Refused`."""
        if path == WRITE_V2:
            tenant = self.of(headers, query, 2)
            precision = query.get("precision", "")
            if precision not in PRECISIONS_OF_V2:
                raise Refused(2, 400, "invalid precision; valid precision units are ns, us, ms, and s")
            bucket = query.get("bucket", "")
            if tenant.destination.factory.buckets and bucket not in tenant.destination.factory.buckets:
                raise Refused(2, 404, f'bucket "{bucket}" not found')
            return WriteRoute(tenant=tenant, version=2, unit=PRECISIONS[precision])
        tenant = self.of(headers, query, 1)
        database = query.get("db", "")
        if not database:
            raise Refused(1, 400, "database is required")
        if tenant.destination.factory.buckets and database not in tenant.destination.factory.buckets:
            raise Refused(1, 404, f'database not found: "{database}"')
        precision = query.get("precision", "")
        if precision not in PRECISIONS:
            raise Refused(1, 400, f'invalid precision "{precision}" (use n, u, ms, s, m or h)')
        return WriteRoute(tenant=tenant, version=1, unit=PRECISIONS[precision])

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode(errors="surrogateescape"), hashlib.sha256)


def _tokens(headers: Mapping[str, str], query: Mapping[str, str], version: int) -> list[str]:
    """The tokens that a request may mean: `Token x` or `Bearer x`; of 1.x also a password, in the header or in the address."""
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    rest = rest.strip()
    if scheme.lower() in ("token", "bearer"):
        return (
            [rest, rest.partition(":")[2]] if ":" in rest else [rest]
        )  # clients for 1.8 send user:password as a token
    if scheme.lower() == "basic":
        try:
            return [base64.b64decode(rest, validate=True).decode().partition(":")[2]]
        except (binascii.Error, UnicodeDecodeError):
            return []
    return [query["p"]] if version == 1 and "p" in query else []

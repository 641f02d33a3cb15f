"""The HTTP server: `/api/v2/write`, `/write`, `/ping`, `/health`, and `/jasang/1/…` for other collectors.

A write is answered with 204 only when its readings are durable and a query sees them. Tokens are compared in constant time and
never written to a log.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from types import ModuleType

from aiohttp import web
from aiohttp.typedefs import Handler

from jasang.connect.forward.frames import FORMAT, BadFrame
from jasang.connect.line_protocol.precision import PRECISIONS, PRECISIONS_OF_V2
from jasang.connect.line_protocol.scanner import load_scan
from jasang.connect.receiver.answers import kept_in_part, refused
from jasang.connect.receiver.bodies import NotGzip, TooLarge, read_body
from jasang.connect.receiver.destination import Destination, Factory, ReceiverLimits
from jasang.connect.receiver.forwarded import SENDER, Forwarded
from jasang.errors import ConfigurationError, StoreError

COMPILING = 15.0  # s that the start waits for the compiled reader; after that it comes when it is ready

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Tenant:
    token: bytes  # HMAC of the token with a key of this process
    destination: Destination
    forwarded: Forwarded


class Receiver:
    """Takes readings for one or more factories until it is closed.

    `await start()` binds; `port` is then the real one (0 asks for a free one). Raises `ConfigurationError` when it cannot bind.
    """

    def __init__(
        self,
        factories: Sequence[Factory],
        *,
        host: str = "127.0.0.1",
        port: int = 8086,
        limits: ReceiverLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or ReceiverLimits()
        self._key = secrets.token_bytes(32)
        self._tenants = []
        for factory in factories:
            destination = Destination(factory)
            self._tenants.append(_Tenant(self._digest(factory.token), destination, Forwarded(destination)))
        self.host, self.port, self._tls = host, port, tls
        self._version = version("jasang")
        self._runner: web.AppRunner | None = None
        self._loading: asyncio.Task[ModuleType | None] | None = None

    @property
    def points(self) -> dict[str, int]:
        """Points kept since the start, by the factory's name; of other collectors their readings."""
        return {tenant.destination.factory.name: tenant.destination.points for tenant in self._tenants}

    @property
    def last_write(self) -> dict[str, datetime]:
        """When something was kept last, by the factory's name; absent where nothing was yet."""
        destinations = (tenant.destination for tenant in self._tenants)
        return {one.factory.name: one.last_write for one in destinations if one.last_write is not None}

    async def start(self) -> None:
        """Listen, with the compiled reader where that is ready in time; it is compiled once on a computer."""
        self._loading = asyncio.create_task(asyncio.to_thread(load_scan))
        self._loading.add_done_callback(self._take)
        await asyncio.wait([self._loading], timeout=COMPILING)
        app = web.Application(client_max_size=self._limits.body, middlewares=[self._refusals])
        app.router.add_post("/api/v2/write", self._write_v2)
        app.router.add_post("/write", self._write_v1)
        app.router.add_route("*", "/query", self._query)
        app.router.add_get("/ping", self._ping)  # answers HEAD as well
        app.router.add_get("/health", self._health)
        app.router.add_get("/jasang/1/sender", self._sender)
        app.router.add_post("/jasang/1/readings", self._readings)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=5.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._tls, backlog=2048)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigurationError(
                ko=f"수신 주소 {self.host}:{self.port} 을(를) 열 수 없습니다: {error.strerror or error}",
                en=f"the receiver cannot listen on {self.host}:{self.port}: {error.strerror or error}",
            ) from error
        self.port = self._runner.addresses[0][1]

    def _take(self, loading: "asyncio.Task[ModuleType | None]") -> None:
        scan = None if loading.cancelled() else loading.result()
        if scan is not None:
            for tenant in self._tenants:
                tenant.destination.take(scan)

    async def close(self) -> None:
        """Stop listening and finish what was taken."""
        if self._runner is not None:
            await self._runner.cleanup()
        for tenant in self._tenants:
            await tenant.destination.close()

    async def _write_v2(self, request: web.Request) -> web.StreamResponse:
        tenant = self._tenant(request, 2)
        precision = request.query.get("precision", "")
        if precision not in PRECISIONS_OF_V2:
            return refused(2, 400, "invalid precision; valid precision units are ns, us, ms, and s")
        bucket = request.query.get("bucket", "")
        if tenant.destination.factory.buckets and bucket not in tenant.destination.factory.buckets:
            return refused(2, 404, f'bucket "{bucket}" not found')
        return await self._write(request, 2, tenant, PRECISIONS[precision])

    async def _write_v1(self, request: web.Request) -> web.StreamResponse:
        tenant = self._tenant(request, 1)
        database = request.query.get("db", "")
        if not database:
            return refused(1, 400, "database is required")
        if tenant.destination.factory.buckets and database not in tenant.destination.factory.buckets:
            return refused(1, 404, f'database not found: "{database}"')
        precision = request.query.get("precision", "")
        if precision not in PRECISIONS:
            return refused(1, 400, f'invalid precision "{precision}" (use n, u, ms, s, m or h)')
        return await self._write(request, 1, tenant, PRECISIONS[precision])

    async def _write(self, request: web.Request, answers: int, tenant: _Tenant, unit: int) -> web.StreamResponse:
        if tenant.destination.waiting > self._limits.waiting:
            return refused(answers, 503, "too many points are waiting to be kept; try again")
        body = await read_body(request, self._limits.body)
        if not body and answers == 2:
            return refused(2, 400, "writing requires points")
        written = await tenant.destination.write_lines(body, unit)
        if written.bad:
            return kept_in_part(answers, written.bad, some_kept=written.some_kept)
        return web.Response(status=204, headers={"X-Influxdb-Version": self._version})

    async def _ping(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=204, headers={"X-Influxdb-Version": self._version, "X-Influxdb-Build": "jasang"})

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"name": "jasang", "message": "ready for writes", "status": "pass", "checks": [], "version": self._version}
        )

    async def _query(self, request: web.Request) -> web.StreamResponse:
        """1.x clients make their database before they write. Nothing can be asked here; Jasang's pages and commands answer."""
        self._tenant(request, 1)
        asked = request.query.get("q") or str((await request.post()).get("q", ""))
        if asked.strip().upper().startswith("CREATE DATABASE"):
            return web.json_response({"results": [{"statement_id": 0}]})
        return refused(1, 400, "this receiver takes writes only; ask Jasang for readings")

    async def _sender(self, request: web.Request) -> web.StreamResponse:
        """What is kept of a sender, and this clock."""
        tenant = self._tenant(request, 2)
        name = request.query.get("sender", "")
        if not SENDER.fullmatch(name):
            return refused(2, 400, f"{name!r} is no name of a sender; expected letters, digits, '-', '_' and '.'")
        return self._answer((await tenant.forwarded.kept(name)).spans)

    async def _readings(self, request: web.Request) -> web.StreamResponse:
        tenant = self._tenant(request, 2)
        name = request.headers.get("X-Jasang-Sender", "")
        if not SENDER.fullmatch(name):
            return refused(2, 400, f"{name!r} is no name of a sender; expected letters, digits, '-', '_' and '.'")
        body = await read_body(request, self._limits.body)
        try:
            kept = await tenant.forwarded.receive(name, body)
        except BadFrame as error:
            return refused(2, 400, str(error))
        return self._answer(kept.spans)

    def _answer(self, spans: Sequence[tuple[int, int]]) -> web.Response:
        now = datetime.now(UTC).isoformat()
        return web.json_response({"format": FORMAT, "kept": spans, "time": now, "body": self._limits.body})

    @web.middleware
    async def _refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answers = 1 if request.path in ("/write", "/query") else 2
        try:
            response = await handler(request)
        except _Unauthorized:
            response = refused(answers, 401, "unauthorized access" if answers == 2 else "authorization failed")
        except TooLarge:
            limit = self._limits.body
            response = refused(answers, 413, f"Request Entity Too Large: at most {limit} bytes, unpacked as well")
        except NotGzip as error:
            response = refused(answers, 400, str(error))
        except StoreError as error:
            _log.error("%s", error.en)
            response = refused(answers, 503, error.en)
        except web.HTTPException as error:
            response = refused(answers, error.status, error.reason) if error.status in (400, 404, 413) else error
        return response

    def _tenant(self, request: web.Request, answers: int) -> _Tenant:
        """Whose token the request shows; every token is compared, so that the time taken tells nothing."""
        offered = [self._digest(token) for token in _tokens(request, answers)]
        found: _Tenant | None = None
        for tenant in self._tenants:
            for digest in offered:
                if hmac.compare_digest(tenant.token, digest):
                    found = tenant
        if found is None:
            raise _Unauthorized
        return found

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode(errors="surrogateescape"), hashlib.sha256)


class _Unauthorized(Exception):
    """No token, or one that nobody has."""


def _tokens(request: web.Request, answers: int) -> list[str]:
    """The tokens that a request may mean: `Token x` or `Bearer x`; of 1.x also a password, in the header or in the address."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
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
    return [request.query["p"]] if answers == 1 and "p" in request.query else []


async def serve(receiver: Receiver, stop: asyncio.Event) -> None:
    """Receive until `stop` is set."""
    await receiver.start()
    try:
        await stop.wait()
    finally:
        await receiver.close()

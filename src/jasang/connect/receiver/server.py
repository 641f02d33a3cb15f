"""The HTTP server: `/api/v2/write`, `/write`, `/ping`, `/health`, and `/jasang/1/…` for other collectors.

A write is answered with 204 only when its readings are durable and a query sees them. Tokens are compared in constant time and
never written to a log.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from types import ModuleType

from aiohttp import web
from aiohttp.typedefs import Handler

from jasang.connect.forward.frames import FORMAT, BadFrame
from jasang.connect.line_protocol.scanner import load_scan
from jasang.connect.receiver.answers import kept_in_part, refused, told
from jasang.connect.receiver.bodies import NotGzip, TooLarge, read_body, unpacked
from jasang.connect.receiver.destination import Factory, ReceiverLimits, Written
from jasang.connect.receiver.forwarded import SENDER
from jasang.connect.receiver.lean import LeanDoor, LeanRoute
from jasang.connect.receiver.routes import WRITE_V1, WRITE_V2, Refused, Tenants
from jasang.errors import ConfigurationError, StoreError

COMPILING = 15.0  # s that the start waits for the compiled reader; after that it comes when it is ready
SWEEP = 600.0  # s between looks for connections that nobody uses
REPEAT_AFTER = 60.0  # s until the same trouble of a store is logged again
SHUTDOWN = 5.0  # s for what is under way
BUSY = "too many points are waiting to be kept; try again"

_log = logging.getLogger(__name__)


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
        self._tenants = Tenants(factories)
        self.host, self.port, self._tls = host, port, tls
        self._version = version("jasang")
        self._runner: web.AppRunner | None = None
        self._door: LeanDoor | None = None
        self._server: asyncio.Server | None = None
        self._loading: asyncio.Task[ModuleType | None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._told = ("", 0.0)  # the trouble of the store that was logged last, and when

    @property
    def points(self) -> dict[str, int]:
        """Points kept since the start, by the factory's name; of other collectors their readings."""
        return {tenant.destination.factory.name: tenant.destination.points for tenant in self._tenants.all}

    @property
    def last_write(self) -> dict[str, datetime]:
        """When something was kept last, by the factory's name; absent where nothing was yet."""
        destinations = (tenant.destination for tenant in self._tenants.all)
        return {one.factory.name: one.last_write for one in destinations if one.last_write is not None}

    async def start(self) -> None:
        """Listen, with the compiled reader where that is ready in time; it is compiled once on a computer."""
        self._loading = asyncio.create_task(asyncio.to_thread(load_scan))
        self._loading.add_done_callback(self._take)
        await asyncio.wait([self._loading], timeout=COMPILING)
        app = web.Application(client_max_size=self._limits.body, middlewares=[self._refusals])
        app.router.add_post(WRITE_V2, self._write)
        app.router.add_post(WRITE_V1, self._write)
        app.router.add_route("*", "/query", self._query)
        app.router.add_get("/ping", self._ping)  # answers HEAD as well
        app.router.add_get("/health", self._health)
        app.router.add_get("/jasang/1/sender", self._sender)
        app.router.add_post("/jasang/1/readings", self._readings)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=SHUTDOWN)
        await self._runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._door_of(self._runner), self.host, self.port, ssl=self._tls, backlog=2048
            )
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigurationError(
                ko=f"수신 주소 {self.host}:{self.port} 을(를) 열 수 없습니다: {error.strerror or error}",
                en=f"the receiver cannot listen on {self.host}:{self.port}: {error.strerror or error}",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        while self._door is not None:
            await asyncio.sleep(SWEEP)
            self._door.close_idle()

    def _door_of(self, runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
        """Who takes a new connection: the short way, but for TLS."""
        others = runner.server
        if others is None:
            raise RuntimeError("the application is not set up")
        if self._tls is not None:
            return others
        self._door = LeanDoor(
            self._tenants,
            most=self._limits.body,
            keep=self._begin,
            refuse=self._refusal_of,
            well=f"X-Influxdb-Version: {self._version}\r\n".encode(),
            others=others,
        )
        return self._door

    def _take(self, loading: "asyncio.Task[ModuleType | None]") -> None:
        scan = None if loading.cancelled() else loading.result()
        if scan is not None:
            for tenant in self._tenants.all:
                tenant.destination.take(scan)

    async def close(self) -> None:
        """Stop listening and finish what was taken."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._server is not None:
            self._server.close()
        if self._door is not None:
            await self._door.close(SHUTDOWN)
        if self._runner is not None:
            await self._runner.cleanup()
        for tenant in self._tenants.all:
            await tenant.destination.close()

    async def _write(self, request: web.Request) -> web.StreamResponse:
        route = self._tenants.write_route(request.path, request.headers, request.query)
        if route.tenant.destination.waiting > self._limits.waiting:
            raise Refused(route.version, 503, BUSY)
        body = await read_body(request, self._limits.body)
        if not body and route.version == 2:
            raise Refused(2, 400, "writing requires points")
        written = await route.tenant.destination.write_lines(body, route.unit)
        if written.bad:
            return kept_in_part(route.version, written.bad, some_kept=written.some_kept)
        return web.Response(status=204, headers={"X-Influxdb-Version": self._version})

    def _begin(self, route: LeanRoute, body: bytearray) -> "asyncio.Future[Written]":
        """Begin to keep a body that came the short way."""
        destination = route.write.tenant.destination
        if route.packed or destination.waiting > self._limits.waiting:
            return asyncio.ensure_future(self._unpack_and_write(route, body))
        return destination.begin_lines(body, route.write.unit)

    async def _unpack_and_write(self, route: LeanRoute, body: bytearray) -> Written:
        destination = route.write.tenant.destination
        if destination.waiting > self._limits.waiting:
            raise Refused(route.write.version, 503, BUSY)
        return await destination.begin_lines(await unpacked(body, self._limits.body), route.write.unit)

    def _refusal_of(self, route: LeanRoute, keeping: "asyncio.Future[Written]") -> web.Response | None:
        """What to answer to a write of the short way when not all is well."""
        version = route.write.version
        try:
            written = keeping.result()
        except Exception as error:  # noqa: BLE001 - whatever it is, the client has to be told
            response = self._refusal(version, error)
            if response is None:
                _log.error("a write failed", exc_info=error)
                response = refused(version, 500, "internal error")
            return response
        return kept_in_part(version, written.bad, some_kept=written.some_kept) if written.bad else None

    async def _ping(self, request: web.Request) -> web.StreamResponse:
        headers = {"X-Influxdb-Version": self._version, "X-Influxdb-Build": "jasang"}
        if request.query.get("verbose", "") not in ("", "0", "false"):
            return told({"version": self._version}, headers=headers)
        return web.Response(status=204, headers=headers)

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return told(
            {"name": "jasang", "message": "ready for writes", "status": "pass", "checks": [], "version": self._version}
        )

    async def _query(self, request: web.Request) -> web.StreamResponse:
        """1.x clients make their database before they write. Nothing can be asked here; Jasang's pages and commands answer."""
        tenant = self._tenants.of(request.headers, request.query, 1)
        asked = request.query.get("q") or str((await request.post()).get("q", ""))
        words = asked.upper().strip(" \t\r\n;").split()
        if words[:2] == ["CREATE", "DATABASE"]:
            return told({"results": [{"statement_id": 0}]})
        if words == ["SHOW", "DATABASES"]:
            names = [[name] for name in tenant.destination.factory.buckets or ()]
            series = {"name": "databases", "columns": ["name"], **({"values": names} if names else {})}
            return told({"results": [{"statement_id": 0, "series": [series]}]})
        return refused(1, 400, "this receiver takes writes only; ask Jasang for readings")

    async def _sender(self, request: web.Request) -> web.StreamResponse:
        """What is kept of a sender, and this clock."""
        tenant = self._tenants.of(request.headers, request.query, 2)
        name = request.query.get("sender", "")
        if not SENDER.fullmatch(name):
            return refused(2, 400, f"{name!r} is no name of a sender; expected letters, digits, '-', '_' and '.'")
        return self._answer((await tenant.forwarded.kept(name)).spans)

    async def _readings(self, request: web.Request) -> web.StreamResponse:
        tenant = self._tenants.of(request.headers, request.query, 2)
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
        return told({"format": FORMAT, "kept": spans, "time": now, "body": self._limits.body})

    @web.middleware
    async def _refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            response = self._refusal(1 if request.path in (WRITE_V1, "/query") else 2, error)
            if response is None:
                raise
            return response

    def _refusal(self, version: int, error: Exception) -> web.Response | None:
        """How InfluxDB `version` would tell an error; `None` for one that it would not."""
        match error:
            case Refused():
                return refused(error.version, error.status, error.message)
            case TooLarge():
                limit = self._limits.body
                return refused(version, 413, f"Request Entity Too Large: at most {limit} bytes, unpacked as well")
            case NotGzip():
                return refused(version, 400, str(error))
            case StoreError():
                self._log_now_and_then(error.en)
                return refused(version, 503, error.en)
            case web.HTTPException() if error.status in (400, 404, 413):
                return refused(version, error.status, error.reason)
        return None

    def _log_now_and_then(self, trouble: str) -> None:
        """A full disk refuses every write: its log must not fill it further."""
        now = asyncio.get_running_loop().time()
        told, at = self._told
        if trouble != told or now - at >= REPEAT_AFTER:
            self._told = trouble, now
            _log.error("%s", trouble)


async def serve(receiver: Receiver, stop: asyncio.Event) -> None:
    """Receive until `stop` is set."""
    await receiver.start()
    try:
        await stop.wait()
    finally:
        await receiver.close()

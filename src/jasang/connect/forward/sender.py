"""The sender: brings what waits in the spool to the receiver, what is new at once and what is old beside it.

Two lanes, each a request at a time. `live` sends what was written since the connection stands; `catch up` sends what had waited
before that, in order, and rests after each request so that it takes at most its share of the time. A record leaves the spool when
the receiver has answered that it is durable; when the answer is lost it is sent again and the receiver knows it by its number.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import aiohttp

from jasang.connect.ending import end
from jasang.connect.forward.frames import FORMAT
from jasang.connect.forward.intervals import Intervals
from jasang.connect.forward.spool import Spool
from jasang.connect.forward.target import Clock, Target
from jasang.errors import ConnectionFailed

FIRST_RETRY, LAST_RETRY, REFUSED_RETRY = 1.0, 30.0, 60.0  # s
BLOCK = 1_000_000  # bytes of a request
MANY = 2_000_000  # bytes that wait at the beginning of a connection: more gets a lane of its own
BEHIND = 8_000_000  # bytes that the live lane may lag before what waits becomes a backlog too
CLOCK_EVERY = 300.0  # s between two looks at the receiver's clock
PATIENCE = 60.0  # s for one request
DOUBTFUL = 2.0  # s of difference between the clocks that are told

_log = logging.getLogger(__name__)


class Sender:
    """Sends one spool until it is cancelled. `connected` is `None` before the first attempt; `error` is the last one."""

    def __init__(
        self, spool: Spool, target: Target, *, clock_read: Callable[[Clock], None] = lambda _clock: None
    ) -> None:
        self._spool, self._target, self._clock_read = spool, target, clock_read
        self._kept = Intervals()
        self._new = asyncio.Event()
        self.connected: bool | None = None
        self.error: ConnectionFailed | None = None
        self.since = self.failed_at = datetime.now(UTC)
        self.clock: Clock | None = None
        self.sent = 0
        self.acknowledged_at: datetime | None = None

    async def run(self) -> None:
        """Send for ever."""
        loop = asyncio.get_running_loop()

        def arrived() -> None:
            loop.call_soon_threadsafe(self._new.set)

        self._spool.arrived = arrived
        delay = FIRST_RETRY
        timeout = aiohttp.ClientTimeout(total=PATIENCE, sock_connect=10.0)
        headers = {"Authorization": f"Token {self._target.token}"}
        try:
            async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
                while True:
                    try:
                        await self._connection(session)
                        delay = FIRST_RETRY
                        continue
                    except ConnectionFailed as error:
                        if self.connected:
                            delay = FIRST_RETRY
                        self._failed(error)
                        if error.permanent:
                            delay = max(delay, REFUSED_RETRY)
                    await asyncio.sleep(delay)
                    delay = min(2.0 * delay, max(LAST_RETRY, delay))
        finally:
            self._spool.arrived = lambda: None

    async def _connection(self, session: aiohttp.ClientSession) -> None:
        """One connection: until it fails, or until the live lane is far behind and the lanes must be laid anew."""
        await self._handshake(session)
        if not self.connected:
            _log.info("forwarding to %s", self._target.url)
            self.connected, self.since = True, datetime.now(UTC)
        boundary = self._spool.highest
        backlog = self._spool.bytes_after(0) > MANY
        lanes = [
            asyncio.create_task(self._live(session, boundary if backlog else 0)),
            asyncio.create_task(self._look_at_the_clock(session)),
        ]
        if backlog:
            lanes.append(asyncio.create_task(self._catch_up(session, boundary)))
        try:
            await asyncio.gather(*lanes)
        except _FarBehindError:
            return
        finally:
            await end(lanes)

    async def _live(self, session: aiohttp.ClientSession, after: int) -> None:
        begun = time.monotonic()
        while True:
            self._new.clear()
            block = await asyncio.to_thread(self._spool.block, after, self._spool.highest, self._kept.copy(), BLOCK)
            if block is None:
                await self._new.wait()
                continue
            await self._send(session, block.data, block.records)
            after = block.last
            lag = self._spool.bytes_after(after)
            if lag > BEHIND and time.monotonic() - begun > LAST_RETRY:
                raise _FarBehindError

    async def _catch_up(self, session: aiohttp.ClientSession, boundary: int) -> None:
        after = 0
        while True:
            block = await asyncio.to_thread(self._spool.block, after, boundary, self._kept.copy(), BLOCK)
            if block is None:
                _log.info("caught up with %s", self._target.url)
                return
            begun = time.monotonic()
            await self._send(session, block.data, block.records)
            after = block.last
            took = time.monotonic() - begun
            await asyncio.sleep(took * (1.0 - self._target.share) / self._target.share)

    async def _look_at_the_clock(self, session: aiohttp.ClientSession) -> None:
        while True:
            await asyncio.sleep(CLOCK_EVERY)
            await self._handshake(session)

    async def _handshake(self, session: aiohttp.ClientSession) -> None:
        """Ask what the receiver has and what its clock says."""
        before, ticks = datetime.now(UTC), time.monotonic()
        answer = await self._request(session, "GET", "/jasang/1/sender", params={"sender": self._spool.sender})
        there_and_back = time.monotonic() - ticks
        middle = before + timedelta(seconds=there_and_back / 2)
        try:
            theirs = datetime.fromisoformat(answer["time"])  # type: ignore[arg-type]
            kept = Intervals((first, last) for first, last in answer["kept"])  # type: ignore[attr-defined]
        except (KeyError, TypeError, ValueError) as error:
            raise self._no_receiver(str(error)) from error
        if not self.connected or kept.highest > self._spool.highest:
            self._kept = await asyncio.to_thread(self._spool.reconcile, kept)
        offset = (theirs - middle).total_seconds()
        told = self.clock is not None and abs(self.clock.offset) > DOUBTFUL
        self.clock = Clock(offset=offset, within=there_and_back / 2, at=before)
        if abs(offset) - there_and_back / 2 > DOUBTFUL and not told:
            _log.warning("the receiver's clock is %+.1f s from this one", offset)
        await asyncio.to_thread(self._clock_read, self.clock)

    async def _send(self, session: aiohttp.ClientSession, data: bytes, records: tuple[tuple[int, int], ...]) -> None:
        headers = {"X-Jasang-Sender": self._spool.sender, "Content-Type": "application/vnd.jasang.forward"}
        answer = await self._request(session, "POST", "/jasang/1/readings", data=data, headers=headers)
        try:
            kept = Intervals((first, last) for first, last in answer["kept"])  # type: ignore[attr-defined]
        except (KeyError, TypeError, ValueError) as error:
            raise self._no_receiver(str(error)) from error
        for first, last in kept.spans:  # two lanes may be answered in either order; what was kept stays kept
            self._kept.add(first, last)
        if not all(number in kept for number, _ in records):
            raise self._no_receiver("it does not say that it has kept what was sent")
        await asyncio.to_thread(self._spool.received, records, self._kept.copy())
        self.sent += sum(rows for _, rows in records)
        self.acknowledged_at = datetime.now(UTC)

    async def _request(
        self, session: aiohttp.ClientSession, method: str, path: str, **more: object
    ) -> dict[str, object]:
        url = self._target.url.rstrip("/") + path
        certificate = {} if self._target.certificate is None else {"ssl": self._target.certificate}
        try:
            async with session.request(method, url, **more, **certificate) as response:  # type: ignore[arg-type]
                if response.status != 200:
                    raise self._refused(response.status, (await response.text())[:300])
                answer: dict[str, object] = await response.json()
        except aiohttp.ClientConnectorCertificateError as error:
            raise ConnectionFailed(
                ko=f"{self._target.url} 의 인증서를 믿을 수 없습니다: {error.certificate_error}. "
                "[forward] certificate에 인증서 파일을 적으세요.",
                en=f"the certificate of {self._target.url} is not trusted: {error.certificate_error}; "
                "name its file in [forward] certificate",
                permanent=True,
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            said = str(error) or type(error).__name__
            raise ConnectionFailed(
                ko=f"수신 서버 {self._target.url} 에 닿지 않습니다: {said}",
                en=f"no answer from {self._target.url}: {said}",
            ) from error
        if not isinstance(answer, dict) or answer.get("format") != FORMAT:
            raise self._no_receiver("unknown answer")
        return answer

    def _refused(self, status: int, said: str) -> ConnectionFailed:
        if status == 401:
            return ConnectionFailed(
                ko=f"{self._target.url} 이(가) 토큰을 받아들이지 않습니다. 환경 변수의 토큰을 확인하세요.",
                en=f"{self._target.url} refuses the token; check the environment variable that holds it",
                permanent=True,
            )
        return ConnectionFailed(
            ko=f"{self._target.url} 이(가) 거절했습니다({status}): {said}",
            en=f"{self._target.url} refused ({status}): {said}",
            permanent=status not in (500, 502, 503, 504),
        )

    def _no_receiver(self, why: str) -> ConnectionFailed:
        return ConnectionFailed(
            ko=f"{self._target.url} 은(는) 자상 수신 서버처럼 답하지 않습니다: {why}",
            en=f"{self._target.url} does not answer like a receiver of Jasang: {why}",
            permanent=True,
        )

    def _failed(self, error: ConnectionFailed) -> None:
        if self.connected or self.error is None or self.error.en != error.en:
            _log.warning("%s; readings wait in the spool", error.en)
        if self.connected is not False:
            self.since = datetime.now(UTC)
        self.connected, self.error, self.failed_at = False, error, datetime.now(UTC)


class _FarBehindError(Exception):
    """The live lane cannot keep up: what waits becomes a backlog, and what comes now goes first."""

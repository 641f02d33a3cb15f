"""MTConnect: probe, current and the endless sample through httpx. Needs the extra `jasang[mtconnect]`.

An agent numbers what it observes and keeps the last some thousands. Where we have got to is kept in the store as a mark, so that
after a pause, of the network or of the collector, we go on from there and miss nothing that the agent still has.
"""

import asyncio
import difflib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx

from jasang.connect.contract import MARK, Begun, Inbox, Link, NoOptions, Variable, WrongField
from jasang.connect.link_words import about, failed
from jasang.connect.protocols.mtconnect.documents import DataItem, Document, NotMtConnect, read_document
from jasang.connect.protocols.mtconnect.multipart import MOST_BYTES, Parts, boundary_of
from jasang.connect.protocols.mtconnect.observations import UNITS, Names
from jasang.connect.protocols.mtconnect.options import MtConnectOptions
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

MARK_EVERY = 2.0  # s; after a kill so much is asked for again, which the store knows already


class MtConnect:
    """The protocol as the collector knows it."""

    name = "mtconnect"
    schemes = ("http", "https")
    address_example = "Xabs"
    finds_signals = True
    options = MtConnectOptions
    signal_options = NoOptions

    def check_address(self, address: str) -> None:
        if not address.strip() or any(letter.isspace() for letter in address):
            raise ValueError("an id has no blanks")

    def check(self, link: Link) -> None:
        try:
            host = httpx.URL(link.url).host
        except httpx.InvalidURL:
            host = ""
        if not host:
            raise WrongField("url", "http://192.168.0.40:5000 처럼 적으세요", "must look like http://192.168.0.40:5000")
        if any(branch.address is not None for branch in link.branches):
            raise WrongField(
                "browse", "기계는 device로 고르세요", "cannot be used: choose a device by the field device"
            )
        for index, signal in enumerate(link.signals):
            if signal.deadband is not None:
                raise WrongField(
                    f"signals[{index}].deadband",
                    "agent가 바뀐 값만 보냅니다",
                    "cannot be used: the agent decides what is a change",
                )

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """The data items of all devices, or of the device `address`, with what they show now."""
        async with _Agent(link) as agent:
            items = (await agent.ask("probe")).items
            devices = {item.device for item in items}
            if address is not None and address not in devices:
                raise _no_device(link, address, sorted(devices))
            now = {seen.item: seen.text or seen.kind for seen in (await agent.ask("current")).observations}
        return tuple(
            Variable(
                address=item.id,
                path=f"{item.device}.{item.path}",
                data_type=f"{item.category} {item.type}".strip(),
                unit=UNITS.get(item.units or "", item.units),
                value=now.get(item.id),
            )
            for item in items
            if address in (None, item.device)
        )

    async def collect(self, link: Link, inbox: Inbox) -> None:
        async with _Agent(link) as agent:
            await _Following(link, agent, inbox).run()


class _Agent:
    """Questions to one agent; every failure is a `ConnectionFailed` that says what is the matter."""

    def __init__(self, link: Link) -> None:
        self._link = link
        options: MtConnectOptions = link.options or MtConnectOptions()
        self._root = link.url.rstrip("/") + ("" if options.device is None else f"/{quote(options.device)}")
        auth = None if link.username is None else httpx.BasicAuth(link.username, link.password or "")
        # A sign of life comes every `heartbeat`; whoever is silent for longer is gone.
        patience = httpx.Timeout(link.timeout, read=link.timeout + 2.0 * options.heartbeat)
        self._client = httpx.AsyncClient(
            timeout=patience,
            auth=auth,
            trust_env=False,
            headers={"Accept": "text/xml, application/xml, multipart/x-mixed-replace"},
        )
        self._short = httpx.Timeout(link.timeout)

    async def __aenter__(self) -> "_Agent":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(self, what: str, **query: int) -> Document:
        """One document; an agent's own error is in it."""
        try:
            async with self._client.stream("GET", f"{self._root}/{what}", params=query, timeout=self._short) as answer:
                data = b""
                async for piece in answer.aiter_bytes():
                    data += piece
                    if len(data) > MOST_BYTES:
                        raise self._no_agent("more than 64 MB")
                return self._read(data, answer)
        except (httpx.HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    async def follow(self, start: int, options: MtConnectOptions) -> AsyncGenerator[Document, None]:
        """Documents from observation `start` on as they come; ends when an agent can only answer once."""
        query: dict[str, int] = {"from": start, "count": options.count}
        query |= {"interval": round(options.interval * 1000), "heartbeat": round(options.heartbeat * 1000)}
        try:
            async with self._client.stream("GET", f"{self._root}/sample", params=query) as answer:
                boundary = boundary_of(answer.headers.get("content-type", ""))
                if boundary is None:
                    yield self._read(await answer.aread(), answer)
                    return
                parts = Parts(boundary)
                async for piece in answer.aiter_bytes():
                    for part in parts.feed(piece):
                        yield self._read(part, answer)
                raise self._lost("the agent ended the stream")
        except (httpx.HTTPError, OSError) as error:
            raise self._lost(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise self._no_agent(str(error)) from error

    def _read(self, data: bytes, answer: httpx.Response) -> Document:
        if answer.status_code in (401, 403):
            raise failed(
                self._link,
                f"{self._link.url} 이(가) 사용자 {self._link.username or '익명'} 을(를) 거절했습니다({answer.status_code})",
                f"{self._link.url} refuses user {self._link.username or 'anonymous'} ({answer.status_code})",
                permanent=True,
            )
        try:
            return read_document(data)
        except NotMtConnect as error:
            raise self._no_agent(f"{answer.status_code}, {error}") from error

    def _no_agent(self, why: str) -> ConnectionFailed:
        return failed(
            self._link,
            f"{self._link.url} 은(는) 답하지만 MTConnect agent가 아닙니다({why}). 포트와 경로를 확인하세요",
            f"{self._link.url} answers, but is no MTConnect agent ({why}); check port and path",
        )

    def _unreachable(self, error: Exception) -> ConnectionFailed:
        reason = str(error) or type(error).__name__
        # Whoever hangs up is seen by the end of the answer or by a reset, as it happens.
        if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
            return self._no_agent(reason)
        if isinstance(error, httpx.ReadTimeout):
            return failed(
                self._link,
                f"{self._link.url} 이(가) 연결은 받지만 {self._link.timeout:g}초 안에 답하지 않습니다."
                " 포트가 맞는지, agent가 도는지 확인하세요",
                f"{self._link.url} takes the connection, but does not answer within {self._link.timeout:g} s;"
                " is the port right, the agent running?",
            )
        if "WRONG_VERSION_NUMBER" in reason:
            return failed(
                self._link,
                f"{self._link.url} 은(는) 암호화(TLS)로 답하지 않습니다. 포트가 맞는지, http:// 인지 확인하세요",
                f"{self._link.url} does not speak TLS; is the port right, or is it http://?",
            )
        if "certificate" in reason.lower():
            return failed(
                self._link,
                f"{self._link.url} 의 인증서를 믿을 수 없습니다({reason})",
                f"the certificate of {self._link.url} is not trusted ({reason})",
                permanent=True,
            )
        return failed(
            self._link,
            f"{self._link.url} 에 연결할 수 없습니다({reason}). agent가 켜져 있는지, 주소와 방화벽을 확인하세요",
            f"cannot reach {self._link.url} ({reason}); is the agent on, the address right, the firewall open?",
        )

    def _lost(self, reason: str) -> ConnectionFailed:
        return failed(
            self._link,
            f"{self._link.url} 과(와) 연결이 끊겼습니다({reason})",
            f"the connection to {self._link.url} is lost ({reason})",
        )


class _Following:
    """Follows one agent until it is lost; `run` never returns."""

    def __init__(self, link: Link, agent: _Agent, inbox: Inbox) -> None:
        self._link, self._agent, self._inbox = link, agent, inbox
        self._options: MtConnectOptions = link.options or MtConnectOptions()
        self._names = Names()
        self._missing: tuple[Text, ...] = ()
        self._doubts: dict[str, Text] = {}
        self._told: Begun | None = None
        self._mark = Signal(name=f"{link.asset}.mark_of_{link.name}", asset=link.asset, address=MARK)
        self._mark_time, self._marked = datetime.min.replace(tzinfo=UTC), -MARK_EVERY
        self._instance, self._next, self._seen = "", 0, 0  # `_seen`: the last observation taken of this instance

    async def run(self) -> None:
        """Go on from the mark where the agent still has it, else begin with what is now."""
        probe = await self._agent.ask("probe")
        self._complain(probe)
        self._choose(probe.items)
        await self._resume(probe)
        while True:
            if not self._next:
                document = await self._agent.ask("current")
                self._complain(document)
                self._take(document)
            self._tell()
            async with aclosing(self._agent.follow(self._next, self._options)) as documents:
                async for document in documents:
                    if not await self._step(document):
                        break
                else:  # an agent that answers once and knows no stream is asked again and again
                    await asyncio.sleep(self._options.interval)

    async def _step(self, document: Document) -> bool:
        """Take one document of the stream; `False` when the agent has to be asked for the present first."""
        if any(error.code == "OUT_OF_RANGE" for error in document.errors):
            self._gap()
            return False
        self._complain(document)
        if document.header.instance != self._instance:
            self._restarted()
            self._next = 0
            return False
        self._take(document)
        await self._keep_mark()
        return True

    def _take(self, document: Document) -> None:
        if document.header.instance != self._instance:
            self._instance, self._seen = document.header.instance, 0
        # After a gap the present holds again what was taken before it.
        fresh = [one for one in document.observations if not 0 < one.sequence <= self._seen]
        self._seen = max((one.sequence for one in fresh), default=self._seen)
        readings = self._names.readings(fresh)
        self._next = document.header.next or max((o.sequence for o in document.observations), default=0) + 1
        self._tell()
        if readings:
            self._inbox.deliver(readings)

    async def _resume(self, probe: Document) -> None:
        kept = (await self._inbox.last([self._mark.name])).get(self._mark.name)
        if kept is None:
            return
        self._mark_time = kept.source_time
        try:
            found = json.loads(str(kept.value))
            instance, sequence = str(found["instance"]), int(found["next"])
            ties = {item: (datetime.fromisoformat(at), int(count)) for item, (at, count) in found["ties"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if instance != probe.header.instance:
            self._restarted()
            return
        self._instance, self._next, self._seen, self._names.ties = instance, sequence, sequence - 1, ties
        now = (await self._agent.ask("current")).header
        if sequence < now.first or sequence > now.next:
            self._gap()

    async def _keep_mark(self) -> None:
        clock = asyncio.get_running_loop().time()
        if clock - self._marked < MARK_EVERY or self._link.trial:
            return
        self._marked = clock
        newest = max((moment for moment, _ in self._names.ties.values()), default=None)
        ties = {
            item: [moment.isoformat(), count]
            for item, (moment, count) in self._names.ties.items()
            if newest is not None and newest - moment < timedelta(seconds=2)
        }
        now = datetime.now(UTC)
        self._mark_time = max(now, self._mark_time + timedelta(microseconds=1))
        text = json.dumps({"instance": self._instance, "next": self._next, "ties": ties})
        self._inbox.deliver(
            [Reading(signal=self._mark.name, source_time=self._mark_time, receive_time=now, value=text)]
        )

    def _choose(self, items: tuple[DataItem, ...]) -> None:
        by_id = {item.id: item for item in items}
        if not self._link.signals:
            several = len({item.device for item in items}) > 1
            for item in items:
                asset = item.device if several else self._link.asset
                self._names.add(item, asset, f"{asset}.{item.path}", None)
            return
        missing = []
        for signal in self._link.signals:
            if signal.address in by_id:
                self._names.add(by_id[signal.address], signal.asset, signal.name, signal.unit)
                continue
            near = difflib.get_close_matches(signal.address, list(by_id), n=3, cutoff=0.5) or sorted(by_id)[:8]
            missing.append(
                about(
                    self._link,
                    f"신호 {signal.name!r}: 데이터 항목 {signal.address!r} 이(가) 없습니다. 비슷한 것: {', '.join(near)}",
                    f"signal {signal.name!r}: there is no data item {signal.address!r}; there is: {', '.join(near)}",
                )
            )
        self._missing = tuple(missing)
        if not self._names.items:
            raise failed(
                self._link,
                f"수집할 신호가 하나도 없습니다. {missing[0].ko}",
                f"none of its signals can be collected; {missing[0].en}",
            )

    def _complain(self, document: Document) -> None:
        for error in document.errors:
            if error.code == "NO_DEVICE" and self._options.device is not None:
                raise _no_device(self._link, self._options.device, [])
            raise failed(
                self._link,
                f"agent가 거절했습니다: {error.code} {error.text}",
                f"the agent refuses: {error.code} {error.text}",
            )

    def _gap(self) -> None:
        self._next = 0
        at = datetime.now().astimezone()
        self._doubts["gap"] = about(
            self._link,
            f"{at:%m-%d %H:%M:%S}: agent의 기억이 넘쳐 그 사이의 값을 잃었습니다. 지금 값부터 다시 받습니다",
            f"{at:%m-%d %H:%M:%S}: the agent's buffer was overrun and what was between is lost; going on from the values of now",
        )

    def _restarted(self) -> None:
        at = datetime.now().astimezone()
        self._doubts["restart"] = about(
            self._link,
            f"{at:%m-%d %H:%M:%S}: agent가 다시 시작했습니다. 지금 값부터 다시 받습니다",
            f"{at:%m-%d %H:%M:%S}: the agent was started anew; going on from the values of now",
        )

    def _tell(self) -> None:
        begun = Begun(
            signals=(*self._names.signals.values(), self._mark),
            missing=self._missing,
            doubts=tuple(self._doubts.values()),
        )
        if begun != self._told:
            self._told = begun
            self._inbox.begun(begun)


def _no_device(link: Link, device: str, there: list[str]) -> ConnectionFailed:
    listed = f" ({', '.join(there)})" if there else ""
    return failed(
        link,
        f"agent에 기계 {device!r} 이(가) 없습니다{listed}",
        f"the agent has no device {device!r}{listed}",
        permanent=True,
    )

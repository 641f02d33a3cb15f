"""The short way of a write: most requests of a client repeat the head of its last one, so it is understood once and then known.

A connection that sends anything else (another path, a chunked body, a refused token …) is handed over, with all it has said so
far, to the HTTP library, which then keeps it. So this way only ever answers requests that are let in.
"""

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from jasang.connect.receiver.bodies import GZIP, IDENTITY
from jasang.connect.receiver.destination import Written
from jasang.connect.receiver.routes import Refused, Tenants, WriteRoute

MOST_HEADS = 4_096  # understood heads that are kept
ROOM = 16_384  # bytes of a connection: a head, and a small body
IDLE = 3_600.0  # s

_REQUEST = re.compile(rb"POST ((?:/write|/api/v2/write)(?:\?[!-~]*)?) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x1f\x7f]*?)[ \t]*")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
_NOT_LEAN = ("Transfer-Encoding", "Expect", "Upgrade", "Trailer", "TE")
_ONCE = ("Host", "Content-Length", "Content-Encoding", "Authorization")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanRoute:
    """What a head asks for: where its body goes, and whether it is packed."""

    write: WriteRoute
    packed: bool


class LeanDoor:
    """Takes connections. `most` bytes has a body; `keep` begins to keep one, and `refuse` tells what to answer when that is done
    (`None`: it went well, with the headers `well`); `others` is the way of all else.
    """

    def __init__(
        self,
        tenants: Tenants,
        *,
        most: int,
        keep: Callable[[LeanRoute, bytearray], asyncio.Future[Written]],
        refuse: Callable[[LeanRoute, asyncio.Future[Written]], web.Response | None],
        well: bytes,
        others: Callable[[], asyncio.BaseProtocol],
    ) -> None:
        self._tenants, self.most, self.keep, self.refuse, self.others = tenants, most, keep, refuse, others
        self._well, self._well_of = well, (0, b"")
        self._heads: dict[bytes, LeanRoute] = {}
        self.connections: set[LeanConnection] = set()

    def __call__(self) -> "LeanConnection":
        return LeanConnection(self)

    def route(self, head: bytes, length_at: tuple[int, int]) -> LeanRoute | None:
        """What the head of a request asks for, `None` when this is not its way."""
        # Looked up by a keyed hash of the whole head: how long that takes tells nothing of a token in it.
        key = head[: length_at[0]] + head[length_at[1] :]
        found = self._heads.get(key)
        if found is None:
            found = _understood(head, self._tenants)
            if found is not None:
                if len(self._heads) >= MOST_HEADS:
                    self._heads.clear()
                self._heads[key] = found
        return found

    def well_kept(self, now: float) -> bytes:
        """The answer to a write that went well; the date in it is made once a second."""
        second = int(now)
        if second != self._well_of[0]:
            date = formatdate(usegmt=True).encode()
            self._well_of = (second, b"HTTP/1.1 204 No Content\r\nDate: " + date + b"\r\n" + self._well + b"\r\n")
        return self._well_of[1]

    def close_idle(self) -> None:
        """Close connections that have said nothing for long."""
        since = asyncio.get_running_loop().time() - IDLE
        for connection in [one for one in self.connections if one.heard < since and not one.busy]:
            connection.close()

    async def close(self, patience: float) -> None:
        """Answer what is under way, then close all connections."""
        until = asyncio.get_running_loop().time() + patience
        while any(one.busy for one in self.connections) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
        for connection in list(self.connections):
            connection.close()


class LeanConnection(asyncio.BufferedProtocol):
    """One connection: reads a head and its body, has it kept, answers, and reads on."""

    def __init__(self, door: LeanDoor) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._room, self._filled = bytearray(ROOM), 0
        # Of a request that is longer than the room: where it goes, its body, and how much of that is here.
        self._long: tuple[LeanRoute, bytearray] | None = None
        self._received = 0
        self._paused = False
        self.busy = False
        self.heard = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's
        self._door.connections.add(self)
        peer = transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._door.connections.discard(self)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def get_buffer(self, _hint: int) -> memoryview:
        if self._long is not None:
            return memoryview(self._long[1])[self._received :]
        return memoryview(self._room)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self.heard = self._loop.time()
        if self._long is not None:
            self._received += nbytes
            if self._received == len(self._long[1]):
                self._keep(*self._long)
            return
        self._filled += nbytes
        if not self.busy:
            self._advance()
        elif self._filled == ROOM and self._transport is not None:
            self._paused = True  # the next requests wait until this one is answered
            self._transport.pause_reading()

    def _advance(self) -> None:
        """Begin with what is in the room."""
        end = self._room.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            if self._filled == ROOM or not b"POST /".startswith(self._room[: min(self._filled, 6)]):
                self._hand_over()
            return
        head = bytes(self._room[:end])
        length = _LENGTH.search(head)
        route = None if length is None else self._door.route(head, length.span(1))
        if length is None or route is None or not 0 < (size := int(length[1])) <= self._door.most:
            self._hand_over()
            return
        begin = end + 4
        there = self._room[begin : min(begin + size, self._filled)]
        rest = self._room[begin + len(there) : self._filled]
        self._room[: len(rest)] = rest
        self._filled = len(rest)
        if len(there) == size:
            self._keep(route, there)
            return
        body = bytearray(size)
        body[: len(there)] = there
        self._long, self._received = (route, body), len(there)

    def _keep(self, route: LeanRoute, body: bytearray) -> None:
        self._long, self.busy = None, True
        self._door.keep(route, body).add_done_callback(partial(self._answer, route))

    def _answer(self, route: LeanRoute, keeping: "asyncio.Future[Written]") -> None:
        self.busy = False
        refused = self._door.refuse(route, keeping)
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(self._door.well_kept(self._loop.time()) if refused is None else written(refused))
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        if self._filled:
            self._advance()

    def _hand_over(self) -> None:
        """From now on the connection is the HTTP library's."""
        transport, said = self._transport, bytes(self._room[: self._filled])
        if transport is None:
            return
        self._door.connections.discard(self)
        self._transport = None
        other = self._door.others()
        transport.set_protocol(other)
        other.connection_made(transport)
        other.data_received(said)  # type: ignore[attr-defined]  # a stream's


def _understood(head: bytes, tenants: Tenants) -> LeanRoute | None:
    """What a head asks for, `None` when anything in it is out of the ordinary or not let in."""
    first, *lines = head.split(b"\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None:
        return None
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            return None
        headers.add(header[1].decode(), header[2].decode(errors="surrogateescape"))
    if any(name in headers for name in _NOT_LEAN) or any(len(headers.getall(name, [])) > 1 for name in _ONCE):
        return None
    if "Host" not in headers or headers.get("Connection", "keep-alive").lower() != "keep-alive":
        return None
    encoding = headers.get("Content-Encoding", "identity").lower()
    if encoding not in (*IDENTITY, *GZIP):
        return None
    try:
        address = URL(request[1].decode(), encoded=True)
        write = tenants.write_route(address.path, headers, address.query)
    except (Refused, ValueError):
        return None
    return LeanRoute(write=write, packed=encoding in GZIP)


def written(response: web.Response) -> bytes:
    """An answer as bytes."""
    body = response.body if isinstance(response.body, bytes) else b""
    headers = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items() if name != "Content-Length")
    head = f"HTTP/1.1 {response.status} {response.reason}\r\nDate: {formatdate(usegmt=True)}\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode(errors="surrogateescape") + body

"""The short way of a write answers as the HTTP library does, however the bytes arrive, and hands over what is not its own."""

import asyncio
import gc
import gzip
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop
from tests.connect.receiver.running_receiver import running

from jasang.connect.receiver import Factory, ReceiverLimits, lean
from jasang.store import Store, open_store

TOKEN = "correct-horse-battery"
HEAD = f"Host: x\r\nAuthorization: Token {TOKEN}\r\n"
Address = tuple[str, int]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def address(store: Store, request: pytest.FixtureRequest) -> Iterator[Address]:
    factory = Factory(name="a", token=TOKEN, store=store, buckets=("b",))
    with running([factory], limits=ReceiverLimits(body=200_000), new_loop=request.param) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was handed to the HTTP library."""
    seen: list[bytes] = []
    real = lean.LeanConnection._hand_over

    def watched(self: lean.LeanConnection) -> None:
        seen.append(bytes(self._room[: self._filled]))
        real(self)

    monkeypatch.setattr(lean.LeanConnection, "_hand_over", watched)
    return seen


def post(body: bytes | str, path: str = "/write?db=b&precision=s", more: str = "", head: str = HEAD) -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    return f"POST {path} HTTP/1.1\r\n{head}{more}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


class Client:
    """A bare connection."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, timeout=60)
        self._came = b""

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self._came:
            self._more()
        head, _, self._came = self._came.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._came) < length:
            self._more()
        body, self._came = self._came[:length], self._came[length:]
        return int(first.split()[1]), headers, body

    def _more(self) -> None:
        came = self.socket.recv(65_536)
        assert came, "the connection was closed"
        self._came += came


@pytest.fixture
def client(address: Address) -> Iterator[Client]:
    one = Client(address)
    yield one
    one.socket.close()


def last(store: Store) -> object:
    return store.last(["m.v"])["m.v"].value


def test_writes_one_after_another_never_reach_the_library(
    client: Client, store: Store, handed_over: list[bytes]
) -> None:
    for value in range(5):
        client.send(post(f"m v={value} {value}"))
        status, headers, body = client.answer()

        assert (status, body, last(store)) == (204, b"", float(value))
        assert "date" in headers
        assert "x-influxdb-version" in headers
    assert handed_over == []


def test_request_is_understood_in_whatever_pieces_it_comes(
    client: Client, store: Store, handed_over: list[bytes]
) -> None:
    request = post("m v=7 7\n" * 3)

    client.send(*(request[at : at + 1] for at in range(len(request))))

    assert client.answer()[0] == 204
    assert last(store) == 7.0
    assert handed_over == []


def test_requests_sent_without_waiting_are_answered_in_their_order(client: Client, store: Store) -> None:
    requests = b"".join(post(f"m v={value} {value}" if value % 7 else f"m v={value}x 1") for value in range(500))
    sending = threading.Thread(target=client.send, args=(requests,))
    sending.start()

    found = [client.answer()[0] for _ in range(500)]

    sending.join()
    assert found == [204 if value % 7 else 400 for value in range(500)]
    assert last(store) == 499.0


def test_long_body_and_what_follows_it_are_told_apart(client: Client, store: Store, handed_over: list[bytes]) -> None:
    long = "".join(f"m,n={n % 50} v={n} {n}\n" for n in range(9_000))

    client.send(post(long) + post("m v=3 3") + post(long) + post("m v=4 4"))

    assert [client.answer()[0] for _ in range(4)] == [204] * 4
    assert last(store) == 4.0
    assert len(store.last()) == 51
    assert handed_over == []


def test_packed_body_is_unpacked(client: Client, store: Store, handed_over: list[bytes]) -> None:
    client.send(post(gzip.compress(b"m v=9 9"), more="Content-Encoding: gzip\r\n"))

    assert client.answer()[0] == 204
    assert last(store) == 9.0
    assert handed_over == []


BOTH: list[tuple[str, Callable[[str], bytes]]] = [
    ("well", lambda more: post("m v=1 1", more=more)),
    ("well, 2.x", lambda more: post("m v=1 1", "/api/v2/write?org=o&bucket=b&precision=s", more)),
    ("bad line", lambda more: post("m v=1 1\nm v=x 1\n", more=more)),
    ("bad line, 2.x", lambda more: post("m v=x", "/api/v2/write?bucket=b&precision=s", more)),
    ("no gzip", lambda more: post("m v=1", more=more + "Content-Encoding: gzip\r\n")),
    ("bomb", lambda more: post(gzip.compress(bytes(300_000)), more=more + "Content-Encoding: gzip\r\n")),
]


@pytest.mark.parametrize("made", [made for _, made in BOTH], ids=[name for name, _ in BOTH])
def test_both_ways_answer_alike(address: Address, made: Callable[[str], bytes], handed_over: list[bytes]) -> None:
    answers = []
    for more in ("", "TE: trailers\r\n"):
        client = Client(address)
        client.send(made(more))
        status, headers, body = client.answer()
        answers.append((status, {name: headers[name] for name in headers if name not in ("date", "server")}, body))
        client.socket.close()

    assert len(handed_over) == 1
    assert answers[0] == answers[1]


OTHERS = {
    "wrong token": (post("m v=2 2", head="Host: x\r\nAuthorization: Token no\r\n"), 401),
    "no token": (post("m v=2 2", head="Host: x\r\n"), 401),
    "unknown bucket": (post("m v=2 2", "/write?db=other"), 404),
    "bad precision": (post("m v=2 2", "/write?db=b&precision=year"), 400),
    "too long": (post(bytes(200_001)), 413),
    "empty": (post(b"", "/api/v2/write?bucket=b"), 400),
    "another path": (f"GET /health HTTP/1.1\r\n{HEAD}\r\n".encode(), 200),
    "chunked": (
        f"POST /write?db=b HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n7\r\nm v=2 2\r\n0\r\n\r\n".encode(),
        204,
    ),
    "two lengths": (post("m v=2 2", more="Content-Length: 3\r\n"), 400),
    "no http": (b"\x16\x03\x01\x02\x00 no http at all\r\n\r\n", 400),
}


@pytest.mark.parametrize(("request_", "status"), OTHERS.values(), ids=OTHERS.keys())
def test_everything_else_is_answered_by_the_library_on_the_same_connection(
    client: Client, store: Store, handed_over: list[bytes], request_: bytes, status: int
) -> None:
    client.send(post("m v=1 1"))
    assert client.answer()[0] == 204

    client.send(request_)

    assert client.answer()[0] == status
    assert len(handed_over) == 1
    assert last(store) in (1.0, 2.0)


def test_connection_stays_usable_after_it_was_handed_over(client: Client, store: Store) -> None:
    client.send(f"GET /health HTTP/1.1\r\n{HEAD}\r\n".encode())
    assert client.answer()[0] == 200

    client.send(post("m v=5 5"))

    assert client.answer()[0] == 204
    assert last(store) == 5.0


def test_token_that_was_known_opens_nothing_with_another_head(client: Client) -> None:
    client.send(post("m v=1 1"))
    assert client.answer()[0] == 204
    for head in (HEAD.replace(TOKEN, TOKEN + "x"), HEAD.replace(TOKEN, TOKEN.upper())):
        other = Client(client.socket.getpeername())
        other.send(post("m v=2 2", head=head))

        assert other.answer()[0] == 401
        other.socket.close()


def test_connection_that_says_nothing_for_long_is_closed(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "IDLE", -1.0)
    client = Client(address)
    client.send(post("m v=1 1"))
    assert client.answer()[0] == 204
    served = _served(client)

    served._loop.call_soon_threadsafe(served._door.close_idle)

    assert client.socket.recv(1) == b""


def _served(client: Client) -> lean.LeanConnection:
    """The receiver's end of a connection; there is no other way to it while the receiver runs."""
    [found] = [
        one
        for one in gc.get_objects()
        if isinstance(one, lean.LeanConnection)
        and one._transport is not None
        and one._transport.get_extra_info("peername") == client.socket.getsockname()
    ]
    return found


def test_length_is_found_only_where_it_is_a_header() -> None:
    found = [
        re.search(lean._LENGTH, head)
        for head in (b"POST /write HTTP/1.1\r\ncontent-LENGTH:  12 \r\nX: y", b"POST /write?content-length: 5 HTTP/1.1")
    ]

    assert [one and one[1] for one in found] == [b"12", None]

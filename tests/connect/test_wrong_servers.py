"""What listens at the address is something else: told in plain words and in time, by every protocol."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jasang.mentor.connect import try_connections

HTML = b"<html><body>Router</body></html>"


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass
    writer.close()


async def _web_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1000)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(HTML) + HTML)
    await writer.drain()
    writer.close()


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """Ports where no machine answers."""
    loop, found, ready = asyncio.new_event_loop(), dict[str, int](), threading.Event()

    async def begin() -> None:
        for kind, answer in (("hangs up", _hang_up), ("is silent", _say_nothing), ("web page", _web_page)):
            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            found[kind] = server.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        loop.create_task(begin())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(60)
    yield found
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


DATABASE = "does not answer as this kind of database; check kind and port"


@pytest.mark.parametrize(
    ("url", "kind", "told"),
    [
        ("opc.tcp", "web page", "takes the connection, but does not answer as OPC UA"),
        # Whether the end of the connection or of the waiting is seen first differs from run to run.
        ("modbus-tcp", "hangs up", "no answer; is the unit id right|the connection to modbus-tcp:.* is lost"),
        ("mqtt", "web page", "hung up without an answer; is it a port for mqtts://"),
        ("mqtts", "web page", "does not speak TLS"),
        ("http", "hangs up", "answers, but is no MTConnect agent"),
        ("http", "is silent", "takes the connection, but does not answer within 0.5 s"),
        ("http", "web page", "answers, but is no MTConnect agent .200, a document <html>"),
        ("https", "web page", "does not speak TLS; is the port right, or is it http://"),
        ("postgresql", "web page", DATABASE),
        ("mysql", "hangs up", DATABASE),
        ("mysql", "is silent", DATABASE),
        ("mssql", "web page", f"{DATABASE}|is the database on, address and port right"),
    ],
)
def test_a_wrong_server_is_told(tmp_path: Path, ports: dict[str, int], url: str, kind: str, told: str) -> None:
    protocol = {"opc.tcp": "opcua", "modbus-tcp": "modbus", "http": "mtconnect", "https": "mtconnect", "mqtts": "mqtt"}
    name = protocol.get(url, url if url == "mqtt" else "sql")
    more = {
        "sql": 'table = "shot"\ntime = "at"\n',
        "modbus": '[[connections.signals]]\nname = "x"\naddress = "holding:0"\n',
        "mqtt": '[[connections.topics]]\ntopic = "a/b"\nsignal = "@.x"\n',
    }
    place = f"{url}://127.0.0.1:{ports[kind]}" + ("/mes" if name == "sql" else "")
    file = tmp_path / "collect.toml"
    file.write_text(
        f'[[connections]]\nname = "a"\nprotocol = "{name}"\nurl = "{place}"\ntimeout = 0.5\n{more.get(name, "")}',
        "utf-8",
    )

    (tried,) = try_connections(file)

    assert tried.error is not None
    assert re.search(told, tried.error.en)

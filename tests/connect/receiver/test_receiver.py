"""The receiver as foreign clients see it: influxdb-client (2.x), influxdb (1.x), curl and bare requests."""

import gzip
import http.client
import json
import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import influxdb
import influxdb_client
import pytest
from influxdb_client.client.write_api import SYNCHRONOUS
from tests.connect.receiver.running_receiver import running

from jasang.connect.receiver import Factory, ReceiverLimits, server
from jasang.errors import StoreError
from jasang.store import Store, open_store, to_readings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TOKEN = "correct-horse-battery"
V2 = "/api/v2/write?org=o&bucket=b"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture(params=["compiled", "without numba"])
def url(store: Store, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "without numba":
        monkeypatch.setattr(server, "load_scan", lambda: None)
    factory = Factory(name="a", token=TOKEN, store=store, buckets=("b", "telegraf"), most_signals=6)
    with running([factory], limits=ReceiverLimits(body=100_000)) as address:
        yield address


def post(
    url: str, path: str, body: bytes | Iterator[bytes], headers: dict[str, str] | None = None
) -> tuple[int, dict[str, object], http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("POST", path, body, {"Authorization": f"Token {TOKEN}"} if headers is None else headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}, answer.headers
    finally:
        connection.close()


def values(store: Store, signal: str, day: datetime = NOON) -> list[object]:
    return [reading.value for reading in to_readings(store.range([signal], day - DAY, day + DAY))]


def test_client_of_influxdb_2_writes_points_of_every_kind(url: str, store: Store) -> None:
    with influxdb_client.InfluxDBClient(url=url, token=TOKEN, org="o", enable_gzip=True) as client:
        assert client.ping()
        write = client.write_api(write_options=SYNCHRONOUS)
        point = influxdb_client.Point("press line").tag("asset", "INJ 01").tag("zone", "2,3").time(NOON)
        for name, value in (("temp", 231.5), ("shots", 42), ("alarm", True), ("state", 'run "A" \\ 금형')):
            point = point.field(name, value)
        write.write("b", record=[point])
        write.write("b", record=["press,asset=A v=1 1772366400", "press,asset=A v=2 1772366401"], write_precision="s")

    found = {
        name: values(store, f"INJ 01.press line.{name}{{zone=2%2C3}}") for name in ("temp", "shots", "alarm", "state")
    }
    assert found == {"temp": [231.5], "shots": [42], "alarm": [True], "state": ['run "A" \\ 금형']}
    assert values(store, "A.press.v") == [1.0, 2.0]
    assert {(s.name, s.asset) for s in store.signals() if s.asset == "A"} == {("A.press.v", "A")}


def test_client_of_influxdb_1_makes_its_database_and_writes(url: str, store: Store) -> None:
    parts = urlsplit(url)
    client = influxdb.InfluxDBClient(parts.hostname, parts.port, "user", TOKEN, "telegraf", gzip=True)

    client.create_database("telegraf")
    version = client.ping()
    client.write_points(
        [{"measurement": "cpu", "tags": {"host": "pc1", "cpu": "cpu0"}, "time": NOON, "fields": {"usage": 0.5, "n": 3}}]
    )

    assert version == "0.1.0"
    assert values(store, "pc1.cpu.usage{cpu=cpu0,host}") == [0.5]
    assert values(store, "pc1.cpu.n{cpu=cpu0,host}") == [3]
    with pytest.raises(influxdb.exceptions.InfluxDBClientError, match="401"):
        influxdb.InfluxDBClient(parts.hostname, parts.port, "user", "wrong", "telegraf").write_points(
            [{"measurement": "cpu", "fields": {"usage": 0.5}}]
        )


def test_good_lines_of_a_body_are_kept_and_bad_ones_told(url: str, store: Store) -> None:
    body = b"m,asset=A v=1 1772366400000000000\nm,asset=A v= 1\nm,asset=A v=2 1772366401000000000\nx"

    old, new = post(url, f"/write?db=b&p={TOKEN}", body, {}), post(url, V2, body)

    first, second = "unable to parse 'm,asset=A v= 1': missing field value", "unable to parse 'x': missing fields"
    message = f"partial write: {first}\n{second} dropped=2"
    assert (old[0], old[1]) == (400, {"error": message})
    assert old[2]["X-Influxdb-Error"] == message.replace("\n", " ")
    assert (new[0], new[1]) == (400, {"code": "invalid", "message": message, "line": 2})
    assert values(store, "A.m.v") == [1.0, 2.0]


def test_body_without_a_good_line_is_refused(url: str) -> None:
    assert post(url, "/write?db=b", b"x")[:2] == (400, {"error": "unable to parse 'x': missing fields"})
    assert post(url, V2, b"")[:2] == (400, {"code": "invalid", "message": "writing requires points"})


def test_bad_line_with_control_signs_or_of_great_length_is_answered(url: str, store: Store) -> None:
    """Such a line stands in a header as well, where control signs are forbidden and clients bound the length."""
    odd, long = b"m,asset=A v=1\x00\x0b\x7f 1\nm,asset=A v=1 1772366400000000000", b"\n".join([b"m" * 1_000] * 8)

    told, cut = post(url, "/write?db=b", odd), post(url, "/write?db=b", long)
    new = post(url, V2, odd)

    message = "partial write: unable to parse 'm,asset=A v=1\x00\x0b\x7f 1': invalid number dropped=1"
    assert (told[0], told[1]) == (400, {"error": message})
    assert told[2]["X-Influxdb-Error"] == message.replace("\x00\x0b\x7f", "   ")
    assert (cut[0], cut[1]) == (400, {"error": "\n".join([f"unable to parse '{'m' * 300}…': missing fields"] * 8)})
    assert len(cut[2]["X-Influxdb-Error"].encode("latin-1").decode()) == 2_000
    assert new[:2] == (400, {"code": "invalid", "message": message, "line": 1})
    assert values(store, "A.m.v") == [1.0]


def test_answers_are_written_as_influxdb_writes_them(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("POST", "/write?db=b", "금형".encode(), {"Authorization": f"Token {TOKEN}"})
    body = connection.getresponse().read()
    connection.close()

    assert body.decode() == """{"error":"unable to parse '금형': missing fields"}\n"""


def test_client_of_influxdb_1_asks_for_databases_and_version(url: str) -> None:
    parts = urlsplit(url)
    client = influxdb.InfluxDBClient(parts.hostname, parts.port, "user", TOKEN, "telegraf")
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", "/ping?verbose=true")
    verbose = connection.getresponse().read()
    connection.close()

    assert client.get_list_database() == [{"name": "b"}, {"name": "telegraf"}]
    assert verbose == b'{"version":"0.1.0"}\n'


def test_signals_beyond_the_limit_are_told_with_422(url: str, store: Store) -> None:
    body = "\n".join(f"m,asset=A v{i}=1 1772366400000000000" for i in range(8)).encode()

    status, answer, _ = post(url, V2, body)

    reason = "max-signals limit exceeded (6)"
    assert (status, answer["code"]) == (422, "unprocessable entity")
    assert answer["message"] == f"partial write: {reason}\n{reason} dropped=2"
    assert [len(values(store, f"A.m.v{i}")) for i in range(8)] == [1] * 6 + [0, 0]


@pytest.mark.parametrize(
    ("path", "headers", "status", "answer"),
    [
        (V2, {}, 401, {"code": "unauthorized", "message": "unauthorized access"}),
        (V2, {"Authorization": "Token nobody"}, 401, {"code": "unauthorized", "message": "unauthorized access"}),
        (V2 + f"&p={TOKEN}", {}, 401, {"code": "unauthorized", "message": "unauthorized access"}),
        ("/write?db=b", {"Authorization": "Basic !!"}, 401, {"error": "authorization failed"}),
        ("/write?db=b&u=me&p=nobody", {}, 401, {"error": "authorization failed"}),
        ("/api/v2/write?bucket=no", None, 404, {"code": "not found", "message": 'bucket "no" not found'}),
        ("/write?db=no", None, 404, {"error": 'database not found: "no"'}),
        ("/write", None, 400, {"error": "database is required"}),
        ("/write?db=b&precision=d", None, 400, {"error": 'invalid precision "d" (use n, u, ms, s, m or h)'}),
        (
            V2 + "&precision=m",
            None,
            400,
            {"code": "invalid", "message": "invalid precision; valid precision units are ns, us, ms, and s"},
        ),
        ("/api/v3/write", None, 404, {"code": "not found", "message": "Not Found"}),
    ],
)
def test_refusal_has_the_status_and_the_body_of_influxdb(
    url: str, path: str, headers: dict[str, str] | None, status: int, answer: dict[str, str]
) -> None:
    assert post(url, path, b"m v=1", headers)[:2] == (status, answer)


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"Token me:{TOKEN}", "Basic bWU6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"])
def test_token_is_taken_in_every_way_that_clients_send_it(url: str, header: str) -> None:
    assert post(url, "/write?db=b", b"m v=1", {"Authorization": header})[0] == 204


def test_token_is_never_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        post(url, f"/write?db=b&u=me&p={TOKEN}", b"bad", {})
        post(url, V2, b"m v=1")

    assert TOKEN not in caplog.text
    assert TOKEN not in repr(Factory(name="a", token=TOKEN, store=None))  # type: ignore[arg-type]


def test_large_body_is_refused_packed_or_not(url: str, store: Store) -> None:
    line = b"m,asset=A v=1 1772366400000000000\n"
    bomb = gzip.compress(line * 1_000_000)
    token = {"Authorization": f"Token {TOKEN}"}
    message = "Request Entity Too Large: at most 100000 bytes, unpacked as well"
    expected = (413, {"code": "request too large", "message": message})

    assert len(bomb) < 100_000
    assert post(url, V2, line * 10_000)[:2] == expected
    assert post(url, V2, (line for _ in range(10_000)))[:2] == expected  # chunked: its length is not told before
    assert post(url, V2, bomb, {**token, "Content-Encoding": "gzip"})[:2] == expected
    assert values(store, "A.m.v") == []


def test_chunked_and_packed_bodies_are_read(url: str, store: Store) -> None:
    token = {"Authorization": f"Token {TOKEN}"}
    lines = [f"m,asset=A v={i} {1772366400 + i}\n".encode() for i in range(2000)]
    packed = gzip.compress(b"".join(lines[:1000])) + gzip.compress(b"".join(lines[1000:]))  # two members

    assert post(url, V2 + "&precision=s", iter(lines[:5]), token)[0] == 204
    assert post(url, V2 + "&precision=s", packed, {**token, "Content-Encoding": "gzip"})[0] == 204
    cut = post(url, V2, packed[:-9], {**token, "Content-Encoding": "gzip"})
    assert (cut[0], cut[1]["message"]) == (400, "body is no whole gzip: it is cut off")
    assert values(store, "A.m.v") == [float(i) for i in range(2000)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_writes_a_packed_body_as_the_manual_of_influxdb_shows(url: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "body.gz").write_bytes(gzip.compress(b"airSensors,sensor_id=TLM0201 temperature=73.97 1772366400"))

    done = subprocess.run(
        ["curl", "-s", "-w", "%{http_code}", "-X", "POST", f"{url}{V2}&precision=s", "-H", f"Authorization: Token {TOKEN}",
         "-H", "Content-Encoding: gzip", "-H", "Content-Type: text/plain; charset=utf-8", "--data-binary",
         f"@{tmp_path / 'body.gz'}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "204"
    assert values(store, "airSensors.temperature{sensor_id=TLM0201}") == [73.97]


def test_answered_write_is_seen_by_the_next_question_from_many_writers(url: str, store: Store) -> None:
    missing: list[int] = []

    def write(writer: int) -> None:
        for i in range(20):
            at = 1772366400 + 100 * writer + i
            assert post(url, V2 + "&precision=s", f"m,asset=A v={at} {at}".encode())[0] == 204
            moment = datetime.fromtimestamp(at, UTC)
            if store.range(["A.m.v"], moment, moment + timedelta(seconds=1)).num_rows != 1:
                missing.append(at)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert missing == []
    assert len(values(store, "A.m.v")) == 160


def test_each_token_opens_its_own_factory(tmp_path: Path) -> None:
    stores = [open_store(tmp_path / name) for name in ("a", "b")]
    with running([Factory(name=str(i), token=f"token{i}", store=one) for i, one in enumerate(stores)]) as url:
        for i in (0, 1):
            headers = {"Authorization": f"Token token{i}"}
            assert post(url, "/api/v2/write?bucket=any&precision=s", f"m v={i} 1772366400".encode(), headers)[0] == 204
    assert [values(one, "m.v") for one in stores] == [[0.0], [1.0]]
    for one in stores:
        one.close()


class _FullDisk:
    """A store that cannot keep anything."""

    def signals(self) -> tuple[()]:
        return ()

    def describe(self, _signals: object) -> None:
        return None

    def numbers(self, names: Sequence[str]) -> list[int]:
        return list(range(len(names)))

    def append_tables(self, _tables: object) -> int:
        raise StoreError(ko="디스크가 가득 찼습니다", en="the disk is full")


def test_store_that_cannot_keep_is_told_with_503_so_that_clients_try_again(caplog: pytest.LogCaptureFixture) -> None:
    with running([Factory(name="a", token=TOKEN, store=_FullDisk())]) as url:  # type: ignore[arg-type]
        for _ in range(3):
            status, answer, headers = post(url, V2, b"m v=1")

    assert [record.getMessage() for record in caplog.records] == ["the disk is full"]  # once, not at every write
    assert (status, answer) == (503, {"code": "unavailable", "message": "the disk is full"})
    assert headers["Retry-After"] == "1"


def test_health_says_pass(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", "/health")
    assert json.loads(connection.getresponse().read())["status"] == "pass"
    connection.close()


def test_time_left_out_is_when_the_receiver_had_it(url: str, store: Store) -> None:
    before = time.time()
    post(url, V2, b"m,asset=A v=1")

    last = store.last(["A.m.v"])["A.m.v"]

    assert before <= last.source_time.timestamp() <= time.time()

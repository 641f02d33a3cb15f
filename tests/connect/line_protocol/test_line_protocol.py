"""The two ways to read line protocol give the same, and InfluxDB's words for what is wrong."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connect.line_protocol.made_bodies import TEXT, WORD, bodies

from jasang.connect.line_protocol import PRECISIONS, Parsed, SignalNames, parse, parse_lines
from jasang.connect.line_protocol.naming import split_name

NOW = 1_700_000_000_123_456_789


def read(body: bytes | str, precision: str = "ns", *, exact: bool = False, names: SignalNames | None = None) -> Parsed:
    raw = body.encode() if isinstance(body, str) else body
    return parse_lines(raw, unit=PRECISIONS[precision], now=NOW, names=names or SignalNames(), exact=exact)


def rows(parsed: Parsed) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in parsed.rows.to_pylist()]


def value(body: str) -> tuple[object, ...]:
    """number, text, truth, whole of the only reading."""
    [row] = rows(read(body))
    return row[2:]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1", (1.0, None, None, False)),
        ("-1.5E-3", (-0.0015, None, None, False)),
        (".5", (0.5, None, None, False)),
        ("5.", (5.0, None, None, False)),
        ("42i", (42.0, None, None, True)),
        ("-9223372036854775808i", (-(2.0**63), "-9223372036854775808", None, True)),
        ("18446744073709551615u", (2.0**64, "18446744073709551615", None, True)),
        ("9007199254740993i", (9007199254740992.0, "9007199254740993", None, True)),
        *[(word, (1.0, None, True, False)) for word in ("t", "T", "true", "True", "TRUE")],
        *[(word, (0.0, None, False, False)) for word in ("f", "F", "false", "False", "FALSE")],
        ('"running"', (None, "running", None, False)),
        ('""', (None, "", None, False)),
        (r'"a \"b\" \\ c\n, d=e"', (None, r'a "b" \ c\n, d=e', None, False)),
        ('"두 줄\n둘째"', (None, "두 줄\n둘째", None, False)),
    ],
)
@pytest.mark.parametrize("times", [1, 40])
def test_value_of_every_kind_is_kept_exactly(written: str, kept: tuple[object, ...], times: int) -> None:
    parsed = read(f"m,asset=A v={written} 1\n" * times)

    assert [row[2:] for row in rows(parsed)] == [kept] * times
    assert parsed.bad == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",asset=A v=1", "missing measurement"),
        ("m", "missing fields"),
        ("m,asset=A", "missing fields"),
        ("m,asset=A ", "missing fields"),
        ("m,asset v=1", "missing tag value"),
        ("m,asset= v=1", "missing tag value"),
        ("m,=A v=1", "missing tag key"),
        ("m,asset=A=B v=1", "invalid tag format"),
        ("m,asset=A,asset=B v=1", "duplicate tags"),
        ("m =1", "missing field key"),
        ("m a=1,=2", "missing field key"),
        ("m v=", "missing field value"),
        ("m v= 1", "missing field value"),
        ("m v", "invalid field format"),
        ("m a=1,b", "invalid field format"),
        ("m v=NaN", "invalid number"),
        ("m v=-Inf", "invalid number"),
        ("m v=nan", "invalid number"),
        ("m v=Infinity", "invalid boolean"),
        ("m v=+1", "invalid boolean"),
        ("m v=1.1.1", "invalid number"),
        ("m v=0x10", "invalid number"),
        ("m v=0x10i", "invalid number"),
        ("m v=1.5i", "invalid number"),
        ("m v=-5u", "invalid number"),
        ("m v=tRUE", "invalid boolean"),
        ('m v="a"b', "invalid field format"),
        ("m v=9223372036854775808i", "unable to parse integer 9223372036854775808: value out of range"),
        ("m v=18446744073709551616u", "unable to parse unsigned integer 18446744073709551616: value out of range"),
        ("m v=1e400", "unable to parse number 1e400: value out of range"),
        ("m v=1 0x10", "bad timestamp"),
        ("m v=1 1.5", "bad timestamp"),
        ("m v=1 12 13", "point is invalid"),
        ("m v=1 9223372036854775807", "time outside range -9223372036854775806 - 9223372036854775806"),
    ],
)
@pytest.mark.parametrize("times", [1, 40])
def test_bad_line_is_told_in_the_words_of_influxdb(line: str, reason: str, times: int) -> None:
    parsed = read("good v=1 1\n" + f"{line}\n" * times + "good v=2 2")

    assert [bad.number for bad in parsed.bad] == list(range(2, times + 2))
    assert {str(bad) for bad in parsed.bad} == {f"unable to parse '{line}': {reason}"}
    assert [row[2] for row in rows(parsed)] == [1.0, 2.0]


def test_quote_that_never_closes_takes_the_rest_of_the_body_with_it() -> None:
    parsed = read('good v=1 1\nm v="open\nm v=2 2')

    assert [str(bad) for bad in parsed.bad] == ["unable to parse 'm v=\"open\nm v=2 2': unbalanced quotes"]
    assert [row[2] for row in rows(parsed)] == [1.0]


@pytest.mark.parametrize(
    ("precision", "written", "kept"),
    [
        ("ns", 1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456"),
        ("n", -1, "1969-12-31T23:59:59.999999"),
        ("us", 1_700_000_000_123_456, "2023-11-14T22:13:20.123456"),
        ("u", 1_700_000_000_123_456, "2023-11-14T22:13:20.123456"),
        ("ms", 1_700_000_000_123, "2023-11-14T22:13:20.123"),
        ("s", 1_700_000_000, "2023-11-14T22:13:20"),
        ("m", 28_333_333, "2023-11-14T22:13:00"),
        ("h", 472_222, "2023-11-14T22:00:00"),
    ],
)
@pytest.mark.parametrize("times", [1, 40])
def test_time_counts_units_of_the_precision(precision: str, written: int, kept: str, times: int) -> None:
    parsed = read(f"m v=1 {written}\n" * times, precision)

    assert {row[1] for row in rows(parsed)} == {datetime.fromisoformat(kept).replace(tzinfo=UTC)}


@pytest.mark.parametrize("times", [1, 40])
def test_time_left_out_is_the_servers_cut_to_the_precision(times: int) -> None:
    parsed = read("m v=1\n" * times, "s")

    assert {row[1] for row in rows(parsed)} == {datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)}


def test_blank_lines_comments_and_windows_line_ends_say_nothing() -> None:
    parsed = read("\r\n# m v=9 9\r\n   \n\t m,asset=A v=1 1\r\n\nm,asset=A v=2 2  \n#\n")

    assert [row[2] for row in rows(parsed)] == [1.0, 2.0]
    assert (parsed.points, parsed.bad) == (2, ())


def test_escapes_of_measurement_tags_and_fields_are_resolved() -> None:
    [row] = rows(read(r"my\ m\,x,asset=INJ\ 01,ta\=g=a\,b\ c fie\ ld\,1=1 1"))

    assert row[0] == "INJ 01.my m,x.fie ld,1{ta%3Dg=a%2Cb c}"
    assert split_name(str(row[0])) == ("INJ 01", "my m,x", "fie ld,1", {"ta=g": "a,b c"})


@pytest.mark.parametrize(
    ("line", "name", "asset"),
    [
        ("plc,asset=INJ-01,zone=2 temp=1 1", "INJ-01.plc.temp{zone=2}", "INJ-01"),
        ("plc,zone=2,asset=INJ-01 temp=1 1", "INJ-01.plc.temp{zone=2}", "INJ-01"),
        ("cpu,host=pc1,cpu=cpu0 usage_idle=1 1", "pc1.cpu.usage_idle{cpu=cpu0,host}", "pc1"),
        ("weather,city=울산 temp=1 1", "weather.temp{city=울산}", "weather"),
        ("m v=1 1", "m.v", "m"),
        ("a.b,asset=c.d e.f=1 1", "c%2Ed.a%2Eb.e%2Ef", "c.d"),
    ],
)
def test_signal_name_follows_the_rule(line: str, name: str, asset: str) -> None:
    names = SignalNames()

    [row] = rows(read(line, names=names))

    assert row[0] == name
    assert [(signal.name, signal.asset) for signal in names.fresh] == [(name, asset)]


def test_later_line_of_the_same_moment_comes_later_whatever_its_shape() -> None:
    body = "".join(
        f"m,asset=A a={i},b=9 5\nm,asset=A a={i + 1000} 5\nm,asset=A b=1i,a={i + 2000} 5\n" for i in range(50)
    )

    found = [row[2] for row in rows(read(body)) if row[0] == "A.m.a"]

    assert found == [float(at) for i in range(50) for at in (i, i + 1000, i + 2000)]


def test_more_signals_than_allowed_are_refused_and_the_known_ones_kept() -> None:
    names = SignalNames(known=["A.m.v"], most_signals=2)

    parsed = read("m,asset=A v=1 1\nm,asset=B v=2 1\nm,asset=C v=3 1", names=names)

    assert [row[0] for row in rows(parsed)] == ["A.m.v", "B.m.v"]
    assert [(bad.reason, bad.is_format) for bad in parsed.bad] == [("max-signals limit exceeded (2)", False)]


@settings(max_examples=600, deadline=None)
@given(body=bodies(), precision=st.sampled_from(["ns", "us", "s", "h"]))
def test_fast_way_equals_the_exact_way(body: bytes, precision: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "FEW", 1)
        fast = read(body, precision)
    exact = read(body, precision, exact=True)

    assert repr(rows(fast)) == repr(rows(exact))  # as text: -0.0 is not 0.0
    assert (fast.points, fast.bad) == (exact.points, exact.bad)


def test_fast_way_is_taken_for_plain_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("read line by line")

    monkeypatch.setattr(parse, "read_fields", refused)
    body = "".join(f"plc,asset=A,n={i} a={i}.5,b={i}i,c=true {i}\ncpu,host=h u={i}u\n" for i in range(40))

    assert len(rows(read(body))) == 160


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(TEXT, st.dictionaries(st.one_of(WORD, TEXT), TEXT, max_size=3), TEXT), min_size=2, max_size=6)
)
def test_different_series_and_fields_never_share_a_name(series: list[tuple[str, dict[str, str], str]]) -> None:
    def escaped(text: str) -> str:
        return "".join("\\" + sign if sign in ",= " else sign for sign in text)

    names = SignalNames()
    found: dict[str, object] = {}
    for measurement, tags, field in series:
        usable = [measurement, field, *tags, *tags.values()]
        if any(not text or text.endswith("\\") or "\\" in text for text in usable) or measurement[0] == "=":
            continue
        key = "".join(
            [escaped(measurement).replace("\\=", "="), *(f",{escaped(k)}={escaped(v)}" for k, v in tags.items())]
        )
        name = names.name(names.series(key.encode()), escaped(field).encode())
        identity = (measurement, frozenset(tags.items()), field)
        assert found.setdefault(name, identity) == identity


def test_bytes_that_are_no_utf8_make_a_bad_line() -> None:
    parsed = read(b'm,asset=\xff v=1 1\nm v="\xff" 1\nm \xff=1 1\n' * 20 + b"m v=1 1\n")

    assert {bad.reason for bad in parsed.bad} == {"invalid UTF-8"}
    assert len(parsed.bad) == 60
    assert len(rows(parsed)) == 1

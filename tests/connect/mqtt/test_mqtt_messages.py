"""What MQTT messages mean: topics with names, paths, times, qualities, and what is told of messages that mean nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jasang.connect.collect_toml import read_collect_toml
from jasang.connect.protocols.mqtt.interpreter import Interpreter, Sample, rules_of
from jasang.connect.protocols.mqtt.session import Message
from jasang.connect.protocols.mqtt.topic import covers, topic_template, without_covered
from jasang.errors import ConfigurationError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HEAD = '[[connections]]\nname = "line"\nprotocol = "mqtt"\nurl = "mqtt://10.0.0.5"\n'
UNREADABLE = "topic 'f/M/t': a message cannot be read, for example: "
TOPIC = '[[connections.topics]]\ntopic = "f/{asset}/{signal}"\n'


@pytest.fixture
def interpreter(tmp_path: Path) -> Callable[[str], Interpreter]:
    def make(text: str) -> Interpreter:
        path = tmp_path / "collect.toml"
        path.write_text(HEAD + text, encoding="utf-8")
        return Interpreter(rules_of(read_collect_toml(path, {}).links[0]))

    return make


def message(topic: str, payload: str | bytes, *, retained: bool = False) -> Message:
    data = payload if isinstance(payload, bytes) else payload.encode()
    return Message(topic, data, 1, retained, False, 1, NOW)


def told(samples: list[Sample]) -> dict[str, Any]:
    return {sample.signal.name: sample.value for sample in samples}


@pytest.mark.parametrize(
    ("template", "topic", "words"),
    [
        ("a/{x}/c", "a/b/c", {"x": "b", "": ""}),
        ("a/{x}/c", "a/b/d", None),
        ("a/{x}/c", "a//c", None),
        ("a/+/c", "a/b/c", {"": "b"}),
        ("a/#", "a/b/c", {"rest": "b.c", "": "b.c"}),
        ("a/#", "a", {"rest": "", "": ""}),
        ("+/+/#", "a/b/c/d", {"rest": "c.d", "": "a.b.c.d"}),
        ("zone{n}/t", "zone12/t", {"n": "12", "": ""}),
        ("#", "$SYS/broker", None),
        ("$SYS/#", "$SYS/broker", {"rest": "broker", "": "broker"}),
        ("{a}/t.x", "m/t_x", None),
    ],
)
def test_topic_tells_the_words_of_its_template(template: str, topic: str, words: dict[str, str] | None) -> None:
    assert topic_template(template).match(topic) == words


@pytest.mark.parametrize("text", ["", "a/#/b", "a/b#", "a+/b", "{a}/{a}", "{1}/b", "a/{rest}", "a/{", "a\x00"])
def test_wrong_template_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        topic_template(text)


def test_filters_covered_by_others_are_left_out() -> None:
    assert without_covered(["a/b", "a/+", "b/#", "b/c/d", "b", "a/+", "c"]) == ["a/+", "b/#", "c"]
    assert not covers("#", "$SYS/x")
    assert not covers("a/+", "a/#")


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ("21.5", {"M.t": 21.5}),
        ("-7", {"M.t": -7}),
        ("007", {"M.t": 7}),
        ("1e3", {"M.t": 1000.0}),
        ("true", {"M.t": True}),
        ("null", {"M.t": None}),
        ("NaN", {"M.t": None}),
        ("-Infinity", {"M.t": float("-inf")}),
        ('"ON"', {"M.t": "ON"}),
        ("ON", {"M.t": "ON"}),
        ("정지", {"M.t": "정지"}),
        ("", {}),
        ("9007199254740993", {"M.t": 9007199254740993}),
        ("\ufeff5", {"M.t": 5}),
        ('{"a": 1, "b": {"c": [true, "x"]}}', {"M.t.a": 1, "M.t.b.c[0]": True, "M.t.b.c[1]": "x"}),
        ("[1, 2]", {"M.t[0]": 1, "M.t[1]": 2}),
        ("{}", {}),
    ],
)
def test_payload_becomes_values(
    interpreter: Callable[[str], Interpreter], payload: str, found: dict[str, object]
) -> None:
    reader = interpreter(TOPIC)

    samples = reader.read(message("f/M/t", payload))

    assert told(samples) == found
    assert reader.doubts.texts() == ()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff\xfe", "2 bytes that are no UTF-8 text (a binary payload): ff fe"),
        (b"a\x00b", "a binary payload of 3 bytes: 61 00 62"),
        (b"{", "no JSON (Expecting property name enclosed in double quotes:"
         " line 1 column 2 (char 1)): '{'"),
        (b"[" * 100_000, "no JSON (nested too deeply): '" + "[" * 57 + "…'"),
    ],
)  # fmt: skip
def test_message_without_meaning_is_told(
    interpreter: Callable[[str], Interpreter], payload: bytes, reason: str
) -> None:
    reader = interpreter(TOPIC)

    assert reader.read(message("f/M/t", payload)) == []
    assert [text.en for text in reader.doubts.texts()] == [UNREADABLE + reason]


def test_many_bad_messages_are_told_once_with_their_order_of_magnitude(
    interpreter: Callable[[str], Interpreter],
) -> None:
    reader = interpreter(TOPIC)

    for number in range(120):
        reader.read(message("f/M/t", f"{{{number}"))

    (text,) = reader.doubts.texts()
    assert text.en.startswith(UNREADABLE + "no JSON")
    assert text.en.endswith("'{0' (100 times or more)")


def test_value_time_quality_and_unit_come_from_their_paths(interpreter: Callable[[str], Interpreter]) -> None:
    reader = interpreter(
        '[[connections.signals]]\nname = "temp"\naddress = "line1/press/state"\nvalue = "$.data.temp"\n'
        'time = "$.ts"\nquality = "$.q"\nunit_path = "$.u"\n'
    )

    (sample,) = reader.read(
        message("line1/press/state", '{"data": {"temp": 5}, "ts": 1700000000123, "q": "bad", "u": "°C"}')
    )

    assert sample.signal.name == "line.temp"
    assert (sample.value, sample.quality, sample.timed, sample.signal.unit) == (5, 0x80000000, True, "°C")
    assert sample.time == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)


def test_array_of_named_samples(interpreter: Callable[[str], Interpreter]) -> None:
    reader = interpreter(
        '[[connections.topics]]\ntopic = "gw/{asset}"\nsamples = "$.values"\nsignal = "@.id"\nvalue = "@.v"\n'
        'time = "@.t"\nquality = "@.q"\n'
    )
    text = (
        '{"timestamp": 1, "values": [{"id": "Ch1.T", "v": 1.5, "q": true, "t": 1700000000000},'
        ' {"id": "Ch1.T", "v": 1.6, "q": false, "t": 1700000001000}, {"id": "P", "q": true, "t": 1700000000000}]}'
    )

    samples = reader.read(message("gw/M1", text))

    assert [(one.signal.name, one.value, one.quality, one.time.second) for one in samples] == [
        ("M1.Ch1.T", 1.5, 0, 20),
        ("M1.Ch1.T", 1.6, 0x80000000, 21),
    ]
    assert [text.en for text in reader.doubts.texts()] == [
        "topic 'gw/M1': a message cannot be read, for example: nothing at value = '@.v'"
    ]


def test_fields_read_as_time_and_quality_are_no_signals(interpreter: Callable[[str], Interpreter]) -> None:
    reader = interpreter('[[connections.topics]]\ntopic = "m/#"\nasset = "A"\ntime = "$.ts"\nquality = "$.q"\n')

    samples = reader.read(message("m/x/y", '{"ts": "2026-01-02T03:04:05+09:00", "q": 0, "v": 1, "w": 2}'))

    assert told(samples) == {"A.x.y.v": 1, "A.x.y.w": 2}
    assert samples[0].time == datetime(2026, 1, 1, 18, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "written", "moment"),
    [
        ("", "1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("", "1700000000.25", datetime(2023, 11, 14, 22, 13, 20, 250000, tzinfo=UTC)),
        ("", "1700000000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("", "1700000000000001", datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=UTC)),
        ("", "1700000000000001999", datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=UTC)),
        ('time_unit = "ms"\n', "1700000000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("", '"2026-01-02T03:04:05Z"', datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("", '"1700000000000"', datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ('time_zone = "Asia/Seoul"\n', '"2026-01-02 03:04:05.5"', datetime(2026, 1, 1, 18, 4, 5, 500000, tzinfo=UTC)),
        (
            'time_format = "%Y%m%d%H%M%S"\ntime_zone = "Asia/Seoul"\n',
            '"20260102030405"',
            datetime(2026, 1, 1, 18, 4, 5, tzinfo=UTC),
        ),
    ],
)
def test_times_of_all_writings(
    interpreter: Callable[[str], Interpreter], fields: str, written: str, moment: datetime
) -> None:
    reader = interpreter('[[connections.topics]]\ntopic = "m"\ntime = "$.t"\n' + fields)

    (sample,) = reader.read(message("m", f'{{"t": {written}, "v": 1}}'))

    assert sample.time == moment
    assert reader.doubts.texts() == ()


@pytest.mark.parametrize(
    "written", ['"soon"', "null", "true", "12", "[]", '"2026-13-01"', "1e300", '"0001-01-01T00:00:00+14:00"']
)
def test_value_with_unreadable_time_is_kept_with_that_of_its_arrival(
    interpreter: Callable[[str], Interpreter], written: str
) -> None:
    reader = interpreter('[[connections.topics]]\ntopic = "m"\ntime = "$.t"\ntime_zone = "UTC"\n')

    (sample,) = reader.read(message("m", f'{{"t": {written}, "v": 1}}'))

    assert (sample.time, sample.quality, sample.timed) == (NOW, 0x40000000, False)
    assert len(reader.doubts.texts()) == 1


def test_time_without_zone_is_taken_as_utc_and_told(interpreter: Callable[[str], Interpreter]) -> None:
    reader = interpreter('[[connections.topics]]\ntopic = "m"\ntime = "$.t"\n')

    (sample,) = reader.read(message("m", '{"t": "2026-01-02T03:04:05", "v": 1}'))

    assert sample.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [text.en for text in reader.doubts.texts()] == [
        "topic 'm': times come without a zone and were taken as UTC; set time_zone"
    ]


@pytest.mark.parametrize(
    ("codes", "written", "quality"),
    [
        ("opcua", '"GOOD"', 0), ("opcua", "true", 0), ("opcua", "false", 0x80000000), ("opcua", '"uncertain"', 0x40000000),
        ("opcua", "2147483648", 0x80000000), ("opcua", "0", 0), ("opcda", "0", 0x80000000), ("opcda", "192", 0),
        ("opcda", "64", 0x40000000), ("opcda", '"216"', 0), ("opcua", '"strange"', 0x40000000),
    ],
)  # fmt: skip
def test_qualities_of_all_writings(
    interpreter: Callable[[str], Interpreter], codes: str, written: str, quality: int
) -> None:
    reader = interpreter(f'[[connections.topics]]\ntopic = "m"\nquality = "$.q"\nquality_codes = "{codes}"\n')

    (sample,) = reader.read(message("m", f'{{"q": {written}, "v": 1}}'))

    assert sample.quality == quality


def test_payload_form_overrules_the_guess(interpreter: Callable[[str], Interpreter]) -> None:
    as_text = interpreter(TOPIC + 'payload = "text"\n')
    as_number = interpreter(TOPIC + 'payload = "number"\n')

    assert told(as_text.read(message("f/M/t", "007"))) == {"M.t": "007"}
    assert told(as_number.read(message("f/M/t", " +1.50 "))) == {"M.t": 1.5}
    assert told(as_number.read(message("f/M/t", "abc"))) == {}


def test_name_is_made_of_placeholders(interpreter: Callable[[str], Interpreter]) -> None:
    reader = interpreter(
        '[[connections.topics]]\ntopic = "p/{hall}/{asset}/zone{n}"\nname = "{hall}.temp_{n}"\nunit = "°C"\n'
    )

    (sample,) = reader.read(message("p/H1/M7/zone3", "20"))

    assert (sample.signal.name, sample.signal.asset, sample.signal.unit) == ("M7.H1.temp_3", "M7", "°C")
    assert sample.time - NOW == timedelta(0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "connections[0].topics: says nothing to collect; expected [[connections.topics]] or [[connections.signals]];"
             " jasang connect browse lists the topics"),
        ('[[connections.topics]]\ntopic = "a/#/b"\n', "topics[0].topic: 'a/#/b': # stands only at the end of a topic"),
        ('[[connections.topics]]\ntopic = "a"\nname = "{x}"\n', "topics[0].name: '{x}' has a placeholder that topic"
             " has not; there are []"),
        ('[[connections.topics]]\ntopic = "a"\nvalue = "temp"\n', "value"),
        ('[[connections.topics]]\ntopic = "a"\ntime_zone = "Seoul"\n', "time_zone"),
        ('[[connections.topics]]\ntopic = "a"\ntime_format = "soon"\n', "time_format"),
        ('[[connections.topics]]\ntopic = "a"\npayload = "text"\nvalue = "$.x"\n', "topics[0].value: has no meaning"
             ' with payload = "number" or "text": such a message has no parts'),
        ('[[connections.signals]]\nname = "t"\naddress = "a/{b}"\n', "signals[0].address: 'a/{b}' is no mqtt address;"
             " expected for example 'line1/press/temperature'"),
        ('[[connections.signals]]\nname = "t"\naddress = "a"\ndeadband = 1\n', "signals[0].deadband: is the sender's to decide"),
        ('qos = 2\n' + TOPIC, "qos"),
        ('version = "4"\n' + TOPIC, "version"),
        ('ca_file = "ca.pem"\n' + TOPIC, "connections[0].ca_file: belongs to an encrypted connection; url must begin with mqtts://"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_before_anything_connects(
    interpreter: Callable[[str], Interpreter], text: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        interpreter(text)

    assert complaint in caught.value.en

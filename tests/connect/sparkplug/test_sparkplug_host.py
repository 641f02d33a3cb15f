"""The host application: births, deaths, order, aliases, stale values, and when it asks for a rebirth."""

import zlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.connect.sparkplug.spoken import MS, STALE, START, Plant, metric, payload

from jasang.connect.protocols.sparkplug.ordering import Sequence
from jasang.connect.protocols.sparkplug.payload import COMPRESSED, rebirth_request
from jasang.connect.protocols.sparkplug.schema import Payload
from jasang.plant.reading import Signal


@pytest.fixture
def plant() -> Plant:
    return Plant()


def test_births_and_data_become_readings(plant: Plant) -> None:
    plant.born()
    plant.hear("NDATA", metric(None, 3.0, alias=1, timestamp=MS + 500))
    plant.hear("DDATA", metric("p", 4.0, datatype=0), device="D")

    readings = plant.readings()

    assert [(one.signal, one.value, one.quality) for one in readings] == [
        ("G.N.t", 1.0, 0), ("G.N.D.p", 2.0, 0), ("G.N.t", 3.0, 0), ("G.N.D.p", 4.0, 0),
    ]  # fmt: skip
    assert readings[2].source_time == START + timedelta(milliseconds=500)
    assert readings[2].receive_time == plant.received
    assert plant.host.signals["G.N.D.p"] == Signal(name="G.N.D.p", asset="G.N.D", address="G/N/D:p")
    assert plant.asked() == []
    assert plant.doubts() == []


def test_folders_of_a_name_become_dots_and_control_metrics_no_signals(plant: Plant) -> None:
    plant.hear(
        "NBIRTH",
        metric("bdSeq", long_value=0),
        metric("Node Control/Rebirth", boolean_value=False),
        metric("a/b c/d", 1.0),
    )

    assert plant.values() == [("G.N.a.b c.d", 1.0)]


def test_death_marks_node_and_devices_stale_at_the_hosts_time(plant: Plant) -> None:
    plant.born(bd_seq=7)
    plant.readings()
    plant.now = 105.0

    plant.hear("NDEATH", metric("bdSeq", long_value=7))

    readings = plant.readings()
    assert [(one.signal, one.value, one.quality) for one in readings] == [
        ("G.N.t", 1.0, STALE),
        ("G.N.D.p", 2.0, STALE),
    ]
    assert {one.source_time for one in readings} == {plant.received}
    assert not plant.host.nodes[next(iter(plant.host.nodes))].online


def test_death_of_an_earlier_session_changes_nothing(plant: Plant) -> None:
    plant.born(bd_seq=8)
    plant.readings()

    plant.hear("NDEATH", metric("bdSeq", long_value=7))

    assert plant.readings() == []
    assert plant.doubts() == ["G/N: a death (NDEATH) whose bdSeq is not that of the birth was ignored: 7, birth 8"]


def test_device_death_marks_the_device_only(plant: Plant) -> None:
    plant.born()
    plant.readings()

    plant.hear("DDEATH", device="D")
    plant.hear("NDATA", metric(None, 5.0, alias=1))

    readings = plant.readings()
    assert [(one.signal, one.value, one.quality) for one in readings] == [("G.N.D.p", 2.0, STALE), ("G.N.t", 5.0, 0)]


def test_new_session_without_a_death_marks_the_old_values_stale(plant: Plant) -> None:
    plant.born(bd_seq=0)
    plant.readings()

    plant.hear("NBIRTH", metric("bdSeq", long_value=1), metric("t", 9.0, alias=1))

    assert [(one.signal, one.quality) for one in plant.readings()] == [
        ("G.N.t", STALE),
        ("G.N.D.p", STALE),
        ("G.N.t", 0),
    ]


def test_rebirth_without_a_metric_or_a_device_marks_them_stale(plant: Plant) -> None:
    plant.born()
    plant.readings()

    plant.hear("NBIRTH", metric("bdSeq", long_value=0), metric("u", 1.0))
    first = [(one.signal, one.quality) for one in plant.readings()]
    plant.wait(10.0)

    assert first == [("G.N.u", 0), ("G.N.t", STALE)]
    assert [(one.signal, one.quality) for one in plant.readings()] == [("G.N.D.p", STALE)]


def test_missing_message_starts_the_timer_and_then_a_rebirth(plant: Plant) -> None:
    plant.born()  # 0, 1
    plant.readings()

    plant.hear("NDATA", metric(None, 4.0, alias=1), seq=3)
    waiting = (plant.values(), plant.asked())
    plant.wait(1.75)
    still = (plant.values(), plant.asked())
    plant.wait(0.5)

    assert waiting == still == ([], [])
    assert plant.asked() == ["G/N"]
    assert plant.values() == [("G.N.t", 4.0)]  # late, but not lost


def test_late_message_within_the_timeout_ends_the_timer(plant: Plant) -> None:
    plant.born()
    plant.readings()
    plant.hear("NDATA", metric(None, 4.0, alias=1), seq=3)
    plant.wait(1.0)

    plant.hear("NDATA", metric(None, 3.0, alias=1), seq=2)
    in_order = plant.values()
    plant.wait(5.0)
    plant.hear("NDATA", metric(None, 5.0, alias=1), seq=4)

    assert in_order == [("G.N.t", 3.0), ("G.N.t", 4.0)]
    assert plant.values() == [("G.N.t", 5.0)]
    assert plant.asked() == []


def test_without_reorder_timeout_a_gap_asks_at_once() -> None:
    plant = Plant(reorder_timeout=0.0)
    plant.born()

    plant.hear("NDATA", metric(None, 4.0, alias=1), seq=3)

    assert plant.asked() == ["G/N"]


def test_sequence_goes_from_255_to_0(plant: Plant) -> None:
    plant.hear("NBIRTH", metric("bdSeq", long_value=0), metric("t", 1.0, alias=1), seq=254)

    plant.hear("NDATA", metric(None, 2.0, alias=1), seq=255)
    plant.hear("NDATA", metric(None, 3.0, alias=1), seq=0)

    assert plant.values() == [("G.N.t", 1.0), ("G.N.t", 2.0), ("G.N.t", 3.0)]
    plant.wait(5.0)
    assert plant.asked() == []


@given(st.permutations(range(12)), st.integers(0, 255))
def test_any_order_within_the_window_comes_out_in_order(order: list[int], first: int) -> None:
    sequence: Sequence[int] = Sequence()
    sequence.start(first)

    out = [one for number in order for one in sequence.take((first + 1 + number) % 256, number, 0.0)]

    assert out == list(range(12))
    assert sequence.gap_since is None


def test_data_of_an_unborn_node_asks_for_a_rebirth_once(plant: Plant) -> None:
    for _ in range(5):
        plant.hear("NDATA", metric(None, 4.0, alias=1))

    assert plant.asked() == ["G/N"]
    assert plant.values() == []
    assert plant.doubts() == ["G/N: data came without its birth (NBIRTH); a rebirth was asked for"]


def test_node_that_does_not_answer_is_asked_ever_less_often(plant: Plant) -> None:
    plant.hear("NDATA", metric(None, 4.0, alias=1))
    asked = []
    for _ in range(400):
        plant.wait(1.0)
        asked += [round(plant.now - 100.0) for _ in plant.asked()]

    assert asked == [1, 10, 30, 70, 150, 310]


def test_data_of_an_unborn_device_asks_for_a_rebirth(plant: Plant) -> None:
    plant.born()

    plant.hear("DDATA", metric("x", 1.0), device="E")

    assert plant.asked() == ["G/N"]
    assert plant.doubts() == ["G/N/E: data came without its birth (DBIRTH); a rebirth was asked for"]


def test_metric_that_no_birth_announced_asks_for_a_rebirth_and_the_others_are_kept(plant: Plant) -> None:
    plant.born()
    plant.readings()

    plant.hear("NDATA", metric(None, 4.0, alias=99), metric(None, 5.0, alias=1))

    assert plant.values() == [("G.N.t", 5.0)]
    assert plant.asked() == ["G/N"]


def test_aliases_are_those_of_the_last_birth(plant: Plant) -> None:
    plant.born()
    plant.hear("NBIRTH", metric("bdSeq", long_value=0), metric("x", 1.0, alias=1), metric("t", 1.0, alias=5))
    plant.readings()

    plant.hear("NDATA", metric(None, 7.0, alias=1), metric(None, 8.0, alias=5))

    assert plant.values() == [("G.N.x", 7.0), ("G.N.t", 8.0)]


def test_alias_zero_is_an_alias(plant: Plant) -> None:
    plant.hear("NBIRTH", metric("bdSeq", long_value=0), metric("t", 1.0, alias=0))

    plant.hear("NDATA", metric(None, 2.0, alias=0))

    assert plant.values() == [("G.N.t", 1.0), ("G.N.t", 2.0)]


def test_historical_value_is_a_late_reading_and_not_the_last_value(plant: Plant) -> None:
    plant.born(bd_seq=0)
    plant.hear("NDATA", metric(None, 0.5, alias=1, is_historical=True, timestamp=MS - 60_000))
    plant.readings()
    plant.hear("NDATA", metric(None, 0.25, alias=1, is_historical=True, timestamp=MS - 30_000))
    late = plant.readings()

    plant.hear("NDEATH", metric("bdSeq", long_value=0))

    assert [(one.value, one.source_time) for one in late] == [(0.25, START - timedelta(seconds=30))]
    assert plant.values() == [("G.N.t", 1.0), ("G.N.D.p", 2.0)]  # stale: what was current


@pytest.mark.parametrize("keep", [False, True])
def test_transient_value_is_kept_only_when_asked(keep: bool) -> None:
    plant = Plant(keep_transient=keep)
    plant.born()
    plant.readings()

    plant.hear("NDATA", metric(None, 5.0, alias=1, is_transient=True))

    assert plant.values() == ([("G.N.t", 5.0)] if keep else [])


def test_several_nodes_and_groups_have_their_own_order(plant: Plant) -> None:
    plant.born(node="A")
    plant.born(node="B")
    plant.hear("NDATA", metric(None, 5.0, alias=1), node="A")
    plant.hear("NDATA", metric(None, 6.0, alias=1), node="B")
    plant.host.take("spBv1.0/H/NBIRTH/A", payload(metric("t", 7.0), seq=9), plant.received, plant.now)

    assert ("H.A.t", 7.0) in plant.values()
    assert plant.asked() == []


def test_reconnected_host_asks_every_known_node(plant: Plant) -> None:
    plant.born()
    plant.readings()

    plant.host.connected(plant.now)

    assert plant.asked() == ["G/N"]
    plant.hear("NDATA", metric(None, 3.0, alias=1), seq=17)
    assert plant.values() == []  # nobody knows whether alias 1 still means the same
    plant.born(bd_seq=0)
    assert plant.values() == [("G.N.t", 3.0), ("G.N.t", 1.0), ("G.N.D.p", 2.0)]  # it does: the session is the same


def test_node_that_died_while_nobody_listened_is_stale_after_a_while(plant: Plant) -> None:
    plant.born()
    plant.readings()
    plant.host.connected(plant.now)

    plant.wait(10.0)

    assert [(one.signal, one.quality) for one in plant.readings()] == [("G.N.t", STALE), ("G.N.D.p", STALE)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xff\xff", "topic 'spBv1.0/G/NBIRTH/N': 3 bytes that are no Sparkplug payload: ff ff ff"),
        (b'{"t": 1}', "topic 'spBv1.0/G/NBIRTH/N': 8 bytes that are no Sparkplug payload: 7b 22 74 22 3a 20 31 7d"),
    ],
)
def test_garbage_is_told(plant: Plant, data: bytes, reason: str) -> None:
    plant.host.take("spBv1.0/G/NBIRTH/N", data, plant.received, plant.now)

    assert plant.doubts() == [reason]
    assert plant.values() == []


@given(st.binary(max_size=60))
def test_no_bytes_at_all_bring_the_host_down(data: bytes) -> None:
    plant = Plant()
    plant.born()
    for topic in ("NBIRTH/N", "NDATA/N", "DDATA/N/D", "DBIRTH/N/D", "NDEATH/N", "DDEATH/N/D"):
        plant.host.take(f"spBv1.0/G/{topic}", data, plant.received, plant.now)
    plant.wait(5.0)


@pytest.mark.parametrize("topic", ["spBv1.0/G/NBIRTH", "spBv1.0/G/NBIRTH/N/D", "spBv1.0/G/DDATA/N", "spAv1.0/G/NBIRTH/N",
                                   "spBv1.0/G/NCMD/N", "spBv1.0/STATE/x", "spBv1.0//NBIRTH/N", "x"])  # fmt: skip
def test_other_topics_are_left_alone(plant: Plant, topic: str) -> None:
    plant.host.take(topic, payload(metric("t", 1.0), seq=0), plant.received, plant.now)

    assert (plant.values(), plant.asked(), plant.doubts()) == ([], [], [])


@pytest.mark.parametrize(("algorithm", "wbits"), [("DEFLATE", 15), ("GZIP", 31), (None, 15)])
def test_compressed_payload_is_opened(plant: Plant, algorithm: str | None, wbits: int) -> None:
    squeezer = zlib.compressobj(wbits=wbits)
    body = squeezer.compress(payload(metric("t", 1.0), seq=0)) + squeezer.flush()
    made = Payload(uuid=COMPRESSED, body=body)
    if algorithm is not None:
        made.metrics.add(name="algorithm", datatype=12, string_value=algorithm)

    plant.host.take("spBv1.0/G/NBIRTH/N", made.SerializeToString(), plant.received, plant.now)
    plant.host.take(
        "spBv1.0/G/NBIRTH/N", Payload(uuid=COMPRESSED, body=body[:9]).SerializeToString(), plant.received, 0.0
    )

    assert plant.values() == [("G.N.t", 1.0)]
    assert len(plant.doubts()) == 2  # no bdSeq; cut off


def test_metric_without_a_sane_time_has_that_of_its_arrival(plant: Plant) -> None:
    plant.hear("NBIRTH", metric("bdSeq", long_value=0), metric("t", 1.0, timestamp=5), timestamp=0)

    (reading,) = plant.readings()

    assert (reading.source_time, reading.quality) == (plant.received, 0x40000000)
    assert plant.doubts() == ["G/N: a metric's time is missing or wrong, that of arrival was taken: 't', 5"]


def test_two_metrics_of_one_name_are_told(plant: Plant) -> None:
    plant.hear("NBIRTH", metric("bdSeq", long_value=0), metric("a/b", 1.0), metric("a.b", 2.0))

    assert plant.values() == [("G.N.a.b", 1.0)]
    assert plant.doubts() == ["signal name 'G.N.a.b' means two metrics, only the first is collected: 'a/b', 'a.b'"]


def test_only_the_chosen_parts_are_collected() -> None:
    plant = Plant(parts=["G/N/D", "G/B"])
    plant.born(node="N")
    plant.born(node="B")

    assert [name for name, _ in plant.values()] == ["G.N.D.p", "G.B.t", "G.B.D.p"]


def test_rebirth_request_is_what_the_specification_asks_for() -> None:
    made = Payload.FromString(rebirth_request(MS))

    (one,) = made.metrics
    assert (made.timestamp, made.HasField("seq")) == (MS, False)
    assert (one.name, one.boolean_value, one.datatype, one.HasField("alias")) == (
        "Node Control/Rebirth",
        True,
        11,
        False,
    )


def test_unit_and_quality_come_from_properties(plant: Plant) -> None:
    made = Payload(timestamp=MS, seq=0)
    for name, code in (("good", 192), ("bad", 0), ("stale", 500), ("doubtful", 64)):
        one = made.metrics.add(name=name, timestamp=MS, datatype=10, double_value=1.0)
        one.properties.keys.extend(["Quality", "engUnit"])
        one.properties.values.add(type=3, int_value=code)
        one.properties.values.add(type=12, string_value="bar")

    plant.host.take("spBv1.0/G/NBIRTH/N", made.SerializeToString(), plant.received, plant.now)

    assert [one.quality for one in plant.readings()] == [0, 0x80000000, 0x40900000, 0x40000000]
    assert {signal.unit for signal in plant.host.signals.values()} == {"bar"}

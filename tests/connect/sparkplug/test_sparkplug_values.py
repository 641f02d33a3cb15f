"""Each data type of Sparkplug as a value of a reading."""

import struct
from typing import Any

import pytest
from tests.connect.sparkplug.spoken import MS, Plant

from jasang.connect.protocols.sparkplug.schema import Payload


def heard(fill: Any, datatype: int = 0) -> tuple[list[tuple[str, Any]], list[str]]:
    """The values and doubts of a birth with one metric "m"."""
    plant = Plant()
    made = Payload(timestamp=MS, seq=0)
    made.metrics.add(name="bdSeq", long_value=0)
    fill(made.metrics.add(name="m", timestamp=MS, datatype=datatype))
    plant.host.take("spBv1.0/G/NBIRTH/N", made.SerializeToString(), plant.received, plant.now)
    return [(name.removeprefix("G.N.m"), value) for name, value in plant.values()], plant.doubts()


@pytest.mark.parametrize(
    ("datatype", "fields", "value"),
    [
        (1, {"int_value": 0xFFFFFFFD}, -3), (1, {"int_value": 0xFD}, -3), (2, {"int_value": 0xFFFFFF00}, -256),
        (3, {"int_value": 0x80000000}, -(2**31)), (4, {"long_value": 2**64 - 1}, -1), (4, {"long_value": 2**63 - 1}, 2**63 - 1),
        (5, {"int_value": 255}, 255), (6, {"int_value": 65535}, 65535), (7, {"long_value": 2**32 - 1}, 2**32 - 1),
        (7, {"int_value": 2**32 - 1}, 2**32 - 1), (8, {"long_value": 2**64 - 1}, 2**64 - 1),
        (9, {"float_value": 0.5}, 0.5), (10, {"double_value": 0.1}, 0.1), (11, {"boolean_value": True}, True),
        (11, {"int_value": 1}, True), (12, {"string_value": "압력"}, "압력"), (14, {"string_value": ""}, ""),
        (15, {"string_value": "6a6f"}, "6a6f"), (13, {"long_value": 1700000000123}, "2023-11-14T22:13:20.123000+00:00"),
        (17, {"bytes_value": b"\x00\xff"}, "AP8="), (10, {"is_null": True}, None), (10, {}, None),
        (10, {"double_value": 0.0}, 0.0),
        (0, {"int_value": 7}, 7),
    ],
)  # fmt: skip
def test_single_value(datatype: int, fields: dict[str, Any], value: object) -> None:
    def fill(metric: Any) -> None:
        for name, one in fields.items():
            setattr(metric, name, one)

    (found,), doubts = heard(fill, datatype)

    assert found == ("", value)
    assert type(found[1]) is type(value)
    assert doubts == []


@pytest.mark.parametrize(
    ("datatype", "data", "values"),
    [
        (22, struct.pack("<2b", -1, 2), [-1, 2]), (23, struct.pack("<2h", -300, 2), [-300, 2]),
        (24, struct.pack("<1i", -70000), [-70000]), (25, struct.pack("<1q", -(2**40)), [-(2**40)]),
        (26, b"\x01\xff", [1, 255]), (27, struct.pack("<1H", 65535), [65535]), (28, struct.pack("<1I", 2**32 - 1), [2**32 - 1]),
        (29, struct.pack("<1Q", 2**64 - 1), [2**64 - 1]), (30, struct.pack("<2f", 0.5, -2.0), [0.5, -2.0]),
        (31, struct.pack("<1d", 0.1), [0.1]), (33, "가\x00b\x00".encode(), ["가", "b"]),
        (32, struct.pack("<I", 10) + b"\xa0\x40", [True, False, True, False, False, False, False, False, False, True]),
        (34, struct.pack("<1Q", 1700000000000), ["2023-11-14T22:13:20+00:00"]), (31, b"", []),
    ],
)  # fmt: skip
def test_array_is_one_signal_for_each_element(datatype: int, data: bytes, values: list[object]) -> None:
    found, doubts = heard(lambda metric: setattr(metric, "bytes_value", data), datatype)

    assert found == [(f"[{at}]", value) for at, value in enumerate(values)]
    assert doubts == []


@pytest.mark.parametrize(
    ("datatype", "data"), [(31, b"123"), (32, b"\x01"), (32, b"\xff\xff\xff\x7f\x00"), (33, b"abc")]
)
def test_array_that_is_none_is_told(datatype: int, data: bytes) -> None:
    found, doubts = heard(lambda metric: setattr(metric, "bytes_value", data), datatype)

    assert found == []
    assert len(doubts) == 1
    assert doubts[0].startswith("G/N: the value of 'm' cannot be read")


def test_dataset_is_flattened() -> None:
    def fill(metric: Any) -> None:
        data = metric.dataset_value
        data.num_of_columns = 2
        data.columns.extend(["x", "name"])
        data.types.extend([3, 12])
        for number, text in ((0xFFFFFFFF, "a"), (2, "b")):
            row = data.rows.add()
            row.elements.add(int_value=number)
            row.elements.add(string_value=text)

    assert heard(fill, 16) == ([("[0].x", -1), ("[0].name", "a"), ("[1].x", 2), ("[1].name", "b")], [])


def test_dataset_with_a_short_row_is_told() -> None:
    def fill(metric: Any) -> None:
        metric.dataset_value.columns.extend(["x", "y"])
        metric.dataset_value.types.extend([10, 10])
        metric.dataset_value.rows.add().elements.add(double_value=1.0)

    assert heard(fill, 16) == (
        [], ["G/N: the value of 'm' cannot be read (row 0 of a dataset has 1 values for 2 columns)"]
    )  # fmt: skip


def test_template_instance_is_flattened_and_a_definition_is_no_value() -> None:
    def instance(metric: Any) -> None:
        template = metric.template_value
        template.template_ref = "Motor"
        template.parameters.add(name="index", type=3, int_value=4)
        template.metrics.add(name="rpm", datatype=10, double_value=1450.0)
        inner = template.metrics.add(name="bearing", datatype=19).template_value
        inner.metrics.add(name="t", datatype=9, float_value=0.5)

    def definition(metric: Any) -> None:
        instance(metric)
        metric.template_value.is_definition = True

    assert heard(instance, 19) == ([(".index", 4), (".rpm", 1450.0), (".bearing.t", 0.5)], [])
    assert heard(definition, 19) == ([], [])


def test_large_file_is_told_and_not_kept() -> None:
    found, doubts = heard(lambda metric: setattr(metric, "bytes_value", bytes(70_000)), 18)

    assert found == []
    assert doubts == ["G/N: the value of 'm' cannot be read (70000 bytes, more than 65536)"]

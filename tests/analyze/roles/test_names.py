"""Headers read into words and units."""

import pytest

from jasang.analyze.roles.names import read_name


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("온도(℃)", "°C"),
        ("Pressure [bar]", "bar"),
        ("사출압(kgf/cm2)", "kgf/cm²"),
        ("weight_g", "g"),
        ("Usage_kWh", "kWh"),
        ("% Iron Feed", "%"),
        ("speed, rpm", "rpm"),
        ("phase_a", None),
        ("Pressure (main)", None),
        ("col_7", None),
    ],
)
def test_unit_of_header(header: str, unit: str | None) -> None:
    assert read_name(header).unit == unit


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Barrel_Temperature_1", ("barrel", "temperature")),
        ("MOTORSPEED", ("motor", "speed")),
        ("PassOrFail", ("passorfail",)),
        ("배기온도", ("배기", "온도")),
        ("설비명", ("설비", "명")),
        ("V003", ()),
        ("X1", ()),
    ],
)
def test_words_of_header(header: str, words: tuple[str, ...]) -> None:
    assert tuple(word.text for word in read_name(header).words) == words

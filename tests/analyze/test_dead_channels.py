import numpy as np
import pytest

from jasang.analyze.dead_channels import constant, family, named_as_flag, named_as_measured, named_as_setting, sisters


def test_constant_column_is_told_with_its_value() -> None:
    values = np.zeros(2000)
    values[7] = 36.4  # one stray row does not make a sensor alive

    found = constant(values)

    assert found is not None
    assert (found.value, found.rows) == (0.0, 1999)


def test_blank_column_is_constant_without_a_value() -> None:
    found = constant(np.full(100, np.nan))

    assert found is not None
    assert np.isnan(found.value)


@pytest.mark.parametrize("values", [np.arange(100.0), np.zeros(10), np.r_[np.zeros(90), np.ones(10)]])
def test_moving_or_short_column_is_not_constant(values: np.ndarray) -> None:
    assert constant(values) is None


def test_sisters_share_the_name_without_its_number() -> None:
    names = ["Mold_Temperature_1", "Mold_Temperature_12", "Barrel_Temperature_1", "speed"]

    assert sisters("Mold_Temperature_12", names) == ["Mold_Temperature_1"]
    assert sisters("speed", names) == []
    assert family("금형온도3") == "금형온도#"


def test_names_tell_settings_flags_and_measured_quantities() -> None:
    assert [named_as_setting(name) for name in ("barrel_temp_set", "온도설정", "barrel_temp", "offset")] == [
        True,
        True,
        False,
        False,
    ]
    assert [named_as_flag(name) for name in ("alarm_code", "불량수량", "mold_temp")] == [True, True, False]
    assert [named_as_measured(name) for name in ("bath_temp", "1존로온", "recipe")] == [True, True, False]

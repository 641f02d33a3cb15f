"""`[calendar]`, `[products]` and `ideal_cycle_s` of factory.toml: read, refused by name, written and read back."""

from datetime import date, time
from pathlib import Path

import pytest

from jasang.connect.factory_toml import read_factory_toml, write_factory_toml
from jasang.errors import ConfigurationError
from jasang.plant.calendar import Break, Calendar, Shift
from jasang.plant.factory import Factory

GOOD = """
[calendar]
country = "KR"
closed = [2026-08-03, 2026-08-04]
worked = [2026-05-05]

[[calendar.shifts]]
name = "주간"
start = "08:30"
end = 17:30:00
days = ["월", "화요일", "wed", "Thursday", "fri"]
breaks = ["12:00-13:00", "15:00 ~ 15:10"]

[[calendar.shifts]]
start = "20:00"
end = "24:00"
days = ["sat"]

[products."A-100"]
ideal_cycle_s = 28.5

[[tables]]
file = "units.csv"
kind = "units"
ideal_cycle_s = 1
"""


def read(folder: Path, text: str) -> Factory:
    path = folder / "factory.toml"
    path.write_text(text, encoding="utf-8")
    return read_factory_toml(path)


def test_a_calendar_is_read_and_written_back(tmp_path: Path) -> None:
    factory = read(tmp_path, GOOD)

    assert factory.calendar == Calendar(
        shifts=(
            Shift(
                name="주간",
                start=time(8, 30),
                end=time(17, 30),
                breaks=(Break(start=time(12), end=time(13)), Break(start=time(15), end=time(15, 10))),
            ),
            Shift(name="2", start=time(20), end=time(0), days=(6,)),
        ),
        closed=(date(2026, 8, 3), date(2026, 8, 4)),
        worked=(date(2026, 5, 5),),
    )
    assert dict(factory.ideal_cycles_s) == {"A-100": 28.5}
    assert factory.tables[0].ideal_cycle_s == 1.0
    again = read(tmp_path, write_factory_toml(factory))
    assert (again.calendar, dict(again.ideal_cycles_s), again.tables[0].ideal_cycle_s) == (
        factory.calendar,
        dict(factory.ideal_cycles_s),
        1.0,
    )


def test_no_holidays_where_the_country_is_empty(tmp_path: Path) -> None:
    factory = read(tmp_path, '[calendar]\ncountry = ""\n[[calendar.shifts]]\nstart = "08:00"\nend = "08:00"\n')

    assert factory.calendar is not None
    assert factory.calendar.country is None


SHIFT = '[[calendar.shifts]]\nstart = "08:00"\nend = "17:00"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[calendar]\n", "'calendar.shifts' is missing; it is required."),
        ("[calendar]\nshifts = []\n", "'calendar.shifts' is []; expected a list that is not empty."),
        ('[calendar]\ncountry = "XX"\n' + SHIFT, "'calendar.country' is 'XX'; expected a country code"),
        ('[calendar]\nclosed = ["2026-08-03"]\n' + SHIFT, "expected a date without quotes, for example 2026-08-03"),
        (SHIFT + 'break = ["12:00-13:00"]\n', "Did you mean 'breaks'?"),
        (SHIFT + 'breaks = ["noon"]\n', "'calendar.shifts.0.breaks.0' is 'noon'; expected a break"),
        (SHIFT + 'breaks = ["12:00-12:00"]\n', "expected a break that has a length"),
        (SHIFT + 'breaks = ["18:00-18:10"]\n', "one of its breaks (18:00-18:10) lies outside the shift."),
        (SHIFT + 'days = ["friyay1"]\n', "expected a day of the week"),
        (
            '[[calendar.shifts]]\nstart = "8시"\nend = "17:00"\n',
            "'calendar.shifts.0.start' is '8시'; expected a time of day",
        ),
        ("[calendar]\nclosed = [2026-01-02]\nworked = [2026-01-02]\n" + SHIFT, "2026-01-02 stands in both"),
        ("[products.A]\nideal_cycle_s = 0\n", "'products.A.ideal_cycle_s' is 0; expected a number above 0."),
        ("[products.A]\nideal = 3\n", "'products.A.ideal_cycle_s' is missing; it is required."),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)

    assert message in str(refused.value)
    assert refused.value.ko

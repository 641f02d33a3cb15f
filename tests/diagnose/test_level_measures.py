"""What a level is measured from: days of collection, latency of files, what is typed by hand, lots that are traced."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from jasang.diagnose.level import (
    HandedOver,
    RecordKind,
    Stream,
    latency_of_files,
    reaction_hours,
    record_kind,
    records_not_typed,
    share_traced,
    trace_lots,
    uptime_of_days,
)
from jasang.mentor.asked_data import open_evidence
from jasang.plant.factory import Role

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def stream(kind: RecordKind, by_itself: bool, name: str = "x") -> Stream:
    return Stream(name=name, place="p", kind=kind, by_itself=by_itself)


@pytest.mark.parametrize(
    ("name", "role", "kind"),
    [
        ("작업자", Role.CONTEXT, RecordKind.MAN),
        ("operator_id", Role.ID, RecordKind.MAN),
        ("supplier", Role.CONTEXT, RecordKind.MATERIAL),
        ("원료로트", Role.CONTEXT, RecordKind.MATERIAL),
        ("heat_no", Role.ID, RecordKind.MATERIAL),
        ("heater_temp", Role.SENSOR, RecordKind.MACHINE),
        ("room_humidity", Role.SENSOR, RecordKind.ENVIRONMENT),
        ("외기온도", Role.SENSOR, RecordKind.ENVIRONMENT),
        ("barrel_temp", Role.SETTING, RecordKind.METHOD),
        ("melt_SetPoint", Role.SENSOR, RecordKind.METHOD),
        ("barrel_temp", Role.SENSOR, RecordKind.MACHINE),
        ("INJ-01.melt", None, RecordKind.MACHINE),
        ("unit_id", Role.ID, None),
        ("weight", Role.QUALITY, None),
        ("time", Role.TIME, None),
    ],
)
def test_kind_of_a_record(name: str, role: Role | None, kind: RecordKind | None) -> None:
    assert record_kind(name, role) is kind


def test_share_not_typed_is_the_mean_over_the_five_kinds() -> None:
    every = [stream(kind, True) for kind in RecordKind]
    machine_only = [stream(RecordKind.MACHINE, True)] * 40
    half = [stream(kind, by_itself) for kind in RecordKind for by_itself in (True, False)]

    assert [records_not_typed(one) for one in (every, machine_only, half, [])] == [1.0, 0.2, 0.5, None]


def test_uptime_counts_ninety_days_each_once() -> None:
    whole = [(TODAY - timedelta(days=number), 1.0) for number in range(200)]

    assert uptime_of_days(whole, TODAY) == 1.0
    assert uptime_of_days(whole + whole, TODAY) == 1.0
    assert uptime_of_days(whole, TODAY + timedelta(days=45)) == 0.5
    assert uptime_of_days([(TODAY, 0.5), (TODAY + timedelta(days=1), 1.0)], TODAY) == pytest.approx(0.5 / 90)


def test_latency_of_files_is_the_age_of_their_new_rows() -> None:
    def version(day: int, since: int, hours: float) -> HandedOver:
        last = NOON + timedelta(days=day)
        return HandedOver(at=last + timedelta(hours=hours), first=NOON - timedelta(days=since), last=last)

    daily = [version(day, 30, 1) for day in range(5)]

    # The first version's 30 days are half a month old, the others' new rows half a day, and all wait an hour.
    assert latency_of_files(daily) == 13 * 3600
    assert latency_of_files(daily[:1]) == 15 * 86400 + 3600
    assert latency_of_files([daily[0], daily[0]]) == 15 * 86400 + 3600
    assert latency_of_files([]) is None


def test_reaction_is_the_median() -> None:
    assert (reaction_hours([1, 100, 3]), reaction_hours([])) == (3, None)


def units(folder: Path, *columns: str, rows: int = 40) -> Path:
    known = {
        "unit_id": [f"U{number:05d}" for number in range(rows)],
        "time": [f"2026-11-0{1 + number // 10} 0{number % 10}:00:00" for number in range(rows)],
        "machine": ["INJ-01" if number % 2 else "INJ-02" for number in range(rows)],
        "supplier": ["S1" if number % 4 else "" for number in range(rows)],
        "barrel_temp": [str(230 + number % 7) for number in range(rows)],
        "defect": ["NG" if number % 9 == 0 else "OK" for number in range(rows)],
    }
    lines = [",".join(columns)] + [",".join(known[name][number] for name in columns) for number in range(rows)]
    file = folder / "units.csv"
    file.write_text("\n".join(lines), "utf-8")
    (folder / "factory.toml").write_text(
        '[factory]\nname = "x"\n[[tables]]\nfile = "units.csv"\nkind = "units"\ntime = "time"\nasset_column = "machine"\n'
        + "".join(
            f'[columns.{name}]\nrole = "{role}"\n'
            for name, role in (
                ("unit_id", "id"), ("supplier", "context"), ("barrel_temp", "setting"), ("defect", "defect"),
            )
            if name in columns
        ),
        "utf-8",
    )  # fmt: skip
    return folder


def test_a_row_is_traced_when_every_link_is_filled(tmp_path: Path) -> None:
    folder = units(tmp_path, "unit_id", "time", "machine", "supplier", "barrel_temp", "defect")
    with open_evidence(folder) as evidence:
        (found,) = trace_lots(evidence)

    assert (found.rows, found.traced) == (40, 30)  # every fourth has no supplier
    assert found.links == {"lot": 40, "material": 30, "machine": 40, "conditions": 40, "inspection": 40}
    assert share_traced((found,)) == 0.75
    assert share_traced(()) is None


def test_rows_without_a_number_cannot_be_traced(tmp_path: Path) -> None:
    with open_evidence(units(tmp_path, "time", "machine", "supplier", "barrel_temp", "defect")) as evidence:
        (found,) = trace_lots(evidence)

    assert (found.links["lot"], found.traced) == (0, 0)


def test_inspection_in_another_table_and_readings_of_a_collector_count(tmp_path: Path) -> None:
    folder = units(tmp_path, "unit_id", "time", "machine", "supplier")
    lines = ["unit_id,length"] + [f"U{number:05d},{10 + number % 3 / 10}" for number in range(20)]
    (folder / "inspection.csv").write_text("\n".join(lines), "utf-8")
    toml = (folder / "factory.toml").read_text("utf-8")
    (folder / "factory.toml").write_text(
        toml.replace(
            "[columns",
            '[[tables]]\nfile = "inspection.csv"\nkind = "units"\n[columns.length]\nrole = "quality"\n[columns',
            1,
        ),
        "utf-8",
    )
    day = datetime(2026, 10, 31, 15, tzinfo=UTC)  # the first of November in Seoul
    with open_evidence(folder) as evidence:
        alone = trace_lots(evidence)[0]
        found = next(one for one in trace_lots(evidence, [(day, day + timedelta(days=1))]) if one.file == "units.csv")

    assert (alone.links["inspection"], alone.links["conditions"], alone.traced) == (20, 0, 0)
    assert (found.links["conditions"], found.traced) == (10, 7)  # three of the day's rows have no supplier

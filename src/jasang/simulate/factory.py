"""A virtual factory's folder: days of the cell as the files that a firm hands over (docs/factory-folder.md)."""

import csv
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from jasang.errors import JasangError
from jasang.plant.text import Progress, Text, silent
from jasang.simulate.cell import ADJUSTMENTS, LOCAL, Cell, Shot
from jasang.simulate.faults import Fault, plant
from jasang.simulate.recipe import SETTINGS
from jasang.simulate.sensors import SENSORS

SIGNAL_EVERY = 60.0  # s between two rows of signals.csv
ASSET = "INJ-01"
# Process values of the shot record, then the machine's sensors at its end.
SHOT_SENSORS = {
    "peak_pressure": "bar", "fill_time": "s", "dosing_time": "s", "cushion": "mm", "switchover_position": "mm",
    "barrel_1_temperature": "°C", "barrel_2_temperature": "°C", "barrel_3_temperature": "°C", "nozzle_temperature": "°C",
    "mould_temperature": "°C", "coolant_temperature": "°C", "coolant_flow": "L/min", "hall_temperature": "°C",
}  # fmt: skip
SIGNALS = tuple(name for name in SENSORS if name not in ("injection_pressure", "screw_position"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFactory:
    """What was written: rows of each table, and the truth about the faults."""

    shots: int
    defects: int
    states: int
    signal_rows: int
    faults: Mapping[str, Fault]


def write_factory(
    folder: Path,
    *,
    days: int,
    seed: int,
    faults: tuple[str, ...] = (),
    start: datetime = datetime(2026, 3, 2, tzinfo=UTC) - LOCAL,
    progress: Progress = silent,
) -> SimulatedFactory:
    """Simulate `days` days from midnight in Korea and write units.csv, states.csv, signals.csv and factory.toml.

    The folder is made; it must not hold such files yet. A faults's onset lies between 35 % and 65 % of the time.
    Raises `JasangError` when the folder cannot be written, `ValueError` for an unknown fault or fewer than 1 day.
    """
    if days < 1:
        raise ValueError(f"a factory is simulated for at least 1 day, got {days}")
    planted = plant(faults, seed=seed, span=days * 86_400.0)
    cell = Cell(seed=seed, start=start, faults=planted)
    with _new_folder(folder) as part:
        counts = _simulate(cell, part, days, progress)
        (part / "factory.toml").write_text(_factory_toml(), encoding="utf-8")
    shots, states, rows = counts
    return SimulatedFactory(shots=shots, defects=cell.bad, states=states, signal_rows=rows, faults=planted)


def _simulate(cell: Cell, folder: Path, days: int, progress: Progress) -> tuple[int, int, int]:
    stage = Text(ko="가상 공장을 돌리는 중", en="running the virtual factory")
    rows = round(days * 86_400.0 / SIGNAL_EVERY)
    with (
        _table(folder / "units.csv") as units,
        _table(folder / "states.csv") as states,
        _table(folder / "signals.csv") as signals,
    ):
        unit_writer, state_writer, signal_writer = csv.writer(units), csv.writer(states), csv.writer(signals)
        unit_writer.writerow(_unit_header())
        state_writer.writerow(["start", "end", "machine", "state", "reason"])
        signal_writer.writerow(["time", *SIGNALS])
        since, state, logged = cell.local, (cell.state, cell.reason), 0
        for row in range(rows):
            samples = cell.readings()
            signal_writer.writerow([_stamp(cell.local), *(samples[name].value for name in SIGNALS)])
            for _ in range(int(SIGNAL_EVERY // 5.0)):
                unit_writer.writerows(_unit_row(shot) for shot in cell.step(5.0))
                if (cell.state, cell.reason) != state:
                    state_writer.writerow([_stamp(since), _stamp(cell.local), ASSET, state[0], state[1]])
                    since, state, logged = cell.local, (cell.state, cell.reason), logged + 1
            if row % 60 == 0:
                progress(stage, row / rows)
        state_writer.writerow([_stamp(since), _stamp(cell.local), ASSET, state[0], state[1]])
    return cell.shots, logged + 1, rows


def _unit_header() -> list[str]:
    return [
        "time", "machine", "shot", "product", "material_lot", "supplier", "operator", *ADJUSTMENTS, *SHOT_SENSORS,
        "cycle_time", "weight", "length", "defect", "defect_type",
    ]  # fmt: skip


def _unit_row(shot: Shot) -> list[object]:
    defect = shot.outcome.defect
    return [
        _stamp((shot.end + LOCAL).replace(tzinfo=None)), ASSET, shot.number, shot.product, shot.lot.name,
        shot.lot.supplier, shot.operator, *(shot.settings[name] for name in ADJUSTMENTS),
        *(shot.readings[name].value for name in SHOT_SENSORS), round(shot.cycle_time, 2),
        round(shot.outcome.weight, 3), round(shot.outcome.length, 3), int(defect is not None), defect,
    ]  # fmt: skip


def _stamp(local: datetime) -> str:
    return (local + timedelta(milliseconds=500)).strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def _table(path: Path) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one that takes its name when all is written, so that a stop leaves nothing half done."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise JasangError(
            ko=f"{folder} 이(가) 이미 있고 비어 있지 않습니다. 새 폴더 이름을 주세요.",
            en=f"{folder} exists and is not empty; expected the name of a new folder",
        )
    part = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        part.mkdir(parents=True)
        try:
            yield part
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        finally:
            if part.exists():
                for file in part.iterdir():
                    file.unlink()
                part.rmdir()
    except OSError as error:
        raise JasangError(
            ko=f"{folder} 에 쓸 수 없습니다: {error}", en=f"{folder} cannot be written: {error}"
        ) from error


def _factory_toml() -> str:
    lines = [
        '[factory]', 'name = "가상 사출 공장"', 'region = "광주"', 'industry = "C22299"', 'timezone = "Asia/Seoul"',
        'currency = "KRW"', '', '[costs]', 'defect = 1200', 'machine_hour = 45000', 'energy_kwh = 130', '',
        '[[tables]]', 'file = "units.csv"', 'kind = "units"', 'time = "time"', 'asset_column = "machine"',
        'product_column = "product"', '',
        '[[tables]]', 'file = "signals.csv"', 'kind = "signals"', 'time = "time"', f'asset = "{ASSET}"', '',
        '[[tables]]', 'file = "states.csv"', 'kind = "states"', 'start = "start"', 'end = "end"',
        'asset_column = "machine"', 'state_column = "state"', 'reason_column = "reason"', '',
    ]  # fmt: skip
    for name in ADJUSTMENTS:
        setting = SETTINGS[name]
        lines += _column(name, "setting", setting.unit, setting.lower, setting.upper)
    for name, unit in SHOT_SENSORS.items():
        lines += _column(name, "sensor", unit)
    for name in SIGNALS:
        if name not in SHOT_SENSORS:
            lines += _column(name, "energy" if name == "power" else "sensor", SENSORS[name].unit)
    for name in ("material_lot", "supplier", "operator"):
        lines += _column(name, "context")
    # The two products differ in size, so their specification limits are the customer's business, not one pair for the column.
    lines += [*_column("weight", "quality", "g"), *_column("length", "quality", "mm"), *_column("defect", "defect")]
    lines += [*_column("defect_type", "reason"), *_column("shot", "id")]
    return "\n".join(lines)


def _column(
    name: str, role: str, unit: str | None = None, lower: float | None = None, upper: float | None = None
) -> list[str]:
    lines = [f"[columns.{name}]", f'role = "{role}"']
    if unit is not None:
        lines.append(f'unit = "{unit}"')
    if lower is not None and upper is not None:
        lines += [f"lower = {lower}", f"upper = {upper}"]
    return [*lines, ""]

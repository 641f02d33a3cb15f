"""What a folder's records say: how long set-ups took, what was really done, and when machines were down."""

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from jasang.analyze.losses.changeovers import Changeovers, changeover_matrix
from jasang.mentor.schedule_tables import ScheduleTable, plain
from jasang.optimize.schedule import Done, Stretch

if TYPE_CHECKING:
    from jasang.mentor.schedule_folder import ScheduleFolder

_DOWN_WORDS = ("down", "breakdown", "fault", "failure", "고장", "비가동", "정지", "정비")
_SETUP_WORDS = ("setup", "changeover", "교체", "준비", "준비교체", "금형교체", "셋업")


def measured_setups(table: ScheduleTable | None) -> dict[str, dict[tuple[str, str], int]]:
    """Median minutes of set-up by machine and (product before, after), from states with machine, start, end, state and product.

    A set-up row belongs to the change from the product of the last row before it to that of the next row after it.
    """
    if table is None or not all(table.has(key) for key in ("machine", "start", "end", "state", "product")):
        return {}
    rows: dict[str, list[tuple[float, float, str, str]]] = defaultdict(list)
    for row in table.rows():
        start, end = table.cell(row, "start"), table.cell(row, "end")
        if start.empty or end.empty:
            continue
        rows[table.cell(row, "machine").text()].append(
            (
                start.moment().timestamp(), end.moment().timestamp(), plain(table.cell(row, "state").text()),
                table.cell(row, "product").text(),
            )
        )  # fmt: skip
    return {machine: matrix for machine, log in rows.items() if (matrix := _matrix(sorted(log)))}


def _matrix(log: list[tuple[float, float, str, str]]) -> dict[tuple[str, str], int]:
    products: dict[str, int] = {}
    starts, before, after, seconds = [], [], [], []
    for at, (start, end, state, _) in enumerate(log):
        if not any(word in state for word in _SETUP_WORDS):
            continue
        earlier = next(
            (one[3] for one in reversed(log[:at]) if one[3] and not any(w in one[2] for w in _SETUP_WORDS)), ""
        )
        later = next((one[3] for one in log[at + 1 :] if one[3] and not any(w in one[2] for w in _SETUP_WORDS)), "")
        if not earlier or not later or earlier == later:
            continue
        starts.append(int(start * 1e6))
        before.append(products.setdefault(earlier, len(products)))
        after.append(products.setdefault(later, len(products)))
        seconds.append(end - start)
    if not starts:
        return {}
    names = list(products)
    found = Changeovers(
        start=np.array(starts), before=np.array(before), after=np.array(after), seconds=np.array(seconds)
    )
    return {
        (names[cell.before], names[cell.after]): max(0, round(cell.median_s / 60)) for cell in changeover_matrix(found)
    }


def done_rows(folder: "ScheduleFolder") -> tuple[Done, ...]:
    """The table of what was done; empty where there is none. Rows without an end (still running) are left out."""
    table = folder.tables.get("actual")
    if table is None:
        return ()
    table.need("order", "machine", "start", "end")
    done = []
    for row in table.rows():
        start, end, step = table.cell(row, "start"), table.cell(row, "end"), table.cell(row, "step")
        if start.empty or end.empty:
            continue
        number = (
            1 if step.empty else int(step.number(least=1, what_ko="1 이상의 공정 순서", what_en="a step from 1 on"))
        )
        low, high = folder.minute(start.moment()), folder.minute(end.moment())
        if high < low:
            raise end.wrong("시작보다 뒤의 시각", "a time after the start")
        done.append(
            Done(
                order=table.cell(row, "order").text(), step=number - 1, machine=table.cell(row, "machine").text(),
                start=low, end=high,
            )
        )  # fmt: skip
    return tuple(done)


def stops_rows(folder: "ScheduleFolder") -> tuple[tuple[str, Stretch], ...]:
    """Breakdowns in the states log, by machine."""
    table = folder.tables.get("states")
    if table is None or not all(table.has(key) for key in ("machine", "start", "end", "state")):
        return ()
    stops = []
    for row in table.rows():
        start, end = table.cell(row, "start"), table.cell(row, "end")
        state = plain(table.cell(row, "state").text())
        if start.empty or end.empty or not any(word in state for word in _DOWN_WORDS):
            continue
        low, high = folder.minute(start.moment()), folder.minute(end.moment())
        if high > low:
            label = table.cell(row, "reason").text() or table.cell(row, "state").text()
            stops.append((table.cell(row, "machine").text(), Stretch(start=low, end=high, label=label)))
    return tuple(stops)

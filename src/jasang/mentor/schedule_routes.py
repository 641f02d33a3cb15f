"""How products are made: the table of routings as operations with machines and times."""

from collections import defaultdict
from math import ceil

from jasang.mentor.schedule_tables import ScheduleTable
from jasang.optimize.schedule import Alternative, Operation

_TIMES = ("minutes_per_piece", "seconds_per_piece", "fixed_minutes")
# What is of a step, whichever machine does it.
_OF_STEP = ("family", "lag", "interruptible", "mould", "operators", "people")


class Routes:
    """The routings by product; a row is one machine that can do one step."""

    def __init__(self, table: ScheduleTable) -> None:
        self._table = table
        table.need("product", "machine")
        if not any(table.has(key) for key in _TIMES):
            table.need("minutes_per_piece")
        steps: dict[str, dict[float, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row in table.rows():
            cell = table.cell(row, "step")
            step = 1.0 if cell.empty else cell.number(least=0, what_ko="공정 순서(수)", what_en="the step's number")
            steps[table.cell(row, "product").text()][step].append(row)
        self._steps = {product: sorted(found.items()) for product, found in steps.items()}
        self.products = tuple(sorted(self._steps))

    def operations(self, product: str, quantity: float) -> tuple[Operation, ...]:
        """The steps of so many pieces of a product."""
        table = self._table
        operations = []
        for step, rows in self._steps[product]:
            self._agree(rows)
            first = rows[0]
            needs: dict[str, int] = {}
            if not table.cell(first, "mould").empty:
                needs[table.cell(first, "mould").text()] = 1
            if not table.cell(first, "operators").empty:
                people = table.cell(first, "people")
                needs[table.cell(first, "operators").text()] = (
                    1
                    if people.empty
                    else int(people.number(least=1, what_ko="1 이상의 인원", what_en="at least 1 person"))
                )
            lag = table.cell(first, "lag")
            operations.append(
                Operation(
                    name=table.cell(first, "operation").text() or f"{step:g}",
                    alternatives=tuple(self._alternative(row, quantity) for row in rows),
                    family=table.cell(first, "family").text() or product,
                    lag=0
                    if lag.empty
                    else round(lag.number(least=0, what_ko="0 이상의 분", what_en="0 minutes or more")),
                    interruptible=table.cell(first, "interruptible").yes(default=True),
                    needs=needs,
                )
            )
        return tuple(operations)

    def _agree(self, rows: list[int]) -> None:
        """Rows of one step are machines to choose from: each machine once, and what the step needs is the same on all of them."""
        table = self._table
        seen: set[str] = set()
        for row in rows:
            machine = table.cell(row, "machine")
            if machine.text() in seen:
                raise machine.wrong(
                    "공정 한 단계에 설비마다 한 행(다른 단계라면 공정순서를 다르게)",
                    "each machine once in a step (another step has another number in the column step)",
                )
            seen.add(machine.text())
            for key in _OF_STEP:
                cell, first = table.cell(row, key), table.cell(rows[0], key)
                if not cell.empty and cell.text() != first.text():
                    said = first.text() or "–"
                    raise cell.wrong(
                        f"같은 단계의 첫 행과 같은 값({said})", f"the same as in the first row of this step ({said})"
                    )

    def _alternative(self, row: int, quantity: float) -> Alternative:
        table, minutes, told = self._table, 0.0, False
        for key, factor in zip(_TIMES, (quantity, quantity / 60, 1.0), strict=True):
            cell = table.cell(row, key)
            if not cell.empty:
                minutes += factor * cell.number(least=0, what_ko="0 이상의 시간", what_en="a time of 0 or more")
                told = True
        machine = table.cell(row, "machine")
        if machine.empty:
            raise machine.wrong("설비 이름", "the machine's name")
        if not told:
            key = next(one for one in _TIMES if table.has(one))
            raise table.cell(row, key).wrong("걸리는 시간(0 이상)", "how long it takes, 0 or more")
        return Alternative(machine=machine.text(), minutes=max(1, ceil(minutes - 1e-9)))

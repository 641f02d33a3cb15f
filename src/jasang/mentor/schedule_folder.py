"""A folder of tables as a scheduling problem. The layout is docs/schedule-folder.md."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from math import ceil
from pathlib import Path
from zoneinfo import ZoneInfo

from jasang.analyze.losses.working_time import planned_time
from jasang.errors import UnreadableInput
from jasang.mentor.factory_data import stated_factory
from jasang.mentor.schedule_calendar import shift_calendars
from jasang.mentor.schedule_history import measured_setups
from jasang.mentor.schedule_routes import Routes
from jasang.mentor.schedule_sheets import planning_sheets
from jasang.mentor.schedule_tables import ScheduleTable, schedule_tables
from jasang.optimize.schedule import (
    Lock,
    Machine,
    Order,
    Resource,
    ScheduleProblem,
    Stretch,
    Weights,
)
from jasang.plant.calendar import Calendar
from jasang.plant.text import Text

_DAY = 24 * 60
_MINUTE = timedelta(minutes=1)
_MOST_LOTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFolder:
    """What a folder says: the problem, whose moments are minutes after `problem.origin`, and the tables for looking back."""

    name: str
    timezone: str
    problem: ScheduleProblem
    notes: tuple[Text, ...]
    tables: Mapping[str, ScheduleTable]

    def minute(self, moment: datetime) -> int:
        """A moment as minutes after the origin."""
        return round((moment - self.problem.origin) / _MINUTE)

    def moment(self, minute: int) -> datetime:
        """Minutes after the origin as a moment on the factory's clock."""
        return (self.problem.origin + minute * _MINUTE).astimezone(ZoneInfo(self.timezone))


def read_schedule_folder(
    path: Path, *, start: datetime | None = None, weights: Weights | None = None, ignore_locks: bool = False
) -> ScheduleFolder:
    """The problem in a folder or workbook; `start` is when planning begins (default: the earliest release date, else now).

    Raises
    ------
    UnreadableInput
        A table or column is missing or a cell makes no sense; names file, row, column, found and expected.
    """
    factory = stated_factory(path)
    timezone = factory.timezone if factory else "Asia/Seoul"
    zone = ZoneInfo(timezone)
    sheets = planning_sheets(path)
    tables = schedule_tables(sheets, zone)
    for kind in ("orders", "routings"):
        if kind not in tables or not tables[kind].source.cells:
            there = ", ".join(sheet.file for sheet in sheets)
            word = {"orders": "주문", "routings": "공정"}[kind]
            raise UnreadableInput(
                ko=f"{path}: {word} 표({kind}.csv 또는 {word}.csv)가 없거나 비어 있습니다. 있는 표: {there}",
                en=f"{path}: the table {kind!r} ({kind}.csv or {word}.csv) is missing or empty. Tables there: {there}",
            )
    reader = _Reader(tables, zone, factory.calendar if factory else None, start)
    problem = reader.problem(weights or Weights(), ignore_locks=ignore_locks)
    name = factory.name if factory else path.resolve().stem
    return ScheduleFolder(name=name, timezone=timezone, problem=problem, notes=tuple(reader.notes), tables=tables)


def new_order(
    folder: ScheduleFolder, *, product: str, quantity: float, release: datetime | None = None, name: str = "NEW"
) -> Order:
    """An order that is not in the folder yet, by the folder's routings.

    Raises
    ------
    UnreadableInput
        The product has no routing.
    """
    routes = Routes(folder.tables["routings"])
    if product not in routes.products:
        known = ", ".join(routes.products[:15])
        raise UnreadableInput(
            ko=f"제품 '{product}'의 공정이 없습니다. 있는 제품: {known}",
            en=f"There is no routing of product {product!r}. There are: {known}",
        )
    return Order(
        name=name, product=product, quantity=quantity, operations=routes.operations(product, quantity),
        release=0 if release is None else max(0, folder.minute(release)),
    )  # fmt: skip


class _Reader:
    """Reads one folder; collects notes on the way."""

    def __init__(
        self, tables: Mapping[str, ScheduleTable], zone: ZoneInfo, calendar: Calendar | None, start: datetime | None
    ) -> None:
        self._tables, self._zone, self._calendar = tables, zone, calendar
        self.notes: list[Text] = []
        self.origin = (
            (start or self._first_release() or datetime.now(UTC)).astimezone(UTC).replace(second=0, microsecond=0)
        )

    def _first_release(self) -> datetime | None:
        table = self._tables["orders"]
        cells = [table.cell(row, "release") for row in table.rows()]
        return min((cell.moment() for cell in cells if not cell.empty), default=None)

    def _minute(self, moment: datetime) -> int:
        return round((moment - self.origin) / _MINUTE)

    def problem(self, weights: Weights, *, ignore_locks: bool) -> ScheduleProblem:
        routes = Routes(self._tables["routings"])
        orders = self._orders(routes)
        work = sum(min(one.minutes for one in step.alternatives) for order in orders for step in order.operations)
        last_due = max((order.due or 0 for order in orders), default=0)
        days = min(1100, max(45, ceil(1.5 * max(0, last_due) / _DAY) + 30 + ceil(work / 240)))
        self._check_resources()
        closed = self._downtime()
        resources = self._resources(orders, closed, days)
        machines = self._machines(orders, closed, days)
        locks = () if ignore_locks else self._locks(orders)
        self._check_names(set(closed), {one.name for one in machines} | {one.name for one in resources})
        try:
            return ScheduleProblem(
                orders=orders, machines=machines, resources=resources, locks=locks, weights=weights, origin=self.origin,
                horizon=days * _DAY,
            )  # fmt: skip
        except ValueError as error:
            raise UnreadableInput(
                ko=f"일정 문제가 맞지 않습니다: {error}", en=f"The tables do not fit together: {error}"
            ) from error

    def _orders(self, routes: Routes) -> tuple[Order, ...]:
        table = self._tables["orders"]
        table.need("order", "product", "quantity")
        table.once("order", "주문 번호", "an order")
        orders: list[Order] = []
        for row in table.rows():
            name, product = table.cell(row, "order").text(), table.cell(row, "product")
            if not name:
                raise table.cell(row, "order").wrong("주문 번호", "the order's name")
            if product.text() not in routes.products:
                known = ", ".join(routes.products[:15])
                raise product.wrong(f"공정 표에 있는 제품({known})", f"a product of the routings ({known})")
            quantity = table.cell(row, "quantity").number(
                least=1e-9, what_ko="0보다 큰 수량", what_en="a quantity above 0"
            )
            due, release, weight = table.cell(row, "due"), table.cell(row, "release"), table.cell(row, "weight")
            lot = table.cell(row, "lot")
            size = (
                quantity
                if lot.empty
                else lot.number(least=1e-9, what_ko="0보다 큰 로트 크기", what_en="a lot size above 0")
            )
            parts = max(1, ceil(quantity / size - 1e-9))
            if parts > _MOST_LOTS:
                raise lot.wrong(
                    f"수량 {quantity:g}을(를) {_MOST_LOTS}개 이하로 나누는 로트 크기",
                    f"a lot size that splits {quantity:g} into {_MOST_LOTS} parts at most",
                )
            whole = Order(
                name=name, product=product.text(), quantity=quantity,
                operations=routes.operations(product.text(), quantity),
                release=0 if release.empty else max(0, self._minute(release.moment())),
                # A due date without a time means the end of that day.
                due=None if due.empty else self._minute(due.moment(at=time(23, 59))),
                hard=table.cell(row, "hard").yes(default=False) and not due.empty,
                weight=1.0 if weight.empty else weight.number(least=0, what_ko="0 이상의 수", what_en="a weight of 0 or more"),
                promised=table.cell(row, "promised").yes(default=True),
            )  # fmt: skip
            if parts == 1:
                orders.append(whole)
            for part in range(parts) if parts > 1 else ():
                amount = min(size, quantity - part * size)
                orders.append(
                    replace(
                        whole, name=f"{name}/{part + 1}", quantity=amount, weight=whole.weight / parts,
                        operations=routes.operations(product.text(), amount),
                    )
                )  # fmt: skip
        return tuple(orders)

    def _downtime(self) -> dict[str, list[Stretch]]:
        closed: dict[str, list[Stretch]] = defaultdict(list)
        table = self._tables.get("downtime")
        if table is None:
            return closed
        key = "name" if table.has("name") else "machine"
        table.need(key, "start", "end")
        for row in table.rows():
            begin, end = table.cell(row, "start"), table.cell(row, "end")
            low, high = self._minute(begin.moment()), self._minute(end.moment(at=time(23, 59)))
            if high <= low:
                raise end.wrong("시작보다 뒤의 시각", "a time after the start")
            reason = table.cell(row, "reason").text() or "정비"
            named = closed[table.cell(row, key).text()]
            if high > 0:
                named.append(Stretch(start=max(0, low), end=high, label=reason))
        return closed

    def _check_names(self, named: set[str], known: set[str]) -> None:
        """Refuse downtime of something that is not there: a slip of the pen would silently be no downtime."""
        for name in sorted(named - known):
            file, there = self._tables["downtime"].source.file, ", ".join(sorted(known))
            raise UnreadableInput(
                ko=f"{file}: '{name}'은(는) 설비도 금형도 작업조도 아닙니다. 있는 이름: {there}",
                en=f"{file}: {name!r} is no machine, mould or group of people. There are: {there}",
            )

    def _check_resources(self) -> None:
        """Moulds and groups of the routings are in their tables, where there are such."""
        for kind, key in (("moulds", "mould"), ("operators", "operators")):
            there = list(self._listed(kind, key))
            if there:
                self._check_column("routings", key, there)

    def _check_column(self, kind: str, key: str, known: list[str]) -> None:
        """Refuse a name that is not known: what it says would silently be left out."""
        table = self._tables.get(kind)
        if table is None:
            return
        for row in table.rows():
            cell = table.cell(row, key)
            if not cell.empty and cell.text() not in known:
                there = ", ".join(known[:30])
                raise cell.wrong(f"있는 이름({there})", f"one of the names there are ({there})")

    def _machines(self, orders: tuple[Order, ...], closed: dict[str, list[Stretch]], days: int) -> tuple[Machine, ...]:
        used = {one.machine for order in orders for step in order.operations for one in step.alternatives}
        listed = self._listed("machines", "machine")
        if listed:
            routings = self._tables["routings"]
            for row in routings.rows():
                cell = routings.cell(row, "machine")
                if cell.text() not in listed:
                    raise cell.wrong(
                        f"설비 표에 있는 설비({', '.join(listed)})",
                        f"a machine of the table machines ({', '.join(listed)})",
                    )
        for kind in ("shifts", "setups"):
            self._check_column(kind, "machine", sorted({*listed, *used}))
        calendars = shift_calendars(self._tables.get("shifts"), self._calendar)
        setups, other = self._setups()
        machines = []
        for name in dict.fromkeys([*listed, *sorted(used)]):
            place, table = listed.get(name), self._tables.get("machines")
            family = table.cell(place, "family").text() if table is not None and place is not None else ""
            free = table.cell(place, "free_from") if table is not None and place is not None else None
            machines.append(
                Machine(
                    name=name, family=family, setups=setups.get(name) or setups.get("", {}),
                    other_setup=other.get(name, other.get("", 0)),
                    closed=(*self._shut(calendars.get(name) or calendars.get(""), days), *closed.get(name, ())),
                    free_from=0 if free is None or free.empty else max(0, self._minute(free.moment())),
                )
            )  # fmt: skip
        return tuple(machines)

    def _shut(self, calendar: Calendar | None, days: int) -> tuple[Stretch, ...]:
        """When the calendar plans no work."""
        if calendar is None:
            return ()
        last = self.origin + timedelta(days=days)
        spans = planned_time(calendar, self.origin, last, timezone=str(self._zone))
        epoch = int(self.origin.timestamp())
        edges = [0]
        for begin, end in zip(spans.start.tolist(), spans.end.tolist(), strict=True):
            edges += [round((begin / 1e6 - epoch) / 60), round((end / 1e6 - epoch) / 60)]
        edges.append(days * _DAY)
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return tuple(Stretch(start=low, end=high, label="근무 외") for low, high in pairs if high > low)

    def _listed(self, kind: str, key: str) -> dict[str, int]:
        table = self._tables.get(kind)
        if table is None:
            return {}
        table.need(key)
        if kind != "operators":  # a group may have several shifts
            table.once(
                key, {"machines": "설비", "moulds": "금형"}[kind], {"machines": "a machine", "moulds": "a mould"}[kind]
            )
        return {table.cell(row, key).text(): row for row in table.rows()}

    def _setups(self) -> tuple[dict[str, dict[tuple[str, str], int]], dict[str, int]]:
        """Minutes by machine ("" = all) and pair; a row whose from and to are empty or * is what any other change takes."""
        setups: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
        other: dict[str, int] = {}
        table = self._tables.get("setups")
        if table is None:
            measured = measured_setups(self._tables.get("states"))
            if measured:
                pairs = sum(map(len, measured.values()))
                self.notes.append(
                    Text(
                        ko=f"교체 시간표가 없어 설비 상태 기록에서 잰 교체 시간({pairs}쌍의 중앙값)을 썼습니다.",
                        en=f"There is no table of set-ups: the medians of {pairs} pairs in the states log were used.",
                    )
                )
                for name, matrix in measured.items():
                    other[name] = round(sum(matrix.values()) / len(matrix))
            return measured, other
        table.need("before", "after", "minutes")
        for row in table.rows():
            minutes = round(
                table.cell(row, "minutes").number(least=0, what_ko="0 이상의 분", what_en="0 minutes or more")
            )
            machine = table.cell(row, "machine").text()
            before, after = table.cell(row, "before").text(), table.cell(row, "after").text()
            if before in ("", "*") and after in ("", "*"):
                other[machine] = minutes
            elif setups[machine].setdefault((before, after), minutes) != minutes:
                said = setups[machine][before, after]
                raise table.cell(row, "minutes").wrong(
                    f"앞에 적은 같은 교체와 같은 값({said}분)", f"the same as for this change above ({said} minutes)"
                )
        return {name: {**setups.get("", {}), **matrix} for name, matrix in setups.items()}, other

    def _resources(
        self, orders: tuple[Order, ...], closed: dict[str, list[Stretch]], days: int
    ) -> tuple[Resource, ...]:
        needed: dict[str, int] = {}
        for order in orders:
            for step in order.operations:
                for name, amount in step.needs.items():
                    needed[name] = max(needed.get(name, 0), amount)
        resources = []
        moulds, people = self._listed("moulds", "mould"), self._listed("operators", "operators")
        for name in dict.fromkeys([*moulds, *people, *needed]):
            table, row = (
                (self._tables["moulds"], moulds[name])
                if name in moulds
                else (self._tables.get("operators"), people.get(name))
            )
            count = table.cell(row, "count") if table is not None and row is not None else None
            capacity = (
                1
                if count is None or count.empty
                else int(count.number(least=1, what_ko="1 이상의 수", what_en="1 or more"))
            )
            if count is not None and capacity < needed.get(name, 0):
                raise count.wrong(
                    f"한 공정에 필요한 {needed[name]} 이상", f"at least the {needed[name]} that one operation needs"
                )
            if row is None and needed.get(name, 0) > capacity:
                capacity = needed[name]
            shut: tuple[Stretch, ...] = ()
            if name in people and table is not None:
                own = shift_calendars(table, self._calendar) if table.has("start") and row is not None else {}
                shut = self._shut(own.get(name), days)
            resources.append(Resource(name=name, capacity=capacity, closed=(*shut, *closed.get(name, ()))))
        return tuple(resources)

    def _locks(self, orders: tuple[Order, ...]) -> tuple[Lock, ...]:
        table = self._tables.get("locks")
        if table is None:
            return ()
        table.need("order", "machine", "start")
        names = {order.name: order for order in orders}
        locks = []
        for row in table.rows():
            order, step = table.cell(row, "order"), table.cell(row, "step")
            if order.text() not in names:
                raise order.wrong("주문 표에 있는 주문", "an order of the orders table")
            count = len(names[order.text()].operations)
            number = (
                1
                if step.empty
                else int(step.number(least=1, what_ko=f"1~{count}번째 공정", what_en=f"a step from 1 to {count}"))
            )
            if number > count:
                raise step.wrong(f"1~{count}번째 공정", f"a step from 1 to {count}")
            able = [one.machine for one in names[order.text()].operations[number - 1].alternatives]
            machine = table.cell(row, "machine")
            if machine.text() not in able:
                raise machine.wrong(
                    f"그 공정을 할 수 있는 설비({', '.join(able)})",
                    f"a machine that can do the step ({', '.join(able)})",
                )
            moment = table.cell(row, "start").moment()
            locks.append(Lock(order=order.text(), step=number - 1, machine=machine.text(), start=self._minute(moment)))
        return tuple(locks)

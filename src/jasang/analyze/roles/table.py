"""A whole table guessed: the votes of its columns, then what only the columns together can tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from jasang.analyze.roles.axes import TimeAxis, axis_votes, by_hour, time_axis
from jasang.analyze.roles.behaviour import Behaviour, Values, behaviours, numbers_in_text
from jasang.analyze.roles.gauge import GaugeColumns, gauge_columns
from jasang.analyze.roles.guess import RoleGuess, TableGuess
from jasang.analyze.roles.kinds import KindGuess, table_kind
from jasang.analyze.roles.names import NameReading, read_name
from jasang.analyze.roles.shapes import LongForm, long_form
from jasang.analyze.roles.verdict import bad_values, main_flag
from jasang.analyze.roles.vocabulary import Concept
from jasang.analyze.roles.votes import Vote, behaviour_votes, fit, name_votes, reason_for, weigh
from jasang.plant.factory import Column, Kind, Role, Table
from jasang.plant.text import Text

STATED = Text(ko="factory.toml에 적혀 있음", en="factory.toml says so")


@dataclass(slots=True)
class _Work:
    """The guess of a table while it is being made."""

    sample: pl.DataFrame
    found: dict[str, Behaviour]
    readings: dict[str, NameReading]
    votes: dict[str, list[Vote]]
    stated: Mapping[str, Column]
    forced: dict[str, tuple[Role, Text]] = field(default_factory=dict)

    def roles(self) -> dict[str, Role]:
        """The role of every column as the votes stand now."""
        return {name: self.role(name) for name in self.found}

    def role(self, name: str) -> Role:
        if name in self.stated:
            return self.stated[name].role
        if name in self.forced:
            return self.forced[name][0]
        odds = weigh(self.votes[name])
        return max(odds, key=lambda role: odds[role])

    def force(self, name: str, role: Role, ko: str, en: str) -> None:
        if name not in self.stated:
            self.forced[name] = (role, Text(ko=ko, en=en))

    def guess(self, name: str) -> RoleGuess:
        role = self.role(name)
        if name in self.stated:
            return RoleGuess(column=name, role=role, confidence=1.0, reason=STATED)
        odds = weigh(self.votes[name])
        if name in self.forced:
            return RoleGuess(column=name, role=role, confidence=max(0.7, odds[role]), reason=self.forced[name][1])
        return RoleGuess(column=name, role=role, confidence=odds[role], reason=reason_for(role, self.votes[name]))


def infer_table(
    file: str,
    sample: pl.DataFrame,
    rows: int,
    stated: Mapping[str, Column] | None = None,
    stated_table: Table | None = None,
) -> TableGuess:
    """Guess the role of every column of a table, its time, machine and product, and what its rows are.

    Parameters
    ----------
    file
        The table's file name.
    sample
        Some of its rows in file order: numbers, texts, truth values, `Datetime("us", "UTC")`, `Time` for a mere time of day.
    rows
        Rows of the whole table.
    stated, stated_table
        What factory.toml says about columns and the table; it outranks every guess.
    """
    said = dict(stated or {})
    if stated_table is not None:
        said |= {column.name: column for column in stated_table.columns}
    said = {name: column for name, column in said.items() if name in sample.columns}
    found = behaviours(sample)
    readings = {name: read_name(name) for name in found}
    work = _Work(
        sample=sample,
        found=found,
        readings=readings,
        votes={
            name: [*name_votes(readings[name], one), *behaviour_votes(one, nameless=_nameless(readings[name]))]
            for name, one in found.items()
        },
        stated=said,
    )
    _state_axes(work, stated_table)
    _nameless_axes(work)
    axis = time_axis(work.roles(), found, sample)
    _shifts(work, axis)
    _settings_within(work)
    _one_verdict(work)
    asset, product = _asset_and_product(work)
    axis = _stated_axis(time_axis(work.roles(), found, sample), stated_table)
    _settle_times(work, axis)
    long = long_form(work.roles(), found, sample, axis)
    gauge = gauge_columns(found, sample)
    kind = _kind(work, axis, asset, rows, long, gauge)
    if stated_table is not None:
        kind = KindGuess(kind=stated_table.kind, confidence=1.0, reason=STATED)
    _fit_to_kind(work, kind.kind, long, gauge)
    table = _table(file, work, kind.kind, axis, (asset, product), long, gauge, stated_table)
    return TableGuess(
        table=table,
        guesses=tuple(work.guess(name) for name in found),
        kind_confidence=kind.confidence,
        kind_reason=kind.reason,
        axis_reason=_axis_reason(table),
    )


def _nameless(reading: NameReading) -> bool:
    """Whether the name leaves it open that the column is a verdict."""
    return reading.meaningless or reading.has(Concept.VERDICT, Concept.GOOD, Concept.REASON)


def _state_axes(work: _Work, stated_table: Table | None) -> None:
    """What `[[tables]]` of factory.toml says about columns."""
    if stated_table is None:
        return
    named = {
        stated_table.asset_column: Role.ASSET,
        stated_table.product_column: Role.PRODUCT,
        stated_table.start: Role.START,
        stated_table.end: Role.END,
        stated_table.time: Role.TIME,
        stated_table.date: Role.TIME,
        stated_table.state_column: Role.STATE,
        stated_table.reason_column: Role.REASON,
        stated_table.signal_column: Role.SIGNAL,
        stated_table.value_column: Role.VALUE,
    }
    for name, role in named.items():
        if name in work.found and name not in work.stated:
            work.stated = {**work.stated, name: Column(name=name, role=role)}


def _process_numbers(work: _Work) -> dict[str, np.ndarray]:
    """The columns that may be measurements, float64, at most 40 of them."""
    roles = work.roles()
    names = [
        name
        for name, one in work.found.items()
        if one.values is Values.NUMBER
        and not one.constant
        and roles[name] in (Role.SENSOR, Role.SETTING, Role.QUALITY)
        and one.levels > 2
    ]
    return {
        name: numbers_in_text(work.sample[name]).cast(pl.Float64, strict=False).fill_nan(None).to_numpy()
        for name in names[:40]
    }


def _nameless_axes(work: _Work) -> None:
    """Machine and product among texts whose names say nothing."""
    roles = work.roles()
    taken = frozenset(role for role in roles.values() if role in (Role.ASSET, Role.PRODUCT))
    unknown = [
        name
        for name, one in work.found.items()
        if work.readings[name].meaningless
        and roles[name] is Role.CONTEXT
        and one.values is Values.TEXT
        and 2 <= one.levels <= 40
        and fit(one).label
        and max((vote.weight for vote in work.votes[name] if vote.role is Role.CONTEXT), default=0.0) <= 2.0
        and not _is_shift(work, name)
    ]
    if unknown and len(taken) < 2:
        for name, vote in axis_votes(unknown, taken, work.found, work.sample, _process_numbers(work)).items():
            work.votes[name].append(vote)


def _is_shift(work: _Work, name: str) -> bool:
    times = [other for other, one in work.found.items() if one.values is Values.TIME and not one.midnight]
    return bool(times) and work.found[name].levels <= 6 and by_hour(work.sample[name], work.sample[times[0]])


def _shifts(work: _Work, axis: TimeAxis) -> None:
    if axis.time is None or work.found[axis.time].values is not Values.TIME:
        return
    for name, one in work.found.items():
        candidate = (
            one.values is Values.TEXT
            and 2 <= one.levels <= 6
            and work.role(name) not in (Role.ASSET, Role.PRODUCT, Role.DEFECT, Role.STATE)
        )
        if candidate and by_hour(work.sample[name], work.sample[axis.time]):
            reason = Text(ko="하루 시간대에 따라 바뀜(근무조)", en="it follows the hour of the day (a shift)")
            work.votes[name].append(Vote(role=Role.CONTEXT, weight=4.0, reason=reason))


def _settings_within(work: _Work) -> None:
    """Settings judged again within each machine and product: machines that alternate hide how long a value is held."""
    roles = work.roles()
    keys = [
        name
        for name, role in roles.items()
        if role in (Role.ASSET, Role.PRODUCT) and not work.found[name].constant and work.found[name].levels <= 60
    ]
    if not keys or work.sample.height < 50:
        return
    grouped = work.sample.sort([pl.col(key).cast(pl.String) for key in keys], maintain_order=True)
    for name, one in work.found.items():
        able = (Role.SENSOR, Role.SETTING, Role.ID, Role.CONTEXT)
        if one.values is not Values.NUMBER or one.constant or one.copy_of or roles[name] not in able:
            continue
        numbers = numbers_in_text(grouped[name]).drop_nulls()
        if one.whole and _counts(numbers):
            reason = Text(
                ko="설비마다 1씩 늘다가 다시 시작하는 번호",
                en="a counter that goes up by 1 on each machine and restarts",
            )
            work.votes[name].append(Vote(role=Role.COUNT, weight=5.5, reason=reason))
        if roles[name] not in (Role.SENSOR, Role.SETTING):
            continue
        changes = float((numbers != numbers.shift(1)).slice(1).mean() or 0.0)  # type: ignore[arg-type]
        held = changes <= 0.1 < one.changes and one.levels <= max(3, one.filled // 20)
        if held:
            reason = Text(
                ko=f"설비나 제품마다 {one.levels}가지 값 가운데 하나로 유지됨",
                en=f"held at one of {one.levels} values for each machine or product",
            )
            work.votes[name].append(Vote(role=Role.SETTING, weight=2.0, reason=reason))


def _counts(numbers: pl.Series) -> bool:
    """Whether whole numbers go up by 1 and start again several times."""
    steps = numbers.cast(pl.Float64).diff().drop_nulls()
    if steps.len() < 20:
        return False
    falls = int((steps < 0).sum())
    return (
        float((steps == 1).sum()) > 0.85 * steps.len() and falls >= 3 and 10 <= numbers.n_unique() < 0.9 * numbers.len()
    )


def _one_verdict(work: _Work) -> None:
    """One column is the verdict; other flags are kinds of defect, and what stands only beside a defect is its reason."""
    flags = [name for name, role in work.roles().items() if role is Role.DEFECT]
    said = [name for name in flags if name in work.stated]
    weights = {name: weigh(work.votes[name])[Role.DEFECT] for name in flags}
    main = said[0] if said else main_flag(flags, work.sample, work.found, weights)
    for name in flags:
        if name != main and name not in said:
            work.force(
                name, Role.REASON, "여러 불량 표시 가운데 불량의 종류", "one of several defect flags: a kind of defect"
            )
    if main is None:
        return
    bad = work.sample[main].cast(pl.String).str.strip_chars().str.to_lowercase().str.replace(r"\.0$", "")
    is_bad = bad.is_in(list(bad_values(main, work.found[main])))
    for name, one in work.found.items():
        if (
            name in work.stated
            or one.values is not Values.TEXT
            or not one.filled > 0
            or work.role(name) not in (Role.CONTEXT, Role.IGNORE, Role.ID)
        ):
            continue
        filled = work.sample[name].is_not_null() & ~work.sample[name].cast(
            pl.String
        ).str.strip_chars().str.to_lowercase().is_in(["", "none", "-", "nan", "정상", "없음", "양품", "ok"])
        if filled.sum() >= 3 and 0 < is_bad.sum() < 0.6 * one.rows:
            share = float((filled & is_bad.fill_null(False)).sum()) / float(filled.sum())
            if share >= 0.95:
                work.force(name, Role.REASON, "불량인 행에만 값이 있음", "filled only where the unit is bad")


def _asset_and_product(work: _Work) -> tuple[str | None, str | None]:
    """The column of machines and that of products; the finer one where several fit, a mould beside a product is context."""
    roles = work.roles()
    odds = {name: weigh(work.votes[name]) for name in work.found}

    def best(role: Role, avoid: Concept | None = None) -> str | None:
        able = [
            name
            for name, found_role in roles.items()
            if found_role is role and work.found[name].values is not Values.EMPTY
        ]
        if not able:
            return None

        def worth(name: str) -> tuple[bool, bool, bool, float, int]:
            one = work.found[name]
            is_mould = avoid is not None and work.readings[name].has(avoid)
            return (
                name in work.stated,
                one.levels <= 400,
                not is_mould or one.levels > 1,
                not one.constant,
                round(odds[name][role], 1),
                -one.position,
            )  # type: ignore[return-value]

        return max(able, key=worth)

    asset = best(Role.ASSET)
    product = best(Role.PRODUCT, Concept.MOULD)
    for name, role in roles.items():
        if role is Role.PRODUCT and name != product and product is not None and work.found[name].named_by != product:
            tells = work.found[product].named_by == name or work.found[name].constant
            if not tells and work.readings[name].has(Concept.MOULD):
                work.force(name, Role.CONTEXT, "제품 열이 따로 있는 금형", "a mould beside a column of products")
    return asset, product


def _stated_axis(axis: TimeAxis, stated_table: Table | None) -> TimeAxis:
    if stated_table is None:
        return axis
    said = {
        key: getattr(stated_table, key)
        for key in ("time", "date", "start", "end")
        if getattr(stated_table, key) is not None
    }
    return replace(axis, **said)


def _settle_times(work: _Work, axis: TimeAxis) -> None:
    if axis.start and axis.end:
        work.force(axis.start, Role.START, "구간의 시작 시각", "the start of an interval")
        work.force(axis.end, Role.END, "구간의 종료 시각", "the end of an interval")
    for name, role in work.roles().items():
        if role in (Role.START, Role.END) and name not in (axis.start, axis.end):
            work.force(name, Role.TIME, "짝이 없는 시각", "a time without its counterpart")


def _kind(
    work: _Work,
    axis: TimeAxis,
    asset: str | None,
    rows: int,
    long: LongForm | None,
    gauge: GaugeColumns | None,
) -> KindGuess:
    if gauge is not None and (axis.time is None or gauge.sure):
        reason = Text(
            ko="측정자마다 같은 부품을 되풀이해 잼", en="every operator measures the same parts several times"
        )
        return KindGuess(kind=Kind.GAUGE, confidence=0.9, reason=reason)
    roles = work.roles()
    if long is not None and not any(role in (Role.DEFECT, Role.START, Role.END) for role in roles.values()):
        reason = Text(ko="시각, 신호 이름, 값으로 된 긴 표", en="a long table of time, signal and value")
        return KindGuess(kind=Kind.SIGNALS, confidence=0.9, reason=reason)
    return table_kind(roles, work.found, work.sample, axis, asset, rows)


def _fit_to_kind(work: _Work, kind: Kind, long: LongForm | None, gauge: GaugeColumns | None) -> None:
    """Roles that only the kind of the table can tell."""
    if kind is Kind.SIGNALS and long is not None:
        work.force(long.signal, Role.SIGNAL, "값이 어느 신호인지 말하는 열", "it names the signal of each value")
        work.force(long.value, Role.VALUE, "신호의 값", "the value of the signal")
    if kind is Kind.GAUGE and gauge is not None:
        if gauge.operator is not None:
            work.force(gauge.operator, Role.CONTEXT, "측정자", "who measured")
        work.force(gauge.part, Role.ID, "잰 부품", "the part measured")
        if gauge.trial is not None:
            work.force(gauge.trial, Role.COUNT, "몇 번째 측정인지", "which repeat of the measurement")
        work.force(gauge.value, Role.VALUE, "잰 값", "the value measured")
        if gauge.reference is not None:
            work.force(gauge.reference, Role.CONTEXT, "부품마다 같은 기준값", "the true value of each part")
    if kind is Kind.STATES and not any(role is Role.STATE for role in work.roles().values()):
        texts = [
            n
            for n, o in work.found.items()
            if o.values is Values.TEXT
            and work.role(n) is Role.CONTEXT
            and 2 <= o.levels <= 15
            and work.readings[n].meaningless
        ]
        if texts:
            work.force(
                texts[0], Role.STATE, "시작과 종료가 있는 표에서 상태를 말하는 열", "the state in a table of intervals"
            )


def _table(
    file: str,
    work: _Work,
    kind: Kind,
    axis: TimeAxis,
    asset_product: tuple[str | None, str | None],
    long: LongForm | None,
    gauge: GaugeColumns | None,
    stated_table: Table | None,
) -> Table:
    roles = work.roles()

    def first(role: Role) -> str | None:
        return next((name for name, found in roles.items() if found is role), None)

    asset, product = asset_product
    flag = first(Role.DEFECT)
    bad = _bad_values(work, flag)
    columns = tuple(
        work.stated.get(name)
        or Column(name=name, role=role, unit=work.readings[name].unit if _has_unit(role) else None)
        for name, role in roles.items()
    )
    columns = tuple(
        replace(c, unit=work.readings[c.name].unit) if c.unit is None and _has_unit(c.role) else c for c in columns
    )
    columns = tuple(replace(c, bad_values=bad) if c.name == flag else c for c in columns)
    values = (long.value if long is not None and kind is Kind.SIGNALS else None) or (
        gauge.value if gauge and kind is Kind.GAUGE else None
    )
    table = Table(
        file=file,
        kind=kind,
        columns=columns,
        time=axis.time or axis.start,
        date=axis.date,
        asset=stated_table.asset if stated_table else None,
        asset_column=asset,
        product_column=product if kind is not Kind.GAUGE else None,
        start=axis.start,
        end=axis.end,
        state_column=first(Role.STATE),
        reason_column=_reason_column(work, roles),
        signal_column=long.signal if long is not None and kind is Kind.SIGNALS else first(Role.SIGNAL),
        value_column=values or first(Role.VALUE),
        bad_values=bad,
    )
    if stated_table is None:
        return table
    said = {
        key: getattr(stated_table, key)
        for key in Table.__dataclass_fields__
        if key not in ("columns", "file", "kind") and getattr(stated_table, key) not in (None, ())
    }
    return replace(table, **said)


def _bad_values(work: _Work, flag: str | None) -> tuple[str, ...]:
    if flag is None:
        return ()
    said = work.stated[flag].bad_values if flag in work.stated else ()
    return said or bad_values(flag, work.found[flag])


def _has_unit(role: Role) -> bool:
    return role in (Role.SETTING, Role.SENSOR, Role.CONTEXT, Role.QUALITY, Role.COUNT, Role.ENERGY, Role.VALUE)


def _reason_column(work: _Work, roles: Mapping[str, Role]) -> str | None:
    reasons = [name for name, role in roles.items() if role is Role.REASON]
    texts = [name for name in reasons if work.found[name].values is Values.TEXT]
    return next(iter(texts or reasons), None)


def _axis_reason(table: Table) -> Text:
    ko, en = [], []
    if table.time:
        ko.append(f"시각은 '{table.date}' 날짜와 '{table.time}'" if table.date else f"시각은 '{table.time}'")
        en.append(f"time is '{table.date}' with '{table.time}'" if table.date else f"time is '{table.time}'")
    else:
        ko.append("시각 열이 없어 행 순서를 씀")
        en.append("no time, so the order of rows counts")
    for column, ko_name, en_name in (
        (table.asset_column, "설비", "machine"),
        (table.product_column, "제품", "product"),
    ):
        if column:
            ko.append(f"{ko_name} 열은 '{column}'")
            en.append(f"{en_name} is '{column}'")
    return Text(ko=", ".join(ko), en=", ".join(en))

"""driver: a setting, sensor or context moves with defects or quality, with the window to hold or the level to look at."""

from collections.abc import Iterator

import numpy as np

from jasang.analyze.causes import OperatingWindow, operating_window
from jasang.analyze.drivers import Driver, Drivers, Shape, find_drivers
from jasang.diagnose.causes_story import Place, lag_words, number_columns, window_rule
from jasang.diagnose.driver_alone import alone_finding
from jasang.diagnose.driver_pairs import pair_finding, pairs_of, without_pairs
from jasang.diagnose.driver_problem import DriverTable, Outcome, driver_table, outcomes, read_outcome
from jasang.diagnose.driver_story import Told, action, amount, chart, place, sentence, wilson
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject, Worth
from jasang.diagnose.prices import defect_price, priced
from jasang.diagnose.rule import Rule
from jasang.diagnose.upstream import with_ids, with_lags
from jasang.plant.factory import Column, Kind, Role
from jasang.plant.text import Text

FAMILY_ERROR = 0.04  # chance that a table without any driver gets one, all outcomes together
_VERDICT_SHARE = 0.75  # of it; the measured qualities share the rest
_ACT_STRENGTH = 3.0  # -log10 of the family-wise p-value: 1 in 1,000
_ACT_RATIO = 1.4  # defect rate outside against inside
_LEAST_SPREADS = 0.2  # a smaller effect on a quality is true in a large table and of no use
_LEAST_MACHINES = 0.8  # between machines
_ACT_SPREADS = 0.3  # effect on a quality in its standard deviations
_LEAST_YEAR_DAYS = 2.0  # a shorter record says nothing of a year


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.of_kind(Kind.UNITS):
        wanted = outcomes(data)
        if not wanted or data.rows < 150:
            continue
        table = with_ids(base, driver_table(base, data))
        if not table.columns:
            continue
        for column in wanted:
            for outcome in read_outcome(table, column):
                joined = with_lags(base, table, outcome) if outcome.binary else table
                found = find_drivers(joined.problem(outcome), alpha=_error_of(outcome, wanted))
                pairs = pairs_of(joined, outcome, found) if outcome.binary else ()
                yield from (pair_finding(base, joined, outcome, found, pair) for pair in pairs)
                yield from _findings(base, joined, outcome, without_pairs(found, pairs))
                # Beside a driver the machine may only be where that driver is worst.
                alone = None if found.drivers or pairs else alone_finding(base, joined, outcome)
                if alone is not None:
                    yield alone


def _error_of(outcome: Outcome, wanted: tuple[Column, ...]) -> float:
    """This outcome's part of the family-wise error rate."""
    verdicts = sum(column.role is Role.DEFECT for column in wanted)
    if verdicts in (0, len(wanted)):
        return FAMILY_ERROR / len(wanted)
    if outcome.binary:
        return FAMILY_ERROR * _VERDICT_SHARE / verdicts
    return FAMILY_ERROR * (1 - _VERDICT_SHARE) / (len(wanted) - verdicts)


def _findings(base: EvidenceBase, table: DriverTable, outcome: Outcome, found: Drivers) -> Iterator[Finding]:
    """One finding for what holds everywhere, and one for each product that has drivers of its own."""
    for product in dict.fromkeys(driver.product for driver in found.drivers):
        mine = [_told(table, outcome, driver) for driver in found.drivers if driver.product == product]
        mine = [told for told in mine if outcome.binary or abs(told.driver.effect) >= _least(told) * found.spread]
        if mine:
            yield _finding(base, found, mine)


def _least(told: Told) -> float:
    """The least effect on a quality worth telling, in its standard deviations; sister machines always differ a little."""
    return _LEAST_MACHINES if told.driver.column == told.table.data.table.asset_column else _LEAST_SPREADS


def _joint_window(told: list[Told]) -> OperatingWindow | None:
    """The window of two or three of the columns told, where the later record bears it out; `None` for one column alone."""
    first, names = told[0], {one.driver.column for one in told if not one.driver.start_up}
    table, outcome = first.table, first.outcome
    columns = [column for column in number_columns(table.columns) if column.name in names]
    if len(columns) < 2 or outcome.two_sided:
        return None
    strata = table.asset * (len(table.products) + 1) + table.product
    found = operating_window(outcome.values, columns, strata=strata, day=table.day)
    return found if found is not None and found.holds and len(found.bounds) > 1 else None


def _told(table: DriverTable, outcome: Outcome, driver: Driver) -> Told:
    return Told(driver=driver, column=table.described(driver.column), table=table, outcome=outcome)


def _finding(base: EvidenceBase, found: Drivers, told: list[Told]) -> Finding:
    first = told[0]
    driver, table, outcome = first.driver, first.table, first.outcome
    since = None if driver.since_row is None else table.moment(driver.since_row)
    days = _days(table.data)
    window = _joint_window(told) if driver.product is None and len(told) > 1 else None
    return Finding(
        rule="driver",
        severity=max((_severity(found, one) for one in told), key=lambda s: s is Severity.ACT),
        subject=Subject(
            table=table.data.table.file,
            column=outcome.column.name,
            asset=table.data.table.asset,
            product=None if driver.product is None else table.products[driver.product],
        ),
        since=None if since is None else as_datetime(since),
        text=_text(told, window),
        action=_action(told),
        evidence=_evidence(found, told),
        causes=tuple(_cause(one) for one in told),
        worth=_worth(base, first, days),
        check=_check_later(found, first, days),
        strength=max(one.driver.strength for one in told),
        charts=tuple(chart(one) for one in told[:3]),
    )


def _severity(found: Drivers, told: Told) -> Severity:
    """Act where the evidence is strong and the difference large enough to be worth the trouble."""
    driver, outcome = told.driver, told.outcome
    if driver.strength < _ACT_STRENGTH or outcome.two_sided:
        return Severity.WATCH
    if outcome.binary:
        return Severity.ACT if driver.effect >= (_ACT_RATIO - 1) * max(driver.inside_mean, 1e-9) else Severity.WATCH
    limits = outcome.column.lower is not None or outcome.column.upper is not None
    return Severity.ACT if limits and driver.effect >= _ACT_SPREADS * found.spread else Severity.WATCH


def _cause(told: Told) -> Cause:
    driver = told.driver
    direction = {Shape.LOW: "up", Shape.HIGH: "down"}.get(driver.shape)
    if driver.shape is Shape.BOTH and driver.window is not None:
        direction = _nearer_side(told)
    return Cause(
        column=driver.column,
        level=driver.level,
        direction=direction,
        window=driver.window,
        effect=driver.effect,
        low=driver.low,
        high=driver.high,
    )


def _nearer_side(told: Told) -> str:
    """The way most of the rows outside have to go."""
    candidate = told.table.candidate(told.driver.column)
    values = getattr(candidate, "values", np.empty(0))
    low, high = told.driver.window or (-np.inf, np.inf)
    return "up" if (values < low).sum() >= (values > high).sum() else "down"


def _text(told: list[Told], window: OperatingWindow | None) -> Text:
    first = sentence(told[0])
    ko, en = first.ko, first.en[0].upper() + first.en[1:]
    source = told[0].table.upstream.get(told[0].driver.column)
    if source is not None:
        words = lag_words(source)
        ko, en = f"{ko} 이 값은 {words.ko}의 값입니다.", f"{en} The value is that of {words.en}."
    if window is not None:
        rule = window_rule(Place(table=told[0].table, outcome=told[0].outcome), window)
        ko, en = f"{ko} 지킬 범위: {rule.ko}.", f"{en} To hold: {rule.en}."
    if len(told) > 1:
        ko += f" 그다음으로 {', '.join(place(one).ko for one in told[1:])}도 그렇습니다."
        en += f" Next come: {'; '.join(place(one).en for one in told[1:])}."
    twins = told[0].driver.twins
    if twins:
        ko += f" {', '.join(twins)}도 거의 똑같이 움직여 이 기록만으로는 가를 수 없습니다."
        en += f" {', '.join(twins)} moves almost alike; this record cannot tell them apart."
    ko += " 함께 움직인다는 뜻이며, 원인인지는 시험해 봐야 압니다."
    en += " It moves with the outcome; whether it is the cause only a trial can tell."
    return Text(ko=ko, en=en)


def _action(told: list[Told]) -> Action:
    return action(told[0])


def _evidence(found: Drivers, told: list[Told]) -> tuple[Evidence, ...]:
    first = told[0]
    driver, outcome = first.driver, first.outcome
    unit = "points" if outcome.binary else outcome.column.unit
    items = [
        Evidence(
            name="effect",
            label=Text(ko="범위 밖과 안의 차이(보정)", en="difference outside minus inside, adjusted"),
            value=driver.effect,
            low=driver.low,
            high=driver.high,
            unit=unit,
        ),
        _mean_evidence(outcome, driver, outside=True),
        _mean_evidence(outcome, driver, outside=False),
        _count("rows_outside", "범위 밖 행", "rows outside", driver.outside_rows),
        _count("rows", "비교한 행", "rows compared", found.rows),
        _count("time_blocks", "서로 독립인 시간 구간", "independent blocks of time", found.blocks),
        _count("episodes", "범위 밖에서 불량이 난 시간 구간", "blocks of time with defects outside", driver.episodes),
        _count("columns_tried", "살펴본 열", "columns tried", found.columns_tried),
        Evidence(
            name="family_wise_p",
            label=Text(ko="모두 살펴본 것까지 셈한 우연일 확률", en="probability by chance, for all that was tried"),
            value=driver.p_value,
        ),
    ]
    proxies = driver.proxies
    if proxies:
        names = ", ".join(proxies)
        items.append(
            _count(
                "proxies",
                f"이 열을 따라 움직일 뿐인 열: {names}",
                f"columns that only follow it: {names}",
                len(proxies),
            )
        )
    left_out = (*found.consequences, *first.table.by_name)
    if left_out:
        names = ", ".join(left_out)
        ko, en = f"결과를 보고 적은 열이라 뺌: {names}", f"left out, written after the verdict: {names}"
        items.append(_count("left_out", ko, en, len(left_out)))
    return tuple(items)


def _count(name: str, ko: str, en: str, value: int) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=float(value))


def _mean_evidence(outcome: Outcome, driver: Driver, *, outside: bool) -> Evidence:
    mean, rows = (driver.outside_mean, driver.outside_rows) if outside else (driver.inside_mean, driver.inside_rows)
    low, high = wilson(mean * rows, rows) if outcome.binary else (None, None)
    side = Text(ko="범위 밖", en="outside") if outside else Text(ko="범위 안", en="inside")
    return Evidence(
        name="outside" if outside else "inside",
        label=Text(ko=f"{outcome.meaning.ko}, {side.ko}", en=f"{outcome.meaning.en}, {side.en}"),
        value=outcome.sign * mean,
        low=low,
        high=high,
        unit="share" if outcome.binary else outcome.column.unit,
    )


def _days(data: TableData) -> float | None:
    if data.time is None or np.isnat(data.time).all():
        return None
    return float((np.nanmax(data.time) - np.nanmin(data.time)) / np.timedelta64(1, "D"))


def _worth(base: EvidenceBase, told: Told, days: float | None) -> Worth | None:
    """Defects avoided in a year times the price of one."""
    driver = told.driver
    if not told.outcome.binary or (days is not None and days < _LEAST_YEAR_DAYS):
        return None
    if days is None:
        return _worth_of_record(base, told)
    if driver.since_row is not None:
        since, last = told.table.moment(driver.since_row), told.table.moment(told.table.order.size - 1)
        if since is not None and last is not None:
            days = max(float((last - since) / np.timedelta64(1, "D")), _LEAST_YEAR_DAYS)
    yearly = driver.outside_rows * 365 / days
    basis = Text(
        ko=(
            f"{days:.0f}일 동안 범위 밖 {driver.outside_rows:,}개 → 1년 {yearly:,.0f}개 × 불량률 차이 "
            f"{amount(told.outcome, driver.effect)}"
        ),
        en=(
            f"{driver.outside_rows:,} outside in {days:.0f} days = {yearly:,.0f} a year × "
            f"{amount(told.outcome, driver.effect)} fewer defects"
        ),
    )
    saved = (yearly * driver.effect, yearly * driver.low, yearly * driver.high)
    return priced(saved, defect_price(base, told.table.data), basis)


def _worth_of_record(base: EvidenceBase, told: Told) -> Worth:
    """The same where no time is known: the record stands for a year, and the basis says so."""
    driver, rows = told.driver, told.driver.outside_rows
    basis = Text(
        ko=f"시각이 없어 이 기록을 1년치로 봄: 범위 밖 {rows:,}개 × 불량률 차이 {amount(told.outcome, driver.effect)}",
        en=f"no times, so this record is taken for a year: {rows:,} outside × {amount(told.outcome, driver.effect)} "
        "fewer defects",
    )
    saved = (rows * driver.effect, rows * driver.low, rows * driver.high)
    return priced(saved, defect_price(base, told.table.data), basis)


def _check_later(found: Drivers, told: Told, days: float | None) -> Check | None:
    """The change of the overall rate, and the days until it stands out from chance (two standard errors)."""
    driver, outcome = told.driver, told.outcome
    rows = driver.inside_rows + driver.outside_rows
    expected = -driver.effect * driver.outside_rows / max(rows, 1)
    metric = "defect_rate" if outcome.binary else outcome.column.name
    if not outcome.binary:
        return Check(metric=metric, expected=outcome.sign * expected, days=14)
    if days is None or days <= 0:
        return Check(metric=metric, expected=expected, days=14)
    needed = 8 * found.mean * (1 - found.mean) / max(expected**2, 1e-12)
    return Check(metric=metric, expected=expected, days=int(np.clip(np.ceil(needed / (found.rows / days)), 7, 90)))


RULE = Rule(name="driver", title=Text(ko="불량과 함께 움직이는 조건", en="What moves with defects"), check=_check)

"""How a driver is told: the sentence, the action, the chart. Templates in both languages; never a cause, always "moves with"."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.drivers import CategoricalColumn, Driver, NumericColumn, Shape, StartCount, StartKind
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.driver_problem import DriverTable, Outcome
from jasang.diagnose.fault_story import number
from jasang.diagnose.finding import Action
from jasang.diagnose.rounding import rounded
from jasang.plant.factory import Column, Role
from jasang.plant.text import Text

_CHART_BINS = 14
_CHART_LEVELS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A driver with the words it needs: its column as the factory described it, `None` for one derived from the times."""

    driver: Driver
    column: Column | None
    table: DriverTable
    outcome: Outcome

    @property
    def unit(self) -> str:
        """A blank and the column's unit, or nothing."""
        return f" {self.column.unit}" if self.column is not None and self.column.unit else ""

    @property
    def start_up(self) -> bool:
        """Whether it speaks of the first units of a run."""
        counts = self.column is None or self.column.role is Role.COUNT
        return counts and self.driver.shape is Shape.LOW

    def limit(self, which: int) -> str:
        """The lower (0) or upper (1) end of the window with its unit."""
        window = self.driver.window or (0.0, 0.0)
        return f"{number(window[which])}{self.unit}"


def rate(share: float) -> str:
    """A rate as a foreman says it: 0.42 %, 3.1 %, 46 %."""
    points = 100 * share
    return f"{points:.2f} %" if abs(points) < 1 else f"{points:.1f} %" if abs(points) < 10 else f"{points:.0f} %"


def amount(outcome: Outcome, value: float, reach: float | None = None) -> str:
    """A value of the outcome in words; `reach` is half its interval, for the digits that are known."""
    if outcome.binary:
        return rate(value)
    unit = f" {outcome.column.unit}" if outcome.column.unit else ""
    shown = number(outcome.sign * value) if reach is None else rounded(outcome.sign * value, reach)
    return f"{shown}{unit}"


def place(told: Told) -> Text:
    """Where the outcome is worse: "mold_temp below 58 °C"."""
    driver, name = told.driver, told.driver.column
    if driver.shape is Shape.LEVEL:
        return Text(ko=f"{name} 항목이 {driver.level}일 때", en=f"where {name} is {driver.level}")
    if told.start_up:
        first = int(np.ceil((driver.window or (1.0, 1.0))[0])) - 1
        start = told.table.start(name)
        if start is not None:
            return _after_start(start, first)
        return Text(
            ko=f"시작 후 처음 {first}개({name} {first} 이하)에서", en=f"in the first {first} ({name} up to {first})"
        )
    own = bool(driver.stratum_windows)
    note = Text(
        ko=f"(제품·설비별 기준, {_at(told).ko})", en=f" (each product on each machine has its own; {_at(told).en})"
    )
    ko_note, en_note = (note.ko, note.en) if own else ("", "")
    if driver.shape is Shape.LOW:
        return Text(
            ko=f"{name} 값이 {told.limit(0)}보다 낮을 때{ko_note}", en=f"where {name} is below {told.limit(0)}{en_note}"
        )
    if driver.shape is Shape.HIGH:
        return Text(
            ko=f"{name} 값이 {told.limit(1)}보다 높을 때{ko_note}", en=f"where {name} is above {told.limit(1)}{en_note}"
        )
    low, high = told.limit(0), told.limit(1)
    return Text(
        ko=f"{name} 값이 {low}~{high} 범위를 벗어날 때{ko_note}", en=f"where {name} leaves {low} to {high}{en_note}"
    )


def _after_start(start: StartCount, first: int) -> Text:
    """ "in the first 11 units after a stop of more than 30 minutes"."""
    if start.kind is StartKind.DAY:
        return Text(ko=f"하루의 처음 {first}개에서", en=f"in the first {first} units of a day")
    if start.kind is StartKind.PRODUCT:
        return Text(ko=f"제품을 바꾼 뒤 처음 {first}개에서", en=f"in the first {first} units after a change of product")
    minutes = round((start.stop or 0) / 60)
    return Text(
        ko=f"{minutes}분 넘게 멈췄다가 다시 시작한 뒤 처음 {first}개에서",
        en=f"in the first {first} units after a stop of more than {minutes} minutes",
    )


def _at(told: Told) -> Text:
    """The product and machine that the window is quoted for."""
    if not told.driver.stratum_windows:
        return Text(ko="전체", en="all")
    window = told.driver.stratum_windows[0]
    names = [told.table.products[window.product]] if window.product >= 0 else []
    names += [told.table.assets[window.asset]] if window.asset >= 0 else []
    joined = " / ".join(names) or "-"
    return Text(ko=joined, en=joined)


def sentence(told: Told) -> Text:
    """The main sentence of a driver."""
    driver, outcome, where = told.driver, told.outcome, place(told)
    inside, outside = driver.inside_mean, driver.outside_mean
    ko_alike = en_alike = ""
    if not driver.low <= outside - inside <= driver.high:
        # Raw means would tell of the mix of products or of the season as well.
        outside = inside + driver.effect
        ko_alike, en_alike = "같은 제품·설비·시기끼리 견주면 ", "comparing like with like, "
    product = told.table.products[driver.product] if driver.product is not None else None
    ko_product, en_product = (f"{product} 제품은 ", f"For {product}, ") if product else ("", "")
    words = (
        (("높습니다", "higher"), ("낮습니다", "lower"))
        if outcome.binary
        else (("큽니다", "larger"), ("작습니다", "smaller"))
    )
    verb, en_verb = words[0] if (outside - inside) * outcome.sign > 0 else words[1]
    low, high = sorted((outcome.sign * driver.low, outcome.sign * driver.high))
    points = 100.0 if outcome.binary else 1.0
    unit = "%p" if outcome.binary else (outcome.column.unit or "")
    en_unit = " points" if outcome.binary else f" {outcome.column.unit}" if outcome.column.unit else ""
    apart = outcome.sign * driver.effect * points
    reach = (driver.high - driver.low) / 2
    return Text(
        ko=(
            f"{ko_alike}{ko_product}{where.ko} {outcome.meaning.ko}이(가) {amount(outcome, outside, reach)}(으)로, "
            f"그 밖의 {amount(outcome, inside, reach)}보다 {verb}"
            f"(제품·설비·시기의 영향을 뺀 차이 {apart:+.3g}{unit}, 95 % 구간 {low * points:.3g}~{high * points:.3g})."
        ),
        en=(
            f"{en_alike}{en_product}{where.en} {outcome.meaning.en} is {amount(outcome, outside, reach)}, {en_verb} than "
            f"{amount(outcome, inside, reach)} elsewhere (difference with product, machine and time held: {apart:+.3g}{en_unit}, "
            f"95 % interval {low * points:.3g} to {high * points:.3g})."
        ),
    )


def action(told: Told) -> Action:
    """What to do: hold the window, or the trial that would tell."""
    driver, name = told.driver, told.driver.column
    if told.outcome.two_sided:
        measured = told.outcome.column.name
        return Action(
            text=Text(
                ko=f"{measured}의 규격이나 목표를 factory.toml에 적으세요. 그러면 {name}의 어느 쪽이 좋은지 말할 수 있습니다.",
                en=f"State limits or a target for {measured} in factory.toml; then it can be said which side of {name} is good.",
            ),
            owner="quality",
        )
    if told.start_up:
        first = int(np.ceil((driver.window or (1.0, 1.0))[0])) - 1
        return Action(
            text=Text(
                ko=f"시작 후 처음 {first}개는 예열품으로 따로 빼고, 예열 시간을 늘린 날과 그대로 둔 날의 불량을 비교하세요.",
                en=f"Set the first {first} after a start aside as warm-up, "
                "and compare days with a longer warm-up with days as now.",
            ),
            owner="operator",
        )
    if driver.shape is Shape.LEVEL:
        return Action(
            text=Text(
                ko=f"{name} {driver.level}만 다르고 나머지 조건은 같게 번갈아 생산해 비교하세요. "
                f"그동안 {driver.level} 쪽 검사를 늘리세요.",
                en=f"Run {driver.level} and another {name} in turn under the same conditions and compare; "
                f"until then inspect {driver.level} more closely.",
            ),
            owner="quality",
        )
    low, high = told.limit(0), told.limit(1)
    span = {
        Shape.LOW: Text(ko=f"{low} 이상으", en=f"at {low} or above"),
        Shape.HIGH: Text(ko=f"{high} 이하", en=f"at {high} or below"),
        Shape.BOTH: Text(ko=f"{low}~{high} 사이", en=f"between {low} and {high}"),
        Shape.LEVEL: Text(ko="-", en="-"),
    }[driver.shape]
    if told.column is not None and told.column.role is Role.SETTING:
        return Action(
            text=Text(
                ko=f"{name} 값을 {span.ko}(으)로 지키고, 2주 동안 지킨 때와 벗어난 때를 비교해 효과를 확인하세요.",
                en=f"Hold {name} {span.en}, and compare after two weeks whether it helped.",
            ),
            owner="engineer",
        )
    return Action(
        text=Text(
            ko=f"{name} 값이 왜 벗어나는지 먼저 찾고, {span.ko}(으)로 맞춘 날과 그대로 둔 날을 번갈아 두어 비교하세요.",
            en=f"Find out why {name} leaves its range, then alternate days with it {span.en} and days as now, and compare.",
        ),
        owner="engineer",
    )


def chart(told: Told) -> Chart:
    """The outcome against the column: in bins with 95 % intervals and the window shaded, or level by level."""
    rows = _rows(told)
    candidate = told.table.candidate(told.driver.column)
    title = Text(
        ko=f"{told.driver.column}에 따라 {told.outcome.meaning.ko}이 어떻게 달라집니까?",
        en=f"How does {told.outcome.meaning.en} move with {told.driver.column}?",
    )
    if isinstance(candidate, CategoricalColumn):
        return _level_chart(told, candidate, rows, title)
    return _number_chart(told, candidate, rows, title)


def _rows(told: Told) -> np.ndarray:
    driver = told.driver
    used = ~np.isnan(told.outcome.values)
    if driver.product is not None:
        used &= told.table.product == driver.product
    if driver.since_row is not None:
        used &= np.arange(used.size) >= driver.since_row
    if driver.stratum_windows:
        first = driver.stratum_windows[0]
        used &= (told.table.product == first.product) & (told.table.asset == first.asset)
    return np.flatnonzero(used)


def _number_chart(told: Told, candidate: NumericColumn, rows: np.ndarray, title: Text) -> Chart:
    values, outcome = candidate.values[rows], told.outcome.values[rows]
    known = ~np.isnan(values)
    values, outcome = values[known], outcome[known]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _CHART_BINS + 1)))
    window = told.driver.window or (float("-inf"), float("inf"))
    # An edge at each end of the window, so that no bin mixes inside and outside.
    below = values[values < window[0]]
    ends = ([float(below.max())] if below.size else []) + [window[1]]
    edges = np.unique(np.concatenate([edges[1:-1], [e for e in ends if values.min() <= e < values.max()]]))
    code = np.searchsorted(edges, values, side="left")
    points = [(float(np.median(values[code == c])), outcome[code == c]) for c in np.unique(code)]
    return Chart(
        title=title,
        x_kind="number",
        x=tuple(x for x, _ in points),
        lines=_mean_lines(told.outcome, [part for _, part in points]),
        marks=(Mark(name=Text(ko="지킬 범위", en="range to hold"), axis="x", at=window[0], to=window[1], look="good"),),
        x_label=Text(ko=f"{told.driver.column}{told.unit}", en=f"{told.driver.column}{told.unit}"),
        y_label=told.outcome.meaning,
        y_unit="%" if told.outcome.binary else told.outcome.column.unit,
    )


def _level_chart(told: Told, candidate: CategoricalColumn, rows: np.ndarray, title: Text) -> Chart:
    codes, outcome = candidate.codes[rows], told.outcome.values[rows]
    counts = np.bincount(codes[codes >= 0], minlength=len(candidate.levels))
    kept = [level for level in np.argsort(-counts, kind="stable")[:200] if counts[level] >= 5]
    worst = sorted(kept, key=lambda level: -float(outcome[codes == level].mean()))[:_CHART_LEVELS]
    lines = _mean_lines(told.outcome, [outcome[codes == level] for level in worst])
    bars = Line(name=lines[0].name, y=lines[0].y, look="bars")
    scale = (100.0 if told.outcome.binary else 1.0) * told.outcome.sign
    return Chart(
        title=title,
        x_kind="category",
        x=tuple(candidate.levels[level] for level in worst),
        lines=(bars, *lines[1:]),
        marks=(Mark(name=Text(ko="평균", en="mean"), axis="y", at=scale * float(outcome.mean()), look="centre"),),
        x_label=Text(ko=told.driver.column, en=told.driver.column),
        y_label=told.outcome.meaning,
        y_unit="%" if told.outcome.binary else told.outcome.column.unit,
    )


def _mean_lines(outcome: Outcome, parts: list[np.ndarray]) -> tuple[Line, ...]:
    middle: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for part in parts:
        if outcome.binary:
            a, b = wilson(float(part.sum()), part.size)
            triple = (100 * float(part.mean()), 100 * a, 100 * b)
        else:
            reach = 1.96 * float(part.std()) / np.sqrt(max(part.size, 1))
            mean = outcome.sign * float(part.mean())
            triple = (mean, mean - reach, mean + reach)
        for line, value in zip((middle, low, high), triple, strict=True):
            line.append(value)
    return (
        Line(name=outcome.meaning, y=tuple(middle), look="points"),
        Line(name=Text(ko="95 % 구간 아래", en="95 % interval, low"), y=tuple(low), look="thin"),
        Line(name=Text(ko="95 % 구간 위", en="95 % interval, high"), y=tuple(high), look="thin"),
    )


def wilson(hits: float, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate."""
    z = float(stats.norm.ppf(0.975))
    if rows == 0:
        return 0.0, 1.0
    share, widened = hits / rows, 1 + z**2 / rows
    middle = (share + z**2 / (2 * rows)) / widened
    reach = z * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2)) / widened
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))

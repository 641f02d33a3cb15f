"""How early warning is told: of 100 bad units so many are known in time, with so many false warnings; and its charts."""

import numpy as np

from jasang.analyze.early_warning import Interval, WarningJudgement
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.finding import Evidence
from jasang.diagnose.warning_problem import WarningTable
from jasang.plant.text import Text

_CURVE_POINTS = 120
_BARS = 80
_NAMES = {
    "pause": Text(ko="앞 개와의 간격", en="pause before the unit"),
    "run": Text(ko="멈춘 뒤 몇 번째", en="place after a stop"),
    "results": Text(ko="알려진 앞 결과", en="results known by then"),
    "product": Text(ko="제품", en="product"),
    "asset": Text(ko="설비", en="machine"),
}


def column_name(table: WarningTable, name: str) -> Text:
    """A feature's column in words; a column of the table keeps its name."""
    own = {column.name for column in table.problem.columns}
    return Text(ko=name, en=name) if name in own else _NAMES.get(name, Text(ko=name, en=name))


def watched(table: WarningTable, judged: WarningJudgement, most: int = 3) -> Text:
    """The columns that tell most, in words."""
    names = [column_name(table, name) for name, share in judged.columns[:most] if share >= 0.03]
    return Text(ko=", ".join(one.ko for one in names), en=", ".join(one.en for one in names))


def promise(judged: WarningJudgement) -> Text:
    """ "Of the next 100 bad units about 62 can be known in time, with 40 false warnings." """
    caught = round(100 * judged.recall.value)
    false = round(100 * judged.counts.false / max(judged.counts.caught + judged.counts.missed, 1))
    low, high = round(100 * judged.recall.low), round(100 * judged.recall.high)
    return Text(
        ko=f"앞으로 나올 불량 100개 가운데 약 {caught}개({low}~{high}개)를 미리 알 수 있고, 그때 헛경보는 {false}번입니다.",
        en=f"Of the next 100 bad units about {caught} ({low} to {high}) can be known in time, with {false} false warnings.",
    )


def refusal(judged: WarningJudgement) -> Text:
    """Why there are no warnings to trust."""
    learned, seen = judged.learned_bad, int(judged.bad.sum())
    if judged.refused == "too_few_bad":
        return Text(
            ko=f"미리 알려 드릴 수 없습니다. 배울 불량이 {learned}개뿐입니다. 앞부분에 12개는 있어야 합니다.",
            en=f"No warning can be given: there are {learned} bad units in all; at least 12 are needed in the earlier part.",
        )
    if judged.refused == "too_few_bad_later":
        return Text(
            ko=f"미리 알려 드릴 수 없습니다. 배운 뒤의 기록에 불량이 {seen}개뿐이라 맞는지 따져 볼 수 없습니다(8개 필요).",
            en=f"No warning can be given: the later part has only {seen} bad units to judge by; 8 are needed.",
        )
    if judged.refused == "no_columns":
        return Text(
            ko="미리 알려 드릴 수 없습니다. 볼 만한 열이 없습니다.", en="No warning can be given: no column changes."
        )
    return Text(
        ko=(
            "미리 알려 드릴 수 없습니다. 나중 기록에서 경보와 불량의 상관(MCC) 95 % 구간이 "
            f"{judged.mcc.low:.2f}~{judged.mcc.high:.2f}로 0을 포함해, 우연보다 낫다고 할 수 없습니다."
        ),
        en=(
            "No warning can be given: on later units the 95 % interval of the correlation of warnings and results (MCC) is "
            f"{judged.mcc.low:.2f} to {judged.mcc.high:.2f} and includes 0: no better than chance."
        ),
    )


def evidence(judged: WarningJudgement) -> tuple[Evidence, ...]:
    """The figures with their intervals."""
    items = [
        _share("recall", "미리 안 불량의 비율", "share of bad units warned of", judged.recall),
        _share("precision", "경보가 맞은 비율", "share of warnings that were right", judged.precision),
        _plain("f1", "F1", "F1", judged.f1),
        _plain("mcc", "경보와 결과의 상관(MCC)", "correlation of warning and result (MCC)", judged.mcc),
        _plain(
            "average_precision",
            "정밀도-재현율 곡선 넓이(PR-AUC)",
            "area under precision-recall (PR-AUC)",
            judged.average_precision,
        ),
        _count("base_rate", "우연일 때의 PR-AUC(불량률)", "PR-AUC by chance (the bad rate)", judged.base_rate),
        _count("judged_units", "판단에 쓴 나중 기록", "later units judged", float(judged.rows.size)),
        _count("judged_bad", "그 가운데 불량", "bad ones among them", float(judged.bad.sum())),
        _count("expected_bad", "모델이 예상한 불량 수", "bad ones the model expected", judged.expected_bad),
        _count(
            "p_value",
            "시간을 어긋나게 해도 이만큼 맞을 확률",
            "chance of as good a fit with results shifted in time",
            judged.p_value,
        ),
    ]
    if judged.warnings_per_day is not None:
        items.append(_count("warnings_per_day", "하루 경보 수", "warnings a day", judged.warnings_per_day))
    return tuple(items)


def _share(name: str, ko: str, en: str, one: Interval) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=one.value, low=one.low, high=one.high, unit="share")


def _plain(name: str, ko: str, en: str, one: Interval) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=one.value, low=one.low, high=one.high)


def _count(name: str, ko: str, en: str, value: float) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=value)


def charts(table: WarningTable, judged: WarningJudgement) -> tuple[Chart, ...]:
    """Precision against recall with the chosen point, warnings and bad units over time, and the columns."""
    return (_curve(judged), _course(judged), _columns(table, judged))


def _curve(judged: WarningJudgement) -> Chart:
    _, precision, recall = judged.curve()
    grid = np.linspace(0.01, 1.0, _CURVE_POINTS)
    place = np.minimum(np.searchsorted(recall, grid), recall.size - 1)
    # From any recall on, the best precision that some threshold with at least this recall has.
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return Chart(
        title=Text(
            ko="불량을 더 많이 미리 알면 경보는 얼마나 맞는가?",
            en="How right are warnings when more bad units are caught?",
        ),
        x_kind="number",
        x=tuple(round(float(x), 4) for x in 100 * grid),
        lines=(
            Line(
                name=Text(ko="맞은 경보 %", en="right warnings %"),
                y=tuple(round(100 * float(y), 2) for y in best[place]),
                look="step",
            ),
        ),
        marks=(
            Mark(
                name=Text(ko="고른 기준", en="chosen"), axis="x", at=round(100 * judged.recall.value, 2), look="event"
            ),
            Mark(
                name=Text(ko="우연일 때", en="by chance"), axis="y", at=round(100 * judged.base_rate, 2), look="limit"
            ),
        ),
        x_label=Text(ko="미리 안 불량 %", en="bad units warned of %"),
        y_label=Text(ko="맞은 경보 %", en="right warnings %"),
    )


def _course(judged: WarningJudgement) -> Chart:
    parts = min(_BARS, max(1, judged.rows.size // 20))
    block = np.arange(judged.rows.size) * parts // max(judged.rows.size, 1)
    right = np.bincount(block, weights=judged.warned & (judged.bad > 0.5), minlength=parts)
    false = np.bincount(block, weights=judged.warned & (judged.bad < 0.5), minlength=parts)
    missed = np.bincount(block, weights=~judged.warned & (judged.bad > 0.5), minlength=parts)
    names = (
        Text(ko="맞은 경보", en="right warnings"),
        Text(ko="헛경보", en="false warnings"),
        Text(ko="놓친 불량", en="missed"),
    )
    start = np.searchsorted(block, np.arange(parts))
    return Chart(
        title=Text(
            ko="나중 기록에서 경보는 언제 울렸고 맞았는가?",
            en="When did warnings come on the later units, and were they right?",
        ),
        x_kind="category",
        x=tuple(f"{int(place) + 1}" for place in start),
        lines=tuple(
            Line(name=name, y=tuple(map(float, y)), look="bars")
            for name, y in zip(names, (right, false, missed), strict=True)
        ),
        x_label=Text(ko="판단한 기록의 순서", en="order of the judged units"),
        y_label=Text(ko="개", en="units"),
    )


def _columns(table: WarningTable, judged: WarningJudgement) -> Chart:
    shown = judged.columns[:12]
    return Chart(
        title=Text(ko="경보는 어느 열을 보고 울리는가?", en="Which columns do the warnings look at?"),
        x_kind="category",
        x=tuple(column_name(table, name).ko for name, _ in shown),
        lines=(
            Line(name=Text(ko="몫 %", en="share %"), y=tuple(round(100 * share, 2) for _, share in shown), look="bars"),
        ),
        y_label=Text(ko="몫 %", en="share %"),
    )

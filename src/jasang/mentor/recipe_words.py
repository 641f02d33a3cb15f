"""The sentences of a recommendation, Korean and English."""

from jasang.diagnose.fault_story import number
from jasang.diagnose.study import Cell
from jasang.mentor.recipe_records import RecipeData
from jasang.optimize.campaigns.setting import Value
from jasang.optimize.recipe import ConstraintChance, Gain, NextExperiment, Reason, ReasonCode, Recommendation, Status
from jasang.plant.factory import Role
from jasang.plant.text import Text


def setting_words(value: Value) -> str:
    """A value as people write it."""
    return value if isinstance(value, str) else number(value)


def is_defect(asked: RecipeData, outcome: str) -> bool:
    """Whether an outcome is told as a rate of defects."""
    return any(column.name == outcome and column.role is Role.DEFECT for column in asked.data.table.columns)


def level_words(asked: RecipeData, outcome: str, value: float) -> str:
    """A level of an outcome with its unit."""
    if is_defect(asked, outcome):
        return f"{100 * value:.2g} %"
    unit = next((column.unit for column in asked.data.table.columns if column.name == outcome), None)
    return f"{number(value)} {unit or ''}".strip()


def target_words(asked: RecipeData) -> Text:
    """The targets as people call them, the leading one first."""
    defect = Text(ko="불량률", en="the defect rate")
    names = [defect if column.role is Role.DEFECT else Text(ko=column.name, en=column.name) for column in asked.targets]
    return Text(ko="·".join(name.ko for name in names), en=" and ".join(name.en for name in names))


def status_words(asked: RecipeData, found: Recommendation) -> Text:
    """What was found where nothing is recommended."""
    name = target_words(asked)
    if found.status is Status.KEEP:
        return Text(ko="지금 설정을 그대로 두세요.", en="Keep today's setting.")
    return Text(
        ko=f"이 기록으로는 어떤 설정이 {name.ko}에 더 나은지 말할 수 없습니다.",
        en=f"These data cannot tell which setting would be better for {name.en}.",
    )


def moves_words(asked: RecipeData, found: Recommendation) -> Text:
    """ "Set barrel_temp from 236 to 229 °C and …"."""
    ko, en = [], []
    units = {setting.name: setting.unit or "" for setting in asked.records.settings}
    for name, to in (found.recommended or {}).items():
        now = found.now[name]
        if to != now:
            unit = f" {units[name]}" if units[name] else ""
            ko.append(f"{name}을(를) {setting_words(now)}에서 {setting_words(to)}{unit}(으)로")
            en.append(f"{name} from {setting_words(now)} to {setting_words(to)}{unit}")
    return Text(ko=f"{', '.join(ko)} 바꾸세요.", en=f"Set {', '.join(en)}.")


def gain_words(asked: RecipeData, gain: Gain) -> Text:
    """From where to where, with the interval of the gain."""
    before, after = level_words(asked, gain.outcome, gain.before), level_words(asked, gain.outcome, gain.after)
    defect = is_defect(asked, gain.outcome)
    scale, unit = (100.0, "%p") if defect else (1.0, "")
    low, high = f"{scale * gain.low:.3g}", f"{scale * gain.high:.3g}"
    if gain.direction == "target":
        return Text(
            ko=f"목표와의 차이가 {before}에서 {after}(으)로 줄 것으로 봅니다(95 % 구간: {low}~{high} 감소).",
            en=f"Its distance from the target should fall from {before} to {after} (95 % interval of the gain {low} to {high}).",
        )
    name_ko, name_en = ("불량률이", "the defect rate") if defect else (f"{gain.outcome}이(가)", gain.outcome)
    unit_en = " points" if defect else ""
    return Text(
        ko=f"{name_ko} {before}에서 {after}(으)로 될 것으로 봅니다(개선의 95 % 구간 {low}~{high}{unit}).",
        en=f"{name_en[0].upper() + name_en[1:]} should go from {before} to {after} "
        f"(95 % interval of the gain {low} to {high}{unit_en}).",
    )


def reason_words(asked: RecipeData, reason: Reason) -> Text:
    """Why, for the foreman."""
    setting, other = reason.setting or "", reason.other
    lot_ko, lot_en = (f"'{other}'", f"'{other}'") if other else ("시간이나 다른 조건", "time or other conditions")
    count = f"{reason.value:,.0f}" if reason.value is not None else "–"
    defect = asked.targets[0].role is Role.DEFECT
    texts = {
        ReasonCode.NEVER_MOVED: Text(
            ko=f"{setting}은(는) 거의 움직인 적이 없습니다.", en=f"{setting} was hardly ever moved."
        ),
        ReasonCode.MOVED_WITH_LOT: Text(
            ko=f"{setting}은(는) {lot_ko}와(과) 함께만 움직여, 어느 쪽의 영향인지 가를 수 없습니다.",
            en=f"{setting} moved only together with {lot_en}, so nobody can say which of them it was.",
        ),
        ReasonCode.MOVED_WITH_SETTING: Text(
            ko=f"{setting}은(는) {other}와(과) 늘 함께 움직였습니다. 둘은 같이 옮겨야 합니다.",
            en=f"{setting} always moved together with {other}; they have to be moved together.",
        ),
        ReasonCode.TOO_FEW_RESULTS: Text(
            ko=f"결과가 너무 적습니다({'불량' if defect else '행'} {count}).",
            en=f"There are too few results ({count} {'defects' if defect else 'rows'}).",
        ),
        ReasonCode.NO_EFFECT: Text(
            ko="한 기간에서 보인 설정의 영향이 다른 기간에서는 되풀이되지 않았습니다.",
            en="What the settings seemed to do in one stretch of the record did not come again in the others.",
        ),
        ReasonCode.NOT_SURE: Text(
            ko="설정이 결과를 움직이기는 하지만, 지금보다 낫다고 95 % 확신할 만한 설정은 없습니다.",
            en="The settings do move the result, but none is better than today's with 95 % confidence.",
        ),
        ReasonCode.CHANGED: Text(
            ko="앞 기간에 맞던 관계가 마지막 기간에는 뒤집혔습니다.",
            en="What held earlier in the record is turned round in its last part.",
        ),
        ReasonCode.CONSTRAINT: Text(
            ko="더 나은 설정이 있지만, 규격이나 다른 결과를 지키지 못합니다.",
            en="There would be better settings, but they break a specification or make another result worse.",
        ),
        ReasonCode.NEAR_BEST: Text(
            ko="기록이 아는 가장 나은 설정과 거의 같습니다.",
            en="It is about the best setting that the record knows.",
        ),
    }
    return texts[reason.code]


def constraint_words(one: ConstraintChance) -> tuple[Cell, ...]:
    """A row of the table of demands."""
    if one.demand == "not_worse":
        return (
            one.outcome,
            Text(ko="더 나빠지지 않기", en="not worse than today"),
            "–",
            f"{100 * one.chance:.0f} %",
        )
    ends = f"{number(one.low) if one.low is not None else '…'}–{number(one.high) if one.high is not None else '…'}"
    shares = f"{100 * (one.share_now or 0):.1f} % → {100 * (one.share or 0):.1f} %"
    return (one.outcome, Text(ko=f"규격 {ends}", en=f"within {ends}"), shares, f"{100 * one.chance:.0f} %")


def trade_words(asked: RecipeData, found: Recommendation) -> Text:
    """What the two ends of the trade cost each other."""
    first, second = (gain.outcome for gain in found.trade[0].gains[:2])
    best_first = max(found.trade, key=lambda point: point.gains[0].value)
    best_second = max(found.trade, key=lambda point: point.gains[1].value)
    told = [
        level_words(asked, gain.outcome, gain.after) for point in (best_first, best_second) for gain in point.gains[:2]
    ]
    return Text(
        ko=f"{first}을(를) 가장 좋게 하면 {told[0]}에 {second} {told[1]}, "
        f"{second}을(를) 가장 좋게 하면 {told[3]}에 {first} {told[2]}입니다. "
        "추천은 어느 쪽도 나빠지지 않게 하면서 둘을 함께 좋게 한 것입니다.",
        en=f"With {first} at its best it is {told[0]} at {second} {told[1]}; with {second} at its best that is "
        f"{told[3]} at {first} {told[2]}. The recommended one improves both together and lets neither get worse.",
    )


def experiment_words(experiment: NextExperiment) -> Text:
    """What to try, how often, and what it would see."""
    names = ", ".join(
        f"{factor.name} ({' / '.join(factor.levels)})"
        if factor.levels
        else f"{factor.name} ({number(factor.low or 0.0)} / {number(factor.high or 0.0)})"
        for factor in experiment.design.factors
    )
    runs = experiment.design.runs
    return Text(
        ko=f"{names}을(를) 일부러 바꿔 {runs}번, 한 번에 {experiment.units}개씩 만들어 보세요(순서는 제비뽑기로). "
        f"지켜볼 만한 차이를 {100 * experiment.power:.0f} % 확률로 봅니다.",
        en=f"Change {names} on purpose: {runs} runs of {experiment.units} units each, in random order. "
        f"A difference worth having is seen with a chance of {100 * experiment.power:.0f} %.",
    )

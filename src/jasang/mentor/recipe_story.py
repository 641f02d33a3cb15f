"""Recommendations in words: the study of one product, with its charts, tables, trade and the experiment that would tell."""

from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.fault_story import number
from jasang.diagnose.finding import Action, Evidence, Subject, Worth
from jasang.diagnose.study import Cell, Study, StudyTable
from jasang.mentor.recipe_records import RecipeData
from jasang.mentor.recipe_words import (
    constraint_words,
    experiment_words,
    gain_words,
    level_words,
    moves_words,
    reason_words,
    setting_words,
    status_words,
    target_words,
    trade_words,
)
from jasang.optimize.recipe import Curve, Recommendation, Status
from jasang.plant.factory import Role
from jasang.plant.text import Text


def recipe_study(asked: RecipeData, found: Recommendation, worth: Worth | None) -> Study:
    """The answer for one product."""
    column = asked.targets[0]
    name = target_words(asked)
    of = " · ".join(part for part in (found.product, found.machine) if part)
    whose_ko, whose_en = (f"{of}: ", f"{of}: ") if of else ("", "")
    return Study(
        kind="recommend",
        title=Text(
            ko=f"{whose_ko}{name.ko}을(를) 좋게 할 설정은?",
            en=f"{whose_en}Which settings would improve {name.en}?",
        ),
        answer=_answer(asked, found),
        subject=Subject(table=asked.data.table.file, column=column.name, asset=found.machine, product=found.product),
        evidence=_evidence(asked, found, worth),
        charts=_charts(asked, found),
        tables=tuple(
            table
            for table in (_settings(asked, found), _demands(found), _trade(asked, found), _moved(found), _runs(found))
            if table is not None
        ),
        actions=_actions(asked, found),
        notes=_notes(asked, found, worth),
    )


def _answer(asked: RecipeData, found: Recommendation) -> Text:
    parts = [status_words(asked, found)]
    if found.status is Status.RECOMMEND and found.gain is not None:
        parts = [moves_words(asked, found)]
        parts += [gain_words(asked, gain) for gain in (found.gain, *found.other_gains)]
    if found.status is not Status.RECOMMEND:
        parts += [reason_words(asked, reason) for reason in found.reasons[:3]]
    return Text(ko=" ".join(part.ko for part in parts), en=" ".join(part.en for part in parts))


def _evidence(asked: RecipeData, found: Recommendation, worth: Worth | None) -> tuple[Evidence, ...]:
    unit = "share" if asked.targets[0].role is Role.DEFECT else asked.targets[0].unit
    items: list[Evidence] = []
    if found.gain is not None:
        gain = found.gain
        items += [
            Evidence(name="gain", label=Text(ko="기대하는 개선", en="expected gain"), value=gain.value, low=gain.low,
                     high=gain.high, unit="points" if unit == "share" else unit),
            Evidence(name="now", label=Text(ko="지금 설정에서", en="at today's setting"), value=gain.before, unit=unit),
            Evidence(name="then", label=Text(ko="추천 설정에서", en="at the recommended setting"), value=gain.after, unit=unit),
            Evidence(name="extrapolation", label=Text(ko="기록이 적은 곳에서 나오는 몫", en="share that rests on few records"),
                     value=found.extrapolation, unit="share"),
        ]  # fmt: skip
    if worth is not None:
        per_year = Text(ko="한 해 값어치", en="worth a year")
        items.append(
            Evidence(
                name="worth",
                label=per_year,
                value=worth.amount,
                low=worth.low,
                high=worth.high,
                unit=worth.currency,
            )
        )
    if found.held_out_slope is not None:
        slope, low, high = found.held_out_slope
        items.append(
            Evidence(
                name="held_out_slope",
                label=Text(
                    ko="배우지 않은 기간에서 들어맞은 정도(1 = 예측대로, 0 = 전혀)",
                    en="how far it held on stretches left out (1 = as told, 0 = not at all)",
                ),
                value=slope,
                low=low,
                high=high,
            )
        )
    items.append(Evidence(name="rows", label=Text(ko="쓴 행", en="rows used"), value=float(found.rows)))
    return tuple(items)


def _charts(asked: RecipeData, found: Recommendation) -> tuple[Chart, ...]:
    charts = [_curve(asked, found, curve) for curve in found.curves[:6]]
    front = _front(asked, found)
    return (*charts, *((front,) if front is not None else ()))


def _curve(asked: RecipeData, found: Recommendation, curve: Curve) -> Chart:
    column = asked.targets[0]
    points = 100.0 if column.role is Role.DEFECT else 1.0
    defect = column.role is Role.DEFECT
    name = Text(ko="불량률", en="defect rate") if defect else Text(ko=column.name, en=column.name)
    mean = tuple(points * float(v) for v in curve.mean)
    low, high = tuple(points * float(v) for v in curve.low), tuple(points * float(v) for v in curve.high)
    now, to = found.now[curve.setting], (found.recommended or {})[curve.setting]
    numeric = not isinstance(now, str) and not isinstance(to, str)
    band = Line(name=Text(ko="95 % 구간", en="95 % interval"), y=high, base=low, look="band")
    marks: tuple[Mark, ...] = ()
    if numeric:
        marks = (
            Mark(name=Text(ko="지금", en="today"), axis="x", at=float(now), look="event"),
            Mark(name=Text(ko="추천", en="recommended"), axis="x", at=float(to), look="good"),
        )
    else:
        marks = (Mark(name=Text(ko=f"추천: {to}", en=f"recommended: {to}"), axis="x", at=str(to), look="good"),)
    setting = next((s for s in asked.records.settings if s.name == curve.setting), None)
    unit = f" ({setting.unit})" if setting is not None and setting.unit else ""
    return Chart(
        title=Text(
            ko=f"{curve.setting}에 따라 {name.ko}은(는) 어떻게 되나? (다른 설정은 추천대로)",
            en=f"What does the {name.en} do along {curve.setting}? (other settings as recommended)",
        ),
        x_kind="number" if numeric else "category",
        x=tuple(float(v) for v in curve.values) if numeric else tuple(str(v) for v in curve.values),
        lines=(band, Line(name=name, y=mean, look="line"))
        if numeric
        else (
            Line(name=name, y=mean, look="bars"),
            Line(name=Text(ko="95 % 하한", en="lower 95 %"), y=low, look="points"),
            Line(name=Text(ko="95 % 상한", en="upper 95 %"), y=high, look="points"),
        ),
        marks=marks,
        x_label=Text(ko=f"{curve.setting}{unit}", en=f"{curve.setting}{unit}"),
        y_label=name,
        y_unit="%" if defect else column.unit,
    )


def _front(asked: RecipeData, found: Recommendation) -> Chart | None:
    """The first goal against the second along the trade."""
    if len(found.trade) < 2:
        return None
    first, second = asked.targets[0], asked.targets[1]
    scales = [100.0 if column.role is Role.DEFECT else 1.0 for column in (first, second)]
    points = sorted(found.trade, key=lambda point: point.gains[0].after)
    chosen = next((point for point in points if point.chosen), None)
    return Chart(
        title=Text(
            ko=f"{first.name}와(과) {second.name} 가운데 무엇을 얼마나 얻나?",
            en=f"How much of {first.name} for how much of {second.name}?",
        ),
        x_kind="number",
        x=tuple(scales[0] * point.gains[0].after for point in points),
        lines=(
            Line(
                name=Text(ko="고를 수 있는 설정", en="settings to choose from"),
                y=tuple(scales[1] * point.gains[1].after for point in points),
                look="points",
            ),
        ),
        marks=()
        if chosen is None
        else (
            Mark(name=Text(ko="추천", en="recommended"), axis="x", at=scales[0] * chosen.gains[0].after, look="good"),
            Mark(name=Text(ko="지금", en="today"), axis="x", at=scales[0] * chosen.gains[0].before, look="event"),
        ),
        x_label=Text(
            ko=f"{first.name}{' (%)' if scales[0] > 1 else ''}", en=f"{first.name}{' (%)' if scales[0] > 1 else ''}"
        ),
        y_label=Text(ko=second.name, en=second.name),
        y_unit="%" if scales[1] > 1 else second.unit,
    )


def _settings(asked: RecipeData, found: Recommendation) -> StudyTable | None:
    if not found.now:
        return None
    rows: list[tuple[Cell, ...]] = []
    for setting in asked.records.settings:
        if setting.name not in found.now:
            continue
        now = found.now[setting.name]
        to = found.recommended[setting.name] if found.recommended is not None else None
        same = Text(ko="그대로", en="as it is")
        limits = (
            f"{number(setting.low)}–{number(setting.high)}"
            if setting.low is not None and setting.high is not None
            else ", ".join(setting.levels)
        )
        unit = setting.unit or ""
        shown: Cell = None if to is None else same if to == now else setting_words(to)
        rows.append((setting.name, setting_words(now), shown, unit, limits))
    return StudyTable(
        title=Text(ko="설정", en="Settings"),
        headings=(
            Text(ko="설정", en="setting"),
            Text(ko="지금", en="today"),
            Text(ko="추천", en="recommended"),
            Text(ko="단위", en="unit"),
            Text(ko="한계", en="limits"),
        ),
        rows=tuple(rows),
    )


def _demands(found: Recommendation) -> StudyTable | None:
    if not found.constraints:
        return None
    return StudyTable(
        title=Text(ko="지켜야 할 것", en="What must be kept"),
        headings=(
            Text(ko="결과", en="result"),
            Text(ko="요구", en="demand"),
            Text(ko="규격 안 비율(지금 → 그때)", en="share inside (now → then)"),
            Text(ko="지킬 확률", en="chance that it is kept"),
        ),
        rows=tuple(constraint_words(one) for one in found.constraints),
    )


def _trade(asked: RecipeData, found: Recommendation) -> StudyTable | None:
    if len(found.trade) < 2:
        return None
    names = [name for name in found.trade[0].settings if len({point.settings[name] for point in found.trade}) > 1]
    rows: list[tuple[Cell, ...]] = []
    for point in found.trade:
        levels = [level_words(asked, gain.outcome, gain.after) for gain in point.gains]
        mark: Cell = Text(ko="추천", en="recommended") if point.chosen else ""
        rows.append((mark, *levels, *(setting_words(point.settings[name]) for name in names)))
    return StudyTable(
        title=Text(ko="고를 수 있는 설정", en="Settings to choose from"),
        headings=(
            Text(ko=" · ", en=" · "),
            *(Text(ko=gain.outcome, en=gain.outcome) for gain in found.trade[0].gains),
            *(Text(ko=name, en=name) for name in names),
        ),
        rows=tuple(rows),
    )


def _moved(found: Recommendation) -> StudyTable | None:
    if not found.evidence:
        return None
    return StudyTable(
        title=Text(ko="설정이 얼마나 움직였나", en="How the settings moved"),
        headings=(
            Text(ko="설정", en="setting"),
            Text(ko="본 값의 수", en="values seen"),
            Text(ko="로트·시간과 상관없이 움직인 몫", en="share apart from lot and time"),
            Text(ko="함께 움직인 설정", en="moves with"),
            Text(ko="판단할 수 있나", en="can be judged"),
        ),
        rows=tuple(
            (
                one.setting,
                one.values_seen,
                f"{100 * one.own_share:.0f} %",
                f"{one.moves_with} ({one.association:.2f})" if one.moves_with else "–",
                Text(ko="예", en="yes") if one.usable else Text(ko="아니요", en="no"),
            )
            for one in found.evidence
        ),
    )


def _runs(found: Recommendation) -> StudyTable | None:
    experiment = found.experiment
    if experiment is None:
        return None
    design = experiment.design
    kinds: dict[tuple[str, ...], int] = {}
    for run in range(design.runs):
        settings = tuple(setting_words(value) for value in design.settings(run).values())
        kinds[settings] = kinds.get(settings, 0) + 1
    return StudyTable(
        title=Text(ko="판가름할 시험", en="The trial that would tell"),
        headings=(
            *(Text(ko=factor.name, en=factor.name) for factor in design.factors),
            Text(ko="몇 번", en="times"),
            Text(ko="한 번에 몇 개", en="units a run"),
        ),
        rows=tuple((*settings, times, experiment.units) for settings, times in kinds.items()),
    )


def _actions(asked: RecipeData, found: Recommendation) -> tuple[Action, ...]:
    if found.status is Status.RECOMMEND:
        words = moves_words(asked, found)
        check = Text(
            ko=f"{words.ko} 먼저 한 교대만 해 보고, 결과를 확인한 뒤 이어 가세요.",
            en=f"{words.en} Try it for one shift first, look at the results, then go on.",
        )
        return (Action(text=check, owner="engineer"),)
    if found.experiment is not None:
        return (Action(text=experiment_words(found.experiment), owner="engineer"),)
    return ()


def _notes(asked: RecipeData, found: Recommendation, worth: Worth | None) -> tuple[Text, ...]:
    notes: list[Text] = []
    if found.status is Status.RECOMMEND:
        notes += [reason_words(asked, reason) for reason in found.reasons]
    if len(found.trade) > 1:
        notes.append(trade_words(asked, found))
    if worth is not None:
        notes.append(Text(ko=f"값어치: {worth.basis.ko}", en=f"Worth: {worth.basis.en}"))
    if asked.still:
        names = ", ".join(asked.still)
        notes.append(
            Text(
                ko=f"한 값에 머물러 판단할 수 없는 설정: {names}. "
                "시험하려면 factory.toml에 안전 한계(lower, upper)를 적으세요.",
                en=f"Settings that held one value and cannot be judged: {names}. To try them, state safe limits "
                "(lower, upper) in factory.toml.",
            )
        )
    if asked.guessed:
        notes.append(
            Text(
                ko=f"설정 역할이 적혀 있지 않아, 값을 정해 두고 쓰는 것처럼 움직이는 열을 설정으로 보았습니다: "
                f"{', '.join(asked.guessed)}. 사람이 정하는 값이 아니면 --settings나 factory.toml로 고치세요.",
                en="No column has the role setting; these were taken, because they move as set values do: "
                f"{', '.join(asked.guessed)}. If people do not set them, correct it with --settings or factory.toml.",
            )
        )
    if found.status is Status.RECOMMEND:
        notes.append(
            Text(
                ko="기록에서 본 관계입니다. 로트·시간·교대·주변 조건과 앞선 결과를 붙들고 비교했지만, "
                "기록에 없는 것이 함께 움직였다면 다를 수 있습니다.",
                en="This was seen in records. Lot, time, shift, surroundings and earlier results were held, but something that "
                "nobody recorded may have moved along.",
            )
        )
    return tuple(notes)

"""A planned experiment as a study: what it will be able to tell, and what it will not."""

import numpy as np

from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Cell, Study, StudyResult, StudyTable
from jasang.mentor.experiment import OutcomePower, aliases_of
from jasang.mentor.experiment_file import Experiment
from jasang.mentor.experiment_study import TIMEZONE, figure, same
from jasang.optimize.experiments import Design
from jasang.optimize.experiments.factor import letters
from jasang.plant.text import Text

DESIGN_WORDS = {
    "full_factorial": Text(ko="완전 요인 배치", en="full factorial"),
    "fractional_factorial": Text(ko="일부 요인 배치", en="fractional factorial"),
    "plackett_burman": Text(ko="플래킷-버먼", en="Plackett–Burman"),
    "central_composite": Text(ko="중심 합성 계획", en="central composite"),
    "box_behnken": Text(ko="박스-벤켄", en="Box–Behnken"),
    "definitive_screening": Text(ko="확정 선별 계획", en="definitive screening"),
    "d_optimal": Text(ko="D-최적 계획", en="D-optimal"),
    "i_optimal": Text(ko="I-최적 계획", en="I-optimal"),
    "table": Text(ko="표에 있는 시험", en="runs of a table"),
}


def plan_result(experiment: Experiment, told: tuple[OutcomePower, ...]) -> StudyResult:
    """The planned experiment: what it can tell, and what it cannot."""
    return StudyResult(factory=experiment.name, timezone=TIMEZONE, studies=(_plan_study(experiment, told),))


def _plan_study(experiment: Experiment, told: tuple[OutcomePower, ...]) -> Study:
    design = experiment.design
    kind, runs = DESIGN_WORDS[design.name], design.runs
    least = [min((one.power for one in part.terms if np.isfinite(one.power)), default=float("nan")) for part in told]
    ko = f"{kind.ko}, 인자 {len(design.factors)}개, 시험 {runs}번입니다."
    en = f"{kind.en}: {len(design.factors)} factors in {runs} runs."
    for part, chance in zip(told, least, strict=True):
        words = _power_words(part, chance)
        ko, en = f"{ko} {words.ko}", f"{en} {words.en}"
    return Study(
        kind="experiment_plan",
        title=Text(ko="이 실험으로 무엇을 알 수 있나?", en="What will this experiment tell?"),
        answer=Text(ko=ko, en=en),
        subject=Subject(table=""),
        evidence=tuple(
            Evidence(
                name=f"power_{part.outcome}",
                label=Text(ko=f"{part.outcome}: 가장 낮은 검출력", en=f"{part.outcome}: least power"),
                value=chance,
                unit="share",
            )
            for part, chance in zip(told, least, strict=True)
            if np.isfinite(chance)
        ),
        tables=tuple(_plan_tables(experiment, told)),
        actions=(
            Action(
                text=Text(
                    ko="실험표의 차례대로 시험하고 결과를 적으세요.",
                    en="Make the runs in the order of the sheet and write down the results.",
                ),
                owner="engineer",
            ),
        ),
        notes=tuple(_plan_notes(experiment)),
    )


def _power_words(part: OutcomePower, chance: float) -> Text:
    size = figure(part.effect)
    if part.assumed and part.sigma == 1.0:
        size_ko, size_en = f"산포의 {size}배만큼의", f"of {size} times the scatter"
    else:
        size_ko, size_en = f"{size}만큼의", f"of {size}"
    if not np.isfinite(chance):
        return Text(
            ko=f"{part.outcome}: 오차를 잴 여유가 없어 검출력을 미리 말할 수 없습니다. 결과는 렌스의 방법으로 가립니다.",
            en=f"{part.outcome}: no run is left to judge the error, so no power can be told; Lenth's method will judge.",
        )
    return Text(
        ko=f"{part.outcome}이(가) {size_ko} 차이를 보이면 적어도 {100 * chance:.0f} %의 확률로 알아냅니다.",
        en=f"{part.outcome}: an effect {size_en} is seen with a chance of at least {100 * chance:.0f} %.",
    )


def _plan_tables(experiment: Experiment, told: tuple[OutcomePower, ...]) -> list[StudyTable]:
    tables = []
    if told:
        rows: list[tuple[Cell, ...]] = []
        for number, one in enumerate(told[0].terms):
            chances = [part.terms[number].power for part in told]
            rows.append((one.name, *(round(chance, 3) if np.isfinite(chance) else None for chance in chances), one.df))
        heads = (
            Text(ko="항", en="term"),
            *(same(part.outcome) for part in told),
            Text(ko="오차 자유도", en="error df"),
        )
        tables.append(
            StudyTable(
                title=Text(ko="항마다 알아낼 확률(검출력)", en="Power by term"), headings=heads, rows=tuple(rows)
            )
        )
    found = aliases_of(experiment.design)
    if found is not None and (found.chains or found.partial):
        rows = [
            (_named(experiment.design, chain[0]), " = ".join(_named(experiment.design, one) for one in chain[1:]), None)
            for chain in found.chains
        ]
        rows += [
            (_named(experiment.design, one), _named(experiment.design, other), share)
            for one, other, share in found.partial[:60]
            if "I" not in (one, other)
        ]
        tables.append(
            StudyTable(
                title=Text(ko="서로 섞여 가를 수 없는 효과", en="Effects that cannot be told apart"),
                headings=(
                    Text(ko="효과", en="effect"),
                    Text(ko="섞인 효과", en="aliased with"),
                    Text(ko="일부만 섞임(상관)", en="partly (correlation)"),
                ),
                rows=tuple(rows),
            )
        )
    return tables


def _named(design: Design, effect: str) -> str:
    """ "AB" with the factors' names; a minus stays."""
    names = dict(zip(letters(len(design.factors)), (one.name for one in design.factors), strict=True))
    sign = "−" if effect.startswith("-") else ""
    parts = [names.get(letter, letter) for letter in effect.lstrip("-")]
    return sign + " × ".join(parts)


def _plan_notes(experiment: Experiment) -> list[Text]:
    found = aliases_of(experiment.design)
    notes = []
    if found is not None and found.resolution is not None:
        words = ", ".join(found.words[:8])
        notes.append(
            Text(
                ko=f"해상도 {found.resolution}" + (f", 정의 관계 I = {words}" if words else "") + ".",
                en=f"Resolution {found.resolution}" + (f"; defining relation I = {words}" if words else "") + ".",
            )
        )
    if experiment.design.generators:
        told = ", ".join(experiment.design.generators)
        notes.append(
            Text(ko=f"생성자: {told} (인자 차례대로 A, B, C …)", en=f"Generators: {told} (factors are A, B, C …)")
        )
    if experiment.lost:
        lost = ", ".join(_named(experiment.design, one) for one in experiment.lost[:12])
        notes.append(
            Text(ko=f"블록 차이와 섞이는 효과: {lost}.", en=f"Lost to the differences between blocks: {lost}.")
        )
    if any(factor.hard_to_change for factor in experiment.design.factors):
        notes.append(
            Text(
                ko="바꾸기 어려운 설정은 묶음마다 한 번만 바꿉니다. 그 효과는 묶음 사이의 차이로 가립니다.",
                en="Hard-to-change settings change once a whole plot; their effects are judged between whole plots.",
            )
        )
    notes.append(Text(ko=f"차례의 씨앗 값: {experiment.seed}.", en=f"Seed of the order: {experiment.seed}."))
    return notes

"""How well bad units can be known in time: while they are made and before, judged on later units only."""

import numpy as np

from jasang.analyze.early_warning import WarningCosts, WarningJudgement, WarningModel
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study, StudyTable
from jasang.diagnose.warning_problem import WarningTable
from jasang.diagnose.warning_story import charts, column_name, evidence, promise, refusal, watched
from jasang.plant.factory import Role
from jasang.plant.text import Text

_PROTOCOLS = {
    "rolling": Text(
        ko="앞 기록으로 배우고 뒤 기록으로 따졌습니다(뒤로 가며 3번). 무작위로 나누지 않았습니다.",
        en="Learned on earlier units and judged on later ones, three times over; never split at random.",
    ),
    "blocked": Text(
        ko="불량이 적어, 다섯 기간을 돌아가며 나머지로 배워 따졌습니다. 시간 순서대로 맞힌 것이 아닙니다.",
        en="Few bad units: each of five stretches of time was judged by the others, so this is not in order of time.",
    ),
}
MOST_WARNINGS = 20


def early_warning_study(
    table: WarningTable, judged: WarningJudgement, before: WarningJudgement | None, assumption: Text
) -> Study:
    """The answer for one table. `before` is the judgement of what is known before a unit is made, where it differs."""
    trusted = judged.refused is None
    watch = watched(table, judged)
    answer = promise(judged) if trusted else refusal(judged)
    if trusted:
        answer = Text(ko=f"{answer.ko} 볼 열: {watch.ko}.", en=f"{answer.en} Watch: {watch.en}.")
        answer = _with_before(answer, before)
    notes = [_PROTOCOLS.get(judged.protocol, _PROTOCOLS["rolling"]), assumption]
    if table.left_out:
        names = ", ".join(table.left_out)
        notes.append(
            Text(
                ko=f"결과가 나온 뒤에 적힌 열이라 뺐습니다: {names}", en=f"Left out, written after the result: {names}"
            )
        )
    defects = table.data.table.with_role(Role.DEFECT)
    return Study(
        kind="early_warning",
        title=Text(ko="불량을 미리 알 수 있는가?", en="Can bad units be known in time?"),
        answer=answer,
        subject=Subject(table=table.data.table.file, column=defects[0].name if defects else None),
        evidence=evidence(judged) if judged.rows.size else _counted(judged),
        charts=charts(table, judged) if judged.rows.size and judged.bad.any() else (),
        tables=(_shares(table, judged),) if trusted else (),
        actions=(_action(watch),) if trusted else (),
        notes=tuple(notes),
    )


def _with_before(answer: Text, before: WarningJudgement | None) -> Text:
    if before is None:
        return answer
    if before.refused is not None:
        return Text(
            ko=f"{answer.ko} 만드는 동안 재는 값으로 아는 것이며, 만들기 전에는 알 수 없습니다.",
            en=f"{answer.en} They are known by what is measured while they are made, not before.",
        )
    caught = round(100 * before.recall.value)
    false = round(100 * before.counts.false / max(before.counts.caught + before.counts.missed, 1))
    return Text(
        ko=f"{answer.ko} 만들기 전에 아는 것만으로는 100개 가운데 {caught}개, 헛경보 {false}번입니다.",
        en=f"{answer.en} By what is known before they are made: {caught} of 100, with {false} false warnings.",
    )


def _counted(judged: WarningJudgement) -> tuple[Evidence, ...]:
    return (
        Evidence(name="bad", label=Text(ko="불량 수", en="bad units"), value=float(judged.learned_bad)),
        Evidence(name="units", label=Text(ko="판정이 있는 수", en="units with a result"), value=float(judged.learned)),
    )


def _action(watch: Text) -> Action:
    return Action(
        text=Text(
            ko=f"경보를 켜고 {watch.ko} 값이 이상할 때 그 자리에서 물건을 확인하세요.",
            en=f"Turn warnings on and look at the part at once when {watch.en} is unusual.",
        ),
        owner="engineer",
    )


def _shares(table: WarningTable, judged: WarningJudgement) -> StudyTable:
    return StudyTable(
        title=Text(ko="경보가 보는 열", en="Columns the warnings look at"),
        headings=(Text(ko="열", en="column"), Text(ko="몫 %", en="share %")),
        rows=tuple((column_name(table, name), round(100 * share, 1)) for name, share in judged.columns[:12]),
    )


def warnings_study(
    table: WarningTable, model: WarningModel, probability: np.ndarray, assumption: WarningCosts | None
) -> Study:
    """Which units of a table a trained model warns of."""
    warned = np.flatnonzero(probability >= model.threshold)
    units = probability.size
    time = table.data.time
    rows = [
        (
            None
            if time is None or np.isnat(time[table.order[place]])
            else f"{time[table.order[place]].astype('datetime64[s]')}Z",
            int(table.order[place]) + 1,
            round(100 * float(probability[place]), 1),
        )
        for place in warned[::-1][:MOST_WARNINGS]
    ]
    drawn = thin(units, warned)
    notes = [
        Text(
            ko=f"배운 것: {model.learned:,}개, 불량 {model.bad:,}개.",
            en=f"Learned from {model.learned:,} units, {model.bad:,} bad.",
        )
    ]
    if assumption is not None:
        notes.append(
            Text(
                ko=f"놓침 {assumption.miss:,.0f}, 헛경보 {assumption.false_warning:,.0f}일 때 비용이 가장 적은 기준입니다.",
                en=f"Threshold of least cost for {assumption.miss:,.0f} a miss, {assumption.false_warning:,.0f} a false warning.",
            )
        )
    return Study(
        kind="warnings",
        title=Text(ko="어느 것이 불량일 것 같은가?", en="Which units are likely to be bad?"),
        answer=Text(
            ko=f"{units:,}개 가운데 {warned.size:,}개에 경보가 있습니다. 불량은 약 {probability.sum():,.0f}개로 봅니다.",
            en=f"Warnings on {warned.size:,} of {units:,} units; about {probability.sum():,.0f} bad ones are expected.",
        ),
        subject=Subject(table=table.data.table.file),
        evidence=(
            Evidence(name="units", label=Text(ko="본 개수", en="units seen"), value=float(units)),
            Evidence(name="warnings", label=Text(ko="경보 수", en="warnings"), value=float(warned.size)),
            Evidence(
                name="expected_bad", label=Text(ko="예상 불량", en="bad ones expected"), value=float(probability.sum())
            ),
            Evidence(
                name="threshold",
                label=Text(ko="경보 기준 확률", en="warning from this probability on"),
                value=model.threshold,
            ),
        ),
        charts=(
            Chart(
                title=Text(ko="불량일 확률은 언제 높았는가?", en="When was a bad unit likely?"),
                x_kind="number",
                x=tuple(float(place + 1) for place in drawn),
                lines=(
                    Line(
                        name=Text(ko="불량일 확률 %", en="probability of bad %"),
                        y=tuple(round(100 * float(value), 3) for value in probability[drawn]),
                        look="points",
                    ),
                ),
                marks=(Mark(name=Text(ko="경보 기준", en="warning"), axis="y", at=round(100 * model.threshold, 3)),),
                x_label=Text(ko="순서", en="order"),
                y_label=Text(ko="확률 %", en="probability %"),
            ),
        ),
        tables=(
            StudyTable(
                title=Text(ko="마지막 경보", en="Latest warnings"),
                headings=(
                    Text(ko="시각(UTC)", en="time (UTC)"),
                    Text(ko="행", en="row"),
                    Text(ko="확률 %", en="probability %"),
                ),
                rows=tuple(rows),
            ),
        ),
        notes=tuple(notes),
    )

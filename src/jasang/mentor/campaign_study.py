"""How a campaign stands, as a study: the best setting, its gain, the course of the trials, and whether to go on."""

import numpy as np

from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.mentor.campaign import CampaignStatus, settings_words, value_words
from jasang.optimize.campaigns import Campaign, Specification, Trial
from jasang.plant.text import Text

TIMEZONE = "Asia/Seoul"


def status_result(status: CampaignStatus) -> StudyResult:
    """The study of a campaign's course, for the terminal, the page and `jasang.study/1`."""
    return StudyResult(factory=status.saved.name, timezone=TIMEZONE, studies=(status_study(status),))


def status_study(status: CampaignStatus) -> Study:
    """The study itself."""
    campaign, best = status.saved.campaign, status.best
    goal = campaign.goals[0].outcome
    evidence = [
        Evidence(
            name="gain",
            label=Text(ko=f"{goal}: 지금 설정보다 나아진 만큼", en=f"{goal}: gain over the present setting"),
            value=best.value,
            low=best.low,
            high=best.high,
        )
    ]
    if campaign.specifications:
        label = Text(ko="가장 좋은 설정이 규격 안에 들 확률", en="chance of the best setting to stay in specification")
        evidence.append(Evidence(name="chance", label=label, value=best.chance, unit="share"))
    return Study(
        kind="campaign",
        title=Text(ko="지금까지 가장 좋은 설정은?", en="Which setting is best so far?"),
        answer=_answer(status),
        subject=Subject(table="", column=goal),
        evidence=tuple(evidence),
        charts=tuple(_charts(campaign)),
        tables=tuple(_tables(status)),
        actions=_actions(status),
        notes=_notes(status),
    )


def _answer(status: CampaignStatus) -> Text:
    campaign, best = status.saved.campaign, status.best
    named = settings_words(campaign.settings, best.settings)
    goal = campaign.goals[0].outcome
    made, kept = len(campaign.trials), sum(status.in_spec)
    ko = f"기록 {len(campaign.history)}개와 시험 {made}번"
    en = f"From {len(campaign.history)} records and {made} trials"
    if made and campaign.specifications:
        ko += f"(규격 안 {kept}번)"
        en += f" ({kept} in specification)"
    if best.value == 0.0 and best.low == 0.0 == best.high:
        return Text(
            ko=f"{ko}: 지금 설정보다 나은 것이 아직 없습니다.", en=f"{en}: nothing better than the present setting yet."
        )
    interval = f"{value_words(best.low)}~{value_words(best.high)}"
    told_ko = "" if best.tells else " 그러나 우연일 수도 있습니다."
    told_en = "" if best.tells else " That may still be chance."
    return Text(
        ko=f"{ko}: 가장 좋은 설정은 {named}이고, {goal}이(가) {value_words(best.value)}만큼({interval}) 나아집니다.{told_ko}",
        en=f"{en}: the best setting is {named}; {goal} gains {value_words(best.value)} "
        f"({value_words(best.low)} to {value_words(best.high)}).{told_en}",
    )


def _actions(status: CampaignStatus) -> tuple[Action, ...]:
    waiting, advice = status.saved.open_trials, status.advice
    if waiting:
        numbers = ", ".join(str(one.number) for one in waiting)
        text = Text(ko=f"시험 {numbers}의 결과를 알려 주세요.", en=f"Tell the result of trial {numbers}.")
    elif advice is not None and advice.stop:
        text = Text(
            ko="그만하고 가장 좋은 설정으로 운전하세요. 시험을 더 하면 얻는 것보다 더 듭니다.",
            en="Stop and run the best setting: a further trial costs more than it gains.",
        )
    else:
        text = Text(ko="다음 시험을 하세요(jasang campaign ask).", en="Make the next trial (jasang campaign ask).")
    return (Action(text=text, owner="engineer"),)


def _notes(status: CampaignStatus) -> tuple[Text, ...]:
    advice, found = status.advice, []
    if advice is not None:
        found.append(
            Text(
                ko=f"다음 시험으로 기대되는 이득 {value_words(advice.worth)}, 드는 돈 {value_words(advice.cost)}.",
                en=f"The next trial is expected to be worth {value_words(advice.worth)} and costs {value_words(advice.cost)}.",
            )
        )
    found.append(
        Text(
            ko="이득은 잡음을 뺀 기댓값끼리 견준 것이고, 괄호 안은 95 % 구간입니다.",
            en="Gains compare expected values without noise; the interval holds them with 95 %.",
        )
    )
    return tuple(found)


def _tables(status: CampaignStatus) -> list[StudyTable]:
    campaign = status.saved.campaign
    heads = [Text(ko=one.name, en=one.name) for one in campaign.settings]
    goals = [Text(ko=name, en=name) for name in campaign.outcomes]
    tables = []
    if campaign.trials:
        rows = []
        for number, (trial, kept) in enumerate(zip(campaign.trials, status.in_spec, strict=True), start=1):
            rows.append(
                (
                    number,
                    *(trial.settings[one.name] for one in campaign.settings),
                    *(None if trial.failed else trial.outcomes.get(name) for name in campaign.outcomes),
                    _kept_words(trial, kept),
                )
            )
        tables.append(
            StudyTable(
                title=Text(ko="한 시험", en="Trials made"),
                headings=(Text(ko="차례", en="no."), *heads, *goals, Text(ko="규격", en="specification")),
                rows=tuple(rows),
            )
        )
    if status.saved.open_trials:
        tables.append(
            StudyTable(
                title=Text(ko="결과를 기다리는 시험", en="Trials waiting for their results"),
                headings=(Text(ko="번호", en="trial"), *heads, Text(ko="규격 안 확률", en="chance in specification")),
                rows=tuple(
                    (one.number, *(one.settings[s.name] for s in campaign.settings), round(one.chance, 3))
                    for one in status.saved.open_trials
                ),
            )
        )
    return tables


def _kept_words(trial: Trial, kept: bool) -> Text:
    if trial.failed:
        return Text(ko="실패", en="failed")
    return Text(ko="안", en="in") if kept else Text(ko="벗어남", en="out")


def _charts(campaign: Campaign) -> list[Chart]:
    """One chart an outcome over the trials: what was measured, its limits, and for the first goal the best so far."""
    if not campaign.trials:
        return []
    x = tuple(float(number) for number in range(1, len(campaign.trials) + 1))
    limits = {one.outcome: one for one in campaign.specifications}
    charts = []
    for name in campaign.outcomes:
        values = [None if trial.failed else trial.outcomes.get(name) for trial in campaign.trials]
        y = tuple(None if value is None or not np.isfinite(value) else float(value) for value in values)
        lines = [Line(name=Text(ko=name, en=name), y=y, look="points")]
        marks = _limit_marks(limits[name]) if name in limits else ()
        if name == campaign.goals[0].outcome:
            best = Line(
                name=Text(ko="규격 안에서 가장 좋은 값", en="best in specification"),
                y=_best_so_far(campaign, y),
                look="step",
            )
            lines.append(best)
            title = Text(ko=f"{name}: 시험이 가면서 얼마나 나아졌나?", en=f"{name}: how much better over the trials?")
        else:
            title = Text(ko=f"{name}: 규격 안에 들었나?", en=f"{name}: did it stay in specification?")
        label = Text(ko="시험", en="trial")
        charts.append(Chart(title=title, x_kind="number", x=x, lines=tuple(lines), marks=marks, x_label=label))
    return charts


def _limit_marks(one: Specification) -> tuple[Mark, ...]:
    low, high = Text(ko="규격 하한", en="lower limit"), Text(ko="규격 상한", en="upper limit")
    found = [(low, one.low), (high, one.high)]
    return tuple(Mark(name=name, axis="y", at=at, look="specification") for name, at in found if at is not None)


def _best_so_far(campaign: Campaign, y: tuple[float | None, ...]) -> tuple[float | None, ...]:
    goal, best, found = campaign.goals[0], None, []
    for value, kept in zip(y, campaign.kept(), strict=True):
        if value is not None and kept and (best is None or float(goal.loss(value)) < float(goal.loss(best))):
            best = value
        found.append(best)
    return tuple(found)

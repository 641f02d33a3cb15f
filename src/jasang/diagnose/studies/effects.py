"""Did the action help? The effect of an action on the metric of a finding's check, in numbers and as a study with its chart."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.effects import (
    DEFAULT_DAYS,
    HOLDS_AFTER,
    LATE_WINDOW,
    Effect,
    Lasting,
    Placebo,
    Verdict,
    early_confidence,
    interrupted_series,
    judge,
    judge_lasting,
    placebo_in_place,
    placebo_in_time,
)
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import iso, number, percent
from jasang.diagnose.finding import Evidence, Subject, Worth
from jasang.diagnose.metric_course import DAY, SHARES, MetricCourse, better_side, metric_course
from jasang.diagnose.study import Study
from jasang.plant.text import Text

FEWEST_EACH_SIDE = 5  # steps between the beginning, the onset of the trouble and the action


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What was done: `done` (datetime64[us] UTC) is when its day began; `metric` should move by `expected`, seen after `days`."""

    done: np.datetime64
    subject: Subject
    metric: str
    expected: float | None = None
    days: int | None = None
    reason: str | None = None
    worth: Worth | None = None
    since: np.datetime64 | None = (
        None  # onset of the trouble: the time before it is another level than the one to compare with
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of the metric. `days` have passed since the action, `needed` are asked for by the power calculation."""

    action: Action
    course: MetricCourse
    place: int
    effect: Effect
    verdict: Verdict
    better: int
    days: int
    needed: int
    in_time: Placebo | None
    in_place: Placebo | None
    late: Effect | None
    lasting: Lasting | None


def judge_action(base: EvidenceBase, action: Action, *, controls: bool = True) -> Answer:
    """The effect of the action by the data, beside other machines or products where there are any (`controls`).

    Raises
    ------
    ValueError
        The metric cannot be read from the data, or there is too little before or after the action.
    """
    course = metric_course(base, action.subject, action.metric, reason=action.reason)
    if course is None:
        raise ValueError(f"no course of {action.metric!r} in table {action.subject.table!r}")
    place = course.place_of(action.done)
    per_day = max(1, DAY // course.step)
    beside = course.controls if controls and course.controls.shape[1] else None
    days = _days_since(course, action.done)
    needed = action.days or DEFAULT_DAYS
    better = better_side(action.metric, action.expected)
    # The day of the action itself is neither before nor after.
    settle = per_day if place < course.values.size and course.start[place] < action.done + np.timedelta64(1, "D") else 0
    settle = min(settle, int((course.start[place:] < action.done + np.timedelta64(1, "D")).sum()))

    known = np.column_stack([course.mix, _before_onset(course, action.since, place)])

    def effect_at(confidence: float, *, course_too: bool = False, first: int | None = None) -> Effect:
        return interrupted_series(
            course.values,
            place,
            controls=beside,
            season=course.weekday,
            covariates=known if known.shape[1] else None,
            counts=course.counts if action.metric in SHARES else None,
            settle=settle,
            effect_from=first,
            confidence=confidence,
            course=course_too,
        )

    effect = effect_at(0.95, course_too=True)
    early = effect_at(early_confidence(0.95, days / needed)) if days < needed else None
    verdict = judge(effect, better=better, days=days, needed=needed, early=early)
    late = lasting = None
    if days >= HOLDS_AFTER:
        first = course.place_of(course.start[-1] - np.timedelta64(LATE_WINDOW - 1, "D"))
        if course.values.size - first >= 3:
            late = effect_at(0.95, first=max(first, place + settle))
            lasting = judge_lasting(effect, late, better=better or int(np.sign(effect.estimate)))
    return Answer(
        action=action,
        course=course,
        place=place,
        effect=effect,
        verdict=verdict,
        better=better,
        days=days,
        needed=needed,
        in_time=placebo_in_time(course.values, place, controls=beside, season=course.weekday),
        in_place=placebo_in_place(course.values, place, beside, season=course.weekday) if beside is not None else None,
        late=late,
        lasting=lasting,
    )


def _before_onset(course: MetricCourse, since: np.datetime64 | None, place: int) -> np.ndarray:
    """A column that is 1 before the onset of the trouble, shape (n, 1); none where it began too near either end."""
    onset = 0 if since is None else course.place_of(since)
    if onset < FEWEST_EACH_SIDE or place - onset < FEWEST_EACH_SIDE:
        return np.empty((course.values.size, 0))
    return (np.arange(course.values.size) < onset).astype(np.float64)[:, None]


def level_before(answer: Answer) -> float:
    """The metric between the onset of the trouble and the action."""
    since = answer.action.since
    onset = 0 if since is None else answer.course.place_of(since)
    first = onset if answer.place - onset >= FEWEST_EACH_SIDE else 0
    return float(np.mean(answer.course.values[first : answer.place]))


def _days_since(course: MetricCourse, done: np.datetime64) -> int:
    """Whole days of data after the day of the action."""
    end = course.start[-1] + np.timedelta64(course.step, "us")
    return max(0, int((end - done) / np.timedelta64(1, "D")) - 1)


def effect_study(answer: Answer) -> Study:
    """The answer in words, numbers and one chart."""
    return Study(
        kind="effect",
        title=Text(ko="조치가 효과가 있었나?", en="Did the action help?"),
        answer=verdict_text(answer),
        subject=answer.action.subject,
        evidence=_evidence(answer),
        charts=(_chart(answer),),
        notes=_notes(answer),
    )


def metric_text(metric: str, subject: Subject) -> Text:
    """The metric in words."""
    if metric == "defect_rate":
        return Text(ko="불량률", en="the defect rate")
    if metric == "out_of_spec_share":
        return Text(ko=f"{subject.column} 규격 이탈률", en=f"the share of {subject.column} out of specification")
    if metric == "down_share":
        return Text(ko="정지 비율", en="the share of time stopped")
    if metric.endswith("_sigma"):
        name = metric.removesuffix("_sigma")
        return Text(ko=f"{name} 산포", en=f"the spread of {name}")
    name = metric.removesuffix("_mean")
    return Text(ko=f"{name} 평균", en=f"the mean of {name}")


def _size(answer: Answer, value: float) -> tuple[str, str]:
    """A change in words: points of per cent for shares, else the unit of the metric."""
    if answer.action.metric in SHARES:
        return f"{100 * value:.2g} %p", f"{100 * value:.2g} points"
    unit = f" {answer.course.unit}" if answer.course.unit else ""
    told = number(float(f"{value:.3g}"))
    return f"{told}{unit}", f"{told}{unit}"


def verdict_text(answer: Answer) -> Text:
    """One to three sentences: what the metric did, whether it is the action, and whether it lasts."""
    effect, what = answer.effect, metric_text(answer.action.metric, answer.action.subject)
    size_ko, size_en = _size(answer, abs(effect.estimate))
    low, high = sorted((abs(effect.low), abs(effect.high)))
    low_ko, low_en = _size(answer, low)
    high_ko, high_en = _size(answer, high)
    way_ko, way_en = ("줄었습니다", "fell") if effect.estimate < 0 else ("늘었습니다", "rose")
    What = what.en[0].upper() + what.en[1:]
    if answer.verdict is Verdict.CONFIRMED:
        text = Text(
            ko=f"효과가 있었습니다. 조치 뒤 {what.ko}이(가) 조치하지 않았을 때보다 {size_ko} {way_ko}"
            f"(95 % 신뢰구간 {low_ko}~{high_ko}).",
            en=f"It helped. {What} {way_en} by {size_en} against what would have been (95 % interval {low_en} to {high_en}).",
        )
    elif answer.verdict is Verdict.WORSE:
        text = Text(
            ko=f"나빠졌습니다. 조치 뒤 {what.ko}이(가) {size_ko} {way_ko}(95 % 신뢰구간 {low_ko}~{high_ko}). "
            "조치를 되돌릴지 살펴보세요.",
            en=f"It got worse: {what.en} {way_en} by {size_en} (95 % interval {low_en} to {high_en}). Consider undoing it.",
        )
    elif answer.verdict is Verdict.TOO_EARLY:
        left = max(1, answer.needed - answer.days)
        text = Text(
            ko=f"아직 이릅니다. 조치 뒤 {answer.days}일이 지났고, 기대한 효과를 가려내려면 {answer.needed}일이 필요합니다. "
            f"{left}일 뒤에 다시 보세요.",
            en=f"Too early: {answer.days} days have passed, and {answer.needed} are needed to see the expected effect. "
            f"Look again in {left} days.",
        )
    else:
        text = _not_seen(answer, what)
    return _with_lasting(answer, text)


def _not_seen(answer: Answer, what: Text) -> Text:
    low_ko, low_en = _size(answer, answer.effect.low)
    high_ko, high_en = _size(answer, answer.effect.high)
    expected = answer.action.expected
    ruled_out = expected is not None and not answer.effect.low <= expected <= answer.effect.high
    more_ko = (
        " 기대한 만큼의 효과는 없었다고 볼 수 있습니다." if ruled_out else " 작은 효과가 있었는지는 알 수 없습니다."
    )
    more_en = (
        " An effect of the expected size can be ruled out."
        if ruled_out
        else " Whether there is a small one is not known."
    )
    return Text(
        ko=f"효과가 보이지 않습니다. {what.ko} 변화는 {low_ko}에서 {high_ko} 사이로, 우연과 구별되지 않습니다.{more_ko}",
        en=f"No effect is seen: the change of {what.en} lies between {low_en} and {high_en}, no more than chance.{more_en}",
    )


def _with_lasting(answer: Answer, text: Text) -> Text:
    if answer.lasting is None or answer.verdict is not Verdict.CONFIRMED:
        return text
    told = {
        Lasting.HELD: Text(
            ko=f"{answer.days}일이 지난 지금도 효과가 이어집니다.", en=f"After {answer.days} days it still holds."
        ),
        Lasting.LOST: Text(
            ko=f"그러나 최근 {LATE_WINDOW}일에는 효과가 사라졌습니다. 조치가 지켜지고 있는지 확인하세요.",
            en=f"But in the last {LATE_WINDOW} days it has gone: see whether the action is still kept to.",
        ),
        Lasting.UNCLEAR: Text(
            ko=f"최근 {LATE_WINDOW}일에도 이어지는지는 아직 분명하지 않습니다.",
            en=f"Whether it still holds in the last {LATE_WINDOW} days is not clear yet.",
        ),
    }[answer.lasting]
    return Text(ko=f"{text.ko} {told.ko}", en=f"{text.en} {told.en}")


def _evidence(answer: Answer) -> tuple[Evidence, ...]:
    effect, action = answer.effect, answer.action
    share = action.metric in SHARES
    unit = "points" if share else answer.course.unit
    found = [
        Evidence(
            name="effect",
            label=Text(ko="조치의 효과", en="effect of the action"),
            value=effect.estimate,
            low=effect.low,
            high=effect.high,
            unit=unit,
        )
    ]
    if action.expected is not None:
        label = Text(ko="기대한 효과", en="expected effect")
        found.append(Evidence(name="expected", label=label, value=action.expected, unit=unit))
    level = Text(ko="조치 전 수준", en="level before")
    found.append(
        Evidence(
            name="level_before", label=level, value=level_before(answer), unit="share" if share else answer.course.unit
        )
    )
    if answer.late is not None:
        found.append(
            Evidence(
                name="late_effect",
                label=Text(ko=f"최근 {LATE_WINDOW}일의 효과", en=f"effect in the last {LATE_WINDOW} days"),
                value=answer.late.estimate,
                low=answer.late.low,
                high=answer.late.high,
                unit=unit,
            )
        )
    found += [
        _count("days", "조치 뒤 지난 날", "days since the action", answer.days, "days"),
        _count("days_needed", "필요한 날", "days needed", answer.needed, "days"),
        _count("controls", "견준 설비·제품", "machines or products beside it", len(answer.course.control_names)),
    ]
    for name, placebo, ko, en in (
        ("placebo_time_p", answer.in_time, "조치가 없던 때에 이만큼 변한 비율", "chance of as much at other times"),
        (
            "placebo_place_p",
            answer.in_place,
            "조치가 없던 설비가 이만큼 변한 비율",
            "chance of as much on other machines",
        ),
    ):
        if placebo is not None:
            found.append(Evidence(name=name, label=Text(ko=ko, en=en), value=placebo.p_value))
    return tuple(found)


def _count(name: str, ko: str, en: str, value: int, unit: str | None = None) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=float(value), unit=unit)


def saved_a_year(answer: Answer) -> Worth | None:
    """The worth of the finding for the part of the expected effect that came; `None` where neither was told."""
    action, effect = answer.action, answer.effect
    if action.worth is None or not action.expected or answer.verdict is not Verdict.CONFIRMED:
        return None
    shares = sorted(edge / action.expected for edge in (effect.low, effect.high))
    share = effect.estimate / action.expected
    amount = action.worth.amount
    return Worth(
        amount=amount * share,
        low=max(0.0, amount * shares[0]),
        high=amount * shares[1],
        currency=action.worth.currency,
        basis=Text(
            ko=f"확인된 효과는 기대의 {percent(share)}. {action.worth.basis.ko}",
            en=f"{percent(share)} of the expected effect was confirmed. {action.worth.basis.en}",
        ),
    )


def _chart(answer: Answer) -> Chart:
    course, effect = answer.course, answer.effect
    scale = 100.0 if answer.action.metric in SHARES else 1.0
    rows = thin(course.values.size)

    def line(values: np.ndarray) -> tuple[float | None, ...]:
        return tuple(float(scale * value) if np.isfinite(value) else None for value in values[rows])

    lowest = np.maximum(effect.expected_low, 0.0) if answer.action.metric in SHARES else effect.expected_low
    what = metric_text(answer.action.metric, answer.action.subject)
    return Chart(
        title=Text(ko=f"조치 뒤 {what.ko}: 달라졌나?", en=f"Did {what.en} change with the action?"),
        x_kind="time",
        x=iso(course.start[rows]),
        lines=(
            Line(name=Text(ko="실제", en="measured"), y=line(course.values), look="points"),
            Line(
                name=Text(ko="조치가 없었다면(95 % 범위)", en="without the action (95 % range)"),
                y=line(effect.expected_high),
                base=line(lowest),
                look="band",
            ),
            Line(name=Text(ko="조치가 없었다면", en="without the action"), y=line(effect.expected), look="line"),
        ),
        marks=(
            Mark(
                name=Text(ko="조치한 날", en="action"),
                axis="x",
                at=iso(np.array([answer.action.done]).astype("datetime64[us]"))[0],
                look="event",
            ),
        ),
        y_label=what,
        y_unit="%" if answer.action.metric in SHARES else course.unit,
    )


def _notes(answer: Answer) -> tuple[Text, ...]:
    effect = answer.effect
    notes = []
    if answer.course.control_names:
        names = ", ".join(answer.course.control_names[:5])
        notes.append(
            Text(
                ko=f"조치하지 않은 {names}와(과) 함께 움직이는 만큼은 조치의 효과로 세지 않았습니다. "
                "그쪽에도 같은 조치를 했다면 효과가 작게 보입니다.",
                en=f"What {names} did at the same time is not counted as an effect. If the action was taken there too, "
                "it will look smaller than it is.",
            )
        )
    else:
        notes.append(
            Text(
                ko="견줄 다른 설비나 제품이 없어, 같은 때에 바뀐 다른 것의 영향은 가려내지 못합니다.",
                en="No other machine or product stands beside it: what else changed on that day cannot be told apart.",
            )
        )
    notes.append(
        Text(
            ko=f"조치 전 {effect.before}개와 조치 뒤 {effect.after}개 구간을 견주었고, 이웃한 날이 서로 닮는 정도"
            f"({effect.autocorrelation:.2f})와 요일을 셈에 넣었습니다. 조치한 날은 뺐습니다.",
            en=f"{effect.before} steps before and {effect.after} after, allowing for how much neighbouring days resemble each "
            f"other ({effect.autocorrelation:.2f}) and for weekdays; the day of the action is left out.",
        )
    )
    return tuple(notes)

"""The course of a sample's factories: facts and levels over a year, mentors in factories with what they changed."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from uuid import uuid4

from django.utils import timezone

from jasang.diagnose.level import Answer, LiveFacts, Measured, Rubric, latest_rubric, live_answers, score
from jasang.diagnose.level.rubric import LiveQuestion
from jasang.plant.text import Text
from jasang.web.jobs.sampling import MadeAction, MadeFactory
from jasang.web.programme.impact import added
from jasang.web.programme.models import (
    Change,
    Cohort,
    HandOver,
    LevelAnswer,
    LevelMark,
    Mentor,
    Residency,
    ResidencyNote,
    ResidencyWeek,
    Standing,
    Task,
)
from jasang.web.programme.residencies import LOOK_BACK_DAYS, WEEKS
from jasang.web.tenants.models import Factory, Organisation

_BATCH = 1000
_MONTHS = 12
_COLLECTING = 0.62  # of the factories have a collector
_CHANGES = (
    (
        "driver",
        "금형 예열 시간을 맞춤",
        "Preheat time of the mould set",
        "작업자마다 다름",
        "12분으로 고정, 표준에 적음",
    ),
    ("minor_stops", "자재 걸림을 없앰", "Jams of material removed", "하루 40번 섬", "유도판을 새로 달음"),
    ("off_centre", "두께를 가운데로 옮김", "Thickness moved to the centre", "늘 두껍게 칠함", "전류를 8 % 내림"),
    ("idle_energy", "쉬는 시간에 펌프를 끔", "Pumps off in breaks", "점심에도 돎", "타이머를 닮"),
    ("changeover", "교체 준비를 미리 함", "Changeover prepared ahead", "설비를 세우고 찾음", "수레에 미리 담음"),
)
_TASKS = (
    "필터 청소 주기 정하기",
    "야간조에 조건표 붙이기",
    "검사구 반복 측정",
    "자재 창고 온습도 기록",
    "정지 이유 버튼 달기",
)
_SPOTS = (
    ("사출 3호", "금형 온도가 왼쪽만 높다"),
    ("자재 창고", "습도계가 없다"),
    ("포장", "바코드를 손으로 친다"),
    ("도금 2조", "액 온도가 아침에 낮다"),
)
_HAND_OVERS = ("조건 표준서", "이상 때 할 일 한 장", "데이터 화면 보는 법 교육")


def levels(
    draw: Random, factories: Sequence[Factory], cohort: Cohort, day: date
) -> tuple[list[Standing], list[MadeFactory]]:
    """Answers, live facts, the marks of a year and today's standing of every factory."""
    rubric = latest_rubric()
    answers, marks, standings, made = [], [], [], []
    for factory in factories:
        skill = draw.betavariate(2.2, 3.0) * 5  # most factories begin low
        facts = _facts(draw, rubric, skill)
        mentors = [
            Answer(item=item.id, step=_step(draw, skill), at=day - timedelta(days=draw.randrange(10, 300)), by="sample")
            for item in rubric.items
            if item.live is None
        ]
        given = [*mentors, *live_answers(rubric, facts_at(facts, day))]
        answers += [
            LevelAnswer(factory=factory, item=one.item, step=one.step, at=one.at, source=one.source, value=one.value)
            for one in given
        ]
        level = score(rubric, given, day)
        marks += _marks(draw, factory, level.points, level.of_five, rubric, day)
        standings.append(
            Standing(factory=factory, cohort=cohort, of_five=level.of_five, points=level.points,
                     goal=min(5, level.of_five + 1), surveyed_on=day)
        )  # fmt: skip
        made.append(MadeFactory(factory=factory, facts=facts))
    LevelAnswer.objects.under(cohort.organisation).bulk_create(answers, batch_size=_BATCH)
    LevelMark.objects.under(cohort.organisation).bulk_create(marks, batch_size=_BATCH)
    return standings, made


def facts_at(facts: dict[str, float], day: date) -> LiveFacts:
    """The facts as areas would tell them that day."""
    return LiveFacts(**{name: Measured(value=value, at=day) for name, value in facts.items()})


def _step(draw: Random, skill: float) -> int:
    return min(5, max(0, round(draw.gauss(skill, 0.9))))


def _facts(draw: Random, rubric: Rubric, skill: float) -> dict[str, float]:
    """A value of every live fact; without a collector nothing comes by itself."""
    collecting = draw.random() < _COLLECTING + 0.1 * (skill - 2)
    found = {}
    for item in rubric.items:
        if item.live is None or item.live.fact == "case_reaction_hours":  # told from the cases
            continue
        if item.live.fact in ("collection_uptime_90_days", "machines_connected") and not collecting:
            continue
        found[item.live.fact] = _value(draw, item.live, _step(draw, skill))
    return found


def _value(draw: Random, live: LiveQuestion, step: int) -> float:
    """A value of which the step is that one."""
    falling = live.steps[-1] < live.steps[0]
    if falling:
        worse = live.steps[step - 1] if step else live.steps[0] * 3
        better = live.steps[step] if step < len(live.steps) else live.steps[-1] / 4
        return draw.uniform(better + 0.05 * (worse - better), worse)
    low = live.steps[step - 1] if step else 0.0
    high = live.steps[step] if step < len(live.steps) else (1.0 if live.unit == "share" else low * 1.6)
    if live.unit == "count":
        return float(draw.randrange(int(low), max(int(low) + 1, int(high))))
    return low + draw.uniform(0.1, 0.85) * (high - low)


def _marks(draw: Random, factory: Factory, points: float, of_five: int, rubric: Rubric, day: date) -> list[LevelMark]:
    """Month by month down to a year ago; gates held the level back as they do today."""
    marks, then = [], points
    for month in range(_MONTHS):
        reached = sum(step.points <= then for step in rubric.levels)
        marks.append(
            LevelMark(
                factory=factory, day=day - timedelta(days=30 * month), rubric=rubric.version,
                of_five=of_five if month == 0 else min(of_five, reached), points=round(then, 1),
            )
        )  # fmt: skip
        then = max(0.0, then - draw.gauss(0.03, 0.03) * max(points, 100))
    return marks


def residencies(draw: Random, operator: Organisation, made: Sequence[MadeFactory], day: date) -> None:
    """Mentors one factory after the other over a year and the next weeks, with everything they wrote down."""
    mentors = list(Mentor.objects.of(operator).order_by("pk"))
    waiting = list(made)
    draw.shuffle(waiting)
    rows: list[tuple[Residency, MadeFactory]] = []
    for mentor in mentors:
        first = day - timedelta(days=draw.randrange(0, 330))
        while waiting and first < day + timedelta(weeks=4) and len(rows) < len(made) * 0.45:
            one = waiting.pop()
            last = first + timedelta(weeks=WEEKS) - timedelta(days=1)
            rows.append((Residency(factory=one.factory, mentor=mentor, starts_on=first, ends_on=last), one))
            first = last + timedelta(days=1 + draw.randrange(0, 40))
    for residency, one in rows:
        _begin(draw, residency, one, day)
    kept = Residency.objects.under(operator).bulk_create([residency for residency, _ in rows], batch_size=_BATCH)
    begun = [(residency, one) for residency, (_, one) in zip(kept, rows, strict=True) if residency.starts_on <= day]
    _write_down(draw, operator, begun, day)


def _begin(draw: Random, residency: Residency, one: MadeFactory, day: date) -> None:
    """What it brought so far, and where it stands."""
    done = [residency.starts_on + timedelta(days=draw.randrange(14, 50)) for _ in range(draw.randrange(0, 4))]
    for moment in sorted(moment for moment in done if moment < day - timedelta(days=14)):
        rule, ko, en, _before, _after = draw.choice(_CHANGES)
        won = round(draw.lognormvariate(16.2, 0.8), -4)
        one.actions.append(
            MadeAction(
                key=uuid4(), rule=rule, title=Text(ko=ko, en=en), done_on=moment,
                won=won, low=round(won * draw.uniform(0.3, 0.8)), high=round(won * draw.uniform(1.2, 1.9)),
                holds=draw.random() < 0.88,
            )
        )  # fmt: skip
    holding = [action for action in one.actions if action.holds]
    residency.won, residency.low, residency.high = added((action.won, action.low, action.high) for action in holding)
    residency.effects, residency.reckoned_on = len(holding), day
    now = timezone.now()
    if residency.ends_on < day:
        residency.ended_at = residency.handed_over_at = now - (day - residency.ends_on)
        residency.hand_over = "찾은 것과 바꾼 것을 표준에 적어 두었습니다."
    if residency.ends_on + timedelta(days=LOOK_BACK_DAYS + 14) < day:
        residency.look_back, residency.looked_back_at = "현장을 다시 보았습니다.", now
        residency.held = len(holding)
    residency.goal = "불량과 짧은 정지를 절반으로"


def _write_down(
    draw: Random, operator: Organisation, begun: Sequence[tuple[Residency, MadeFactory]], day: date
) -> None:
    weeks, tasks, notes, changes, items = [], [], [], [], []
    for residency, one in begun:
        factory = residency.factory
        passed = (min(day, residency.ends_on) - residency.starts_on).days // 7
        weeks += [
            ResidencyWeek(factory=factory, residency=residency, number=number, done=number <= passed)
            for number in range(1, WEEKS + 1)
        ]
        tasks += [_task(draw, residency, day) for _ in range(draw.randrange(2, 5))]
        for place, text in draw.sample(_SPOTS, 2):
            on = min(day, residency.starts_on + timedelta(days=draw.randrange(0, 5)))
            notes.append(
                ResidencyNote(factory=factory, residency=residency, kind="walk", place=place, text=text, on=on)
            )
        over = residency.looked_back_at is not None
        changes += [_change(residency, action, over) for action in one.actions]
        if residency.ended_at is not None:
            items += [
                HandOver(
                    factory=factory, residency=residency, text=text, keeper="생산팀", accepted_at=residency.ended_at
                )
                for text in _HAND_OVERS
            ]
    for model, rows in (
        (ResidencyWeek, weeks),
        (Task, tasks),
        (ResidencyNote, notes),
        (Change, changes),
        (HandOver, items),
    ):
        model.objects.under(operator).bulk_create(rows, batch_size=_BATCH)


def _task(draw: Random, residency: Residency, day: date) -> Task:
    due = residency.starts_on + timedelta(days=draw.randrange(5, 54))
    done = due < day and draw.random() < 0.85
    return Task(
        factory=residency.factory, residency=residency, text=draw.choice(_TASKS), who=draw.choice(("반장", "공무팀", "품질팀")),
        due_on=due, done_at=timezone.now() - (day - due) if done else None,
    )  # fmt: skip


def _change(residency: Residency, action: MadeAction, looked_back: bool) -> Change:
    before, after = next((b, a) for rule, ko, _en, b, a in _CHANGES if ko == action.title.ko)
    return Change(
        factory=residency.factory, residency=residency, title=action.title.ko, before=before, after=after,
        on=action.done_on, lasting=str(action.key), about={"ko": action.title.ko, "en": action.title.en, "url": ""},
        holds=action.holds if looked_back else None,
    )  # fmt: skip

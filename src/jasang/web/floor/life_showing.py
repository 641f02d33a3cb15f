"""What the page of a finding shows of its life: the steps it has been through, what happened, and whether it helped."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from jasang.errors import Language
from jasang.web.floor import know_how, queries
from jasang.web.floor.life import FIRST, today
from jasang.web.floor.models import Finding, LifeEvent, Stage
from jasang.web.floor.showing import Row, interval, quantity, stage_words

_GOOD = (Stage.VERIFIED, Stage.HELD)
_BAD = (Stage.NOT_EFFECTIVE, Stage.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the way from found to held: its name, and whether it is past, now or still to come."""

    words: str
    state: str  # past | now | ahead
    look: str  # "" | good | bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of the history."""

    at: Any
    by: str
    words: str
    note: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The whole life of a finding, as its page shows it."""

    stage: str
    words: str
    steps: list[Step]
    history: list[Happened]
    answer: str
    charts: list[tuple[str, dict[str, Any]]]
    evidence: list[Row]
    notes: list[str]
    may_accept: bool
    may_decline: bool
    checking: bool
    done_on: date | None
    today: date
    like: list[know_how.Shown]
    record: know_how.Shown | None
    shared: bool


def life_story(finding: Finding, language: Language) -> Story | None:
    """The story of the finding; `None` for one that was kept before findings had lives."""
    life = finding.life
    if life is None:
        return None
    events = list(queries.events(life))
    checked = next((event for event in events if event.study), None)
    latest = next((event for event in events if event.text_ko), None)
    own = know_how.own_record(life, language)
    return Story(
        stage=life.stage,
        words=stage_words(life.stage),
        steps=_steps(Stage(life.stage)),
        history=[_happened(event, language) for event in events],
        answer="" if latest is None else latest.text_ko if language == "ko" else latest.text_en,
        charts=_charts(checked),
        evidence=_evidence(checked, language),
        notes=[note[language] for note in checked.study["notes"]] if checked is not None else [],
        may_accept=life.stage in (Stage.FOUND, Stage.DECLINED),
        may_decline=life.stage in FIRST and life.stage != Stage.DECLINED,
        checking=life.job is not None and life.job.open,
        done_on=life.done_on,
        today=today(),
        like=know_how.like(life, language),
        record=None if own is None else own[0],
        shared=own is not None and own[1],
    )


def _steps(stage: Stage) -> list[Step]:
    """Found, taken on, action taken, checked, held: as far as the finding has come."""
    if stage is Stage.DECLINED:
        return [
            Step(words=stage_words(Stage.FOUND), state="past", look=""),
            Step(words=stage_words(Stage.DECLINED), state="now", look=""),
        ]
    helped = stage_words(stage) if stage in (*_BAD[:1], Stage.VERIFIED) else _("did it help?")
    lasted = stage_words(stage) if stage in (Stage.HELD, Stage.LOST) else _("does it last 90 days?")
    if stage in (Stage.HELD, Stage.LOST):
        helped = stage_words(Stage.VERIFIED)
    names = [stage_words(Stage.FOUND), stage_words(Stage.ACCEPTED), stage_words(Stage.DONE), helped, lasted]
    place = {
        Stage.FOUND: 0,
        Stage.ACCEPTED: 1,
        Stage.DONE: 2,
        Stage.CHECKING: 2,
        Stage.VERIFIED: 3,
        Stage.NOT_EFFECTIVE: 3,
        Stage.HELD: 4,
        Stage.LOST: 4,
    }[stage]
    look = "good" if stage in _GOOD else "bad" if stage in _BAD else ""
    return [
        Step(
            words=words,
            state="past" if here < place else "now" if here == place else "ahead",
            look=look if here == place else "",
        )
        for here, words in enumerate(names)
    ]


def _happened(event: LifeEvent, language: Language) -> Happened:
    return Happened(
        at=event.at,
        by=str(event.by) if event.by is not None else "",
        words=stage_words(event.stage),
        note=event.note,
        text=event.text_ko if language == "ko" else event.text_en,
    )


def _charts(event: LifeEvent | None) -> list[tuple[str, dict[str, Any]]]:
    if event is None or event.study is None:
        return []
    return [(f"effect-{place}", chart) for place, chart in enumerate(event.study["charts"])]


def _evidence(event: LifeEvent | None, language: Language) -> list[Row]:
    if event is None or event.study is None:
        return []
    return [
        Row(
            label=item["label"][language],
            value=quantity(item["value"], item["unit"]),
            interval=interval(item["low"], item["high"], item["unit"]),
        )
        for item in event.study["evidence"]
    ]

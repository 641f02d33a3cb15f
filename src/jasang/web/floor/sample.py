"""What a sample's factories have on the shop floor: days of collecting, kept facts, findings whose actions were verified."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from jasang.web.floor.fact_models import SLOTS, CollectedDay, KeptFact
from jasang.web.floor.models import FindingLife, LifeEvent, Stage
from jasang.web.jobs.sampling import MadeAction, MadeFactory
from jasang.web.tenants.models import Factory, Organisation

_DAYS = 90
_FULL = (1 << SLOTS) - 1
_BATCH = 2000
_EXPECTED = -0.01  # of the metric: what the check of such a finding waits for
_KEPT = ("records_not_typed", "lots_traceable", "machines_connected")


def fill(*, operator: Organisation, made: Sequence[MadeFactory], seed: int, day: date) -> None:
    """Rows from which `told.live_facts` and `told.effects` tell exactly what the sample says."""
    draw = Random(seed)
    days, facts, lives = [], [], []
    for one in made:
        days += _collected(draw, one, day)
        facts += [
            KeptFact(factory=one.factory, name=name, value=one.facts[name], at=day)
            for name in _KEPT
            if name in one.facts
        ]
        lives += [_life(one.factory, action) for action in one.actions]
    CollectedDay.objects.under(operator).bulk_create(days, batch_size=_BATCH)
    KeptFact.objects.under(operator).bulk_create(facts, batch_size=_BATCH)
    lives = FindingLife.objects.under(operator).bulk_create(lives, batch_size=_BATCH)
    actions = [action for one in made for action in one.actions]
    LifeEvent.objects.under(operator).bulk_create(
        [_confirmed(life, action) for life, action in zip(lives, actions, strict=True)], batch_size=_BATCH
    )
    # The moment is set by the database when a row is made; a check is as old as its action.
    events = list(LifeEvent.objects.under(operator).filter(life__in=lives).order_by("life"))
    for event, action in zip(events, actions, strict=True):
        event.at = datetime.combine(action.done_on + timedelta(days=14), time(9), ZoneInfo("Asia/Seoul"))
    LifeEvent.objects.under(operator).bulk_update(events, ["at"], batch_size=_BATCH)


def _collected(draw: Random, one: MadeFactory, day: date) -> list[CollectedDay]:
    """Days whose covered share is the sample's uptime: whole days up to today, gaps further back, one day in part."""
    share = one.facts.get("collection_uptime_90_days")
    if share is None:
        return []
    slots = round(share * _DAYS * SLOTS)
    whole, part = divmod(slots, SLOTS)
    recent = min(whole, 20)
    older = sorted(draw.sample(range(recent, _DAYS), min(_DAYS - recent, whole - recent + (part > 0))))
    places = [*range(recent), *older]
    covered = [_FULL] * whole + ([(1 << part) - 1] if part else [])
    late = one.facts.get("latency_seconds", 1.0)
    return [
        CollectedDay(
            factory=one.factory, day=day - timedelta(days=place), slots=f"{bits:0{SLOTS // 4}x}",
            readings=600 * bits.bit_count(), latency=late,
        )
        for place, bits in zip(places, covered, strict=False)
    ]  # fmt: skip


def _life(factory: Factory, action: MadeAction) -> FindingLife:
    worth = {
        "amount": action.won, "low": action.low, "high": action.high, "currency": "KRW", "per": "year",
        "basis": {"ko": "견본", "en": "sample"},
    }  # fmt: skip
    return FindingLife(
        factory=factory, key=action.key, title="units.csv", name=f"{action.rule}:sample", fingerprint=str(action.key),
        stage=Stage.HELD if action.holds else Stage.LOST, gone=True, done_on=action.done_on,
        document={
            "rule": action.rule, "severity": "act",
            "subject": {"table": "units.csv", "column": None, "asset": None, "product": None},
            "text": {"ko": action.title.ko, "en": action.title.en}, "worth": worth,
            "check": {"metric": "defect_rate", "expected": _EXPECTED, "days": 14},
        },
    )  # fmt: skip


def _confirmed(life: FindingLife, action: MadeAction) -> LifeEvent:
    """A check that found the whole expected effect, with the interval that the sample says."""
    low, high = (_EXPECTED * end / action.won for end in (action.low, action.high))
    return LifeEvent(
        factory=life.factory, life=life, stage=Stage.VERIFIED, verdict="confirmed", effect=_EXPECTED, low=high, high=low,
        text_ko="견본: 조치 뒤 불량률이 기대만큼 내려갔습니다.", text_en="Sample: the defect rate fell as expected.",
    )  # fmt: skip

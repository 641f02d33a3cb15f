"""The level of a factory in the portal: answers kept, live facts of other areas, standings, the survey of a cohort."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from jasang.diagnose.level import Answer, Level, LiveFacts, Peers, compare, latest_rubric, live_answers, score
from jasang.errors import JasangError
from jasang.web.jobs.announcing import effects
from jasang.web.programme.models import Cohort, LevelAnswer, LevelMark, Standing
from jasang.web.programme.photos import keep_proofs
from jasang.web.tenants.models import Factory, Organisation, Role
from jasang.web.tenants.queries import role_in
from jasang.web.ui.checked_files import Checked

_MAY_ANSWER = (Role.MENTOR,)
_GROUP = 3  # characters of a KSIC code that name a group, "C29"


class AnswerRefused(JasangError):
    """An answer to the rubric cannot be kept."""


@transaction.atomic
def answer_item(
    *, by: AbstractBaseUser, factory: Factory, item: str, step: int, evidence: str = "", at: date | None = None,
    words: str = "", files: Sequence[Checked] = (),
) -> LevelAnswer:  # fmt: skip
    """A mentor who is a guest of the factory says how far an item is, signs it, and adds what shows it; the same day's answer
    is replaced."""
    if role_in(by, factory) not in _MAY_ANSWER:
        raise AnswerRefused(ko="이 공장의 멘토만 답할 수 있습니다.", en="Only a mentor of this factory answers.")
    known = latest_rubric().item(item)
    if known is None or not 0 <= step <= 5:
        raise AnswerRefused(
            ko=f"항목 {item!r}, 단계 {step}: 평가표의 항목과 0부터 5까지의 단계여야 합니다.",
            en=f"Item {item!r}, step {step}: expected an item of the rubric and a step from 0 to 5.",
        )
    if known.live is not None and not known.live.mentor_too:
        raise AnswerRefused(
            ko="이 항목은 현장 데이터가 답합니다.", en="This item is answered by the factory's own data."
        )
    kept, _ = LevelAnswer.objects.of(factory).update_or_create(
        factory=factory, item=item, source="mentor", at=at or timezone.localdate(),
        defaults={
            "step": step, "by": by, "evidence": evidence[:300], "words": words.replace("\x00", "").strip()[:4000],
            "signed_at": timezone.now(),
        },
    )  # fmt: skip
    keep_proofs(factory=factory, files=files, by=by, answer=kept)
    mark_level(factory=factory)
    return kept


def live_facts(factory: Factory) -> LiveFacts:
    """What the other areas know of the factory now; each named in the settings gives a `LiveFacts`, the first to know wins."""
    facts = LiveFacts()
    for path in settings.LIVE_FACTS:
        told: LiveFacts = import_string(path)(factory)
        facts = replace(
            facts,
            open_worth={**told.open_worth, **facts.open_worth},
            **{
                name: getattr(told, name)
                for name in LiveFacts.__slots__
                if name != "open_worth" and getattr(facts, name) is None
            },
        )
    return facts


def level_of(factory: Factory, *, today: date | None = None, reading: str = "five") -> Level:
    """The level today, from kept answers and live facts."""
    rows = LevelAnswer.objects.of(factory).select_related("by")
    return score(
        latest_rubric(), _answers(rows), today or timezone.localdate(), facts=live_facts(factory), reading=reading
    )


def peers_of(factory: Factory, points: float) -> tuple[Peers, bool] | None:
    """Beside the factories of the same industry in the same programme, or (true) of the same group of industries where those are
    too few; nothing with fewer than five."""
    if factory.organisation is None or not factory.industry:
        return None
    top = Organisation.objects.get(pk=int(factory.organisation.path.strip("/").split("/")[0]))
    known = (
        Standing.objects.under(top).filter(surveyed_on__isnull=False, factory__closed_at=None).exclude(factory=factory)
    )
    for code in (factory.industry, factory.industry[:_GROUP]):
        like = known.filter(factory__industry__startswith=code).values_list("points", flat=True)
        found = compare(points, list(like))
        if found is not None:
            return found, code != factory.industry
    return None


def _keep_live(factory: Factory, found: Iterable[Answer]) -> None:
    """The latest live answer of each item, so that it still counts (and ages) when an area tells nothing any more. Older ones go:
    the course of the level is in its marks."""
    told = list(found)
    kept = LevelAnswer.objects.of(factory)
    kept.bulk_create(
        [
            LevelAnswer(
                factory=factory, item=one.item, source="live", at=one.at, step=one.step, value=one.value,
                evidence=one.evidence[:300],
            )
            for one in told
        ],
        update_conflicts=True,
        unique_fields=["factory", "item", "source", "at"],
        update_fields=["step", "value", "evidence"],
    )  # fmt: skip
    older = Q(pk__in=[])
    for one in told:
        older |= Q(item=one.item, at__lt=one.at)
    kept.filter(older, source="live").delete()


@transaction.atomic
def mark_level(*, factory: Factory, today: date | None = None) -> Level:
    """Reckon the level, keep the live answers behind it, today's mark and the standing."""
    day = today or timezone.localdate()
    rubric = latest_rubric()
    facts = live_facts(factory)
    _keep_live(factory, live_answers(rubric, facts))
    rows = LevelAnswer.objects.of(factory).select_related("by")
    level = score(rubric, _answers(rows), day, facts=facts)
    LevelMark.objects.of(factory).update_or_create(
        factory=factory, day=day,
        defaults={"rubric": level.rubric, "of_five": level.of_five, "points": level.points},
    )  # fmt: skip
    Standing.objects.of(factory).update_or_create(
        factory=factory, defaults={"of_five": level.of_five, "points": level.points, "surveyed_on": day}
    )
    _count_effects(factory)
    return level


def survey(*, cohort: Cohort, today: date | None = None) -> int:
    """Reckon the level of every factory of the cohort and give each without one a goal: one level up. How many."""
    count = 0
    standings = Standing.objects.under(cohort.organisation).filter(cohort=cohort).select_related("factory")
    for standing in standings.order_by("pk").iterator(chunk_size=200):
        with transaction.atomic():
            level = mark_level(factory=standing.factory, today=today)
            goal = min(level.of_five + 1, 5)
            Standing.objects.of(standing.factory).filter(goal__isnull=True).update(goal=goal)
        count += 1
    return count


def _count_effects(factory: Factory) -> None:
    holding = [one for one in effects(factory) if one.holds]
    Standing.objects.of(factory).update(effects=len(holding), effect=sum(one.won for one in holding))


def _answers(rows: Iterable[LevelAnswer]) -> list[Answer]:
    return [
        Answer(
            item=row.item, step=row.step, at=row.at, source=row.source, evidence=row.evidence, value=row.value,
            by=row.by.get_username() if row.by is not None else "",
        )
        for row in rows
    ]  # fmt: skip

"""Difficulties that factories share, kept: a chore places new sightings; people split, merge, name and answer them.

Each function is one transaction. Whoever has a difficulty sees its state to the end and hears of each step. Nothing of one
factory shows at another: what is told are numbers, the rule, the kind of machine, and words that at least three factories used.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils import timezone

from jasang.diagnose.catalog import RULES
from jasang.errors import ConfigurationError, WrongArguments
from jasang.mentor import shapes
from jasang.mentor.difficulties import LATEST, ReportedCase, grow, tellable_words
from jasang.plant.text import Text
from jasang.web.center.models import (
    Case,
    CaseState,
    Centre,
    Difficulty,
    DifficultyEvent,
    DifficultyState,
    Sighting,
)
from jasang.web.center.search_store import analyser
from jasang.web.center.sightings import english, shown_word, text_of, words_of
from jasang.web.notices.models import Webhook
from jasang.web.notices.services import tell
from jasang.web.tenants.models import Factory, Membership, Organisation, Role

log = logging.getLogger(__name__)
AT_ONCE = 200  # sightings a turn
MOST_WAITING = 3000  # sightings without a difficulty that are still compared
LOOKING_BACK = timedelta(days=180)
TELLING = timedelta(days=14)  # older sightings that join tell nobody
_told: set[str] = set()
_SOLVED = (CaseState.SOLVED, CaseState.CLOSED)


def cluster() -> int:
    """The chore: place what is new at every centre; how many sightings were looked at."""
    done = 0
    for centre in Organisation.objects.filter(pk__in=Centre.objects.of_every_organisation().values("organisation")):
        done += place_new(centre)
    return done


def place_new(centre: Organisation) -> int:
    """Place the centre's new sightings, oldest first, at most `AT_ONCE`; any number may run side by side."""
    _complete(centre)
    new = list(_rows(centre).filter(looked_at=False).select_related("case").order_by("at", "pk")[:AT_ONCE])
    if not new:
        return 0
    try:  # before the transaction: the first use loads a model for some seconds, and nobody shall wait for that
        analysed = list(analyser().analyse_all([text_of(one) for one in new]))
    except ConfigurationError as error:  # the extra is not installed: the portal works without
        if error.en not in _told:
            _told.add(error.en)
            log.warning("%s", error.en)
        return 0
    words = {one.pk: words_of(found) for one, found in zip(new, analysed, strict=True)}
    return _place(centre, words)


@transaction.atomic
def _place(centre: Organisation, words: dict[int, list[str]]) -> int:
    Centre.objects.of(centre).select_for_update().get()
    new = list(_rows(centre).filter(pk__in=words, looked_at=False).order_by("at", "pk"))
    for one in new:
        one.words, one.looked_at = words[one.pk], True
    Sighting.objects.of_every_factory().bulk_update(new, ["words", "looked_at"], batch_size=100)
    _grow(centre, [one for one in new if one.factory_id is not None and not one.by_hand])
    return len(new)


def _rows(centre: Organisation) -> Any:
    return Sighting.objects.of_every_factory().filter(centre=centre)


def _complete(centre: Organisation) -> None:
    """Cases that were brought in as a whole have no sighting yet."""
    since = timezone.now() - LOOKING_BACK
    rows = Case.objects.at(centre).filter(opened_at__gte=since, factory__isnull=False)
    missing = rows.exclude(pk__in=_rows(centre).filter(at__gte=since, case__isnull=False).values("case"))
    made = [
        Sighting(
            centre=centre, factory_id=one.factory_id, case=one, at=one.opened_at,
            rule=str((one.carried.get("document") or {}).get("rule") or "")[:60],
        )
        for one in missing.order_by("opened_at")[:AT_ONCE]
    ]  # fmt: skip
    Sighting.objects.of_every_factory().bulk_create(made, ignore_conflicts=True)


def _grow(centre: Organisation, new: Sequence[Sighting]) -> None:
    since = timezone.now() - LOOKING_BACK
    seen = _rows(centre).filter(looked_at=True, factory__isnull=False, at__gte=since)
    waiting = seen.filter(difficulty__isnull=True, by_hand=False).exclude(pk__in=[one.pk for one in new])
    known = Difficulty.objects.of(centre).filter(merged_into__isnull=True, last_at__gte=since)
    members: dict[str, list[Sighting]] = {str(one): [] for one in known.values_list("pk", flat=True)}
    for one in seen.filter(difficulty__in=known).order_by("-at", "-pk")[: LATEST * 200]:
        if len(its := members[str(one.difficulty_id)]) < LATEST:
            its.append(one)
    growth = grow(
        {name: [_reported(one) for one in reversed(its)] for name, its in members.items() if its},
        [_reported(one) for one in waiting.order_by("-at", "-pk")[:MOST_WAITING]],
        [_reported(one) for one in new],
    )
    by_key = {str(one.pk): one for one in new}
    for key, name in growth.joined.items():
        _rows(centre).filter(pk=int(key)).update(difficulty=int(name))
    for name in sorted(set(growth.joined.values()), key=int):
        difficulty = known.get(pk=int(name))
        _keep_numbers(difficulty)
        joined = [by_key[key] for key, its in growth.joined.items() if its == name]
        _note(difficulty, "joined", None, number=len(joined))
        _tell_joined(difficulty, joined)
    for keys in growth.found:
        _make(centre, [int(key) for key in keys], kind="found", user=None)


def _reported(one: Sighting) -> ReportedCase:
    kept = shapes.unpacked(bytes(one.profile))[0] if one.profile else ()
    return ReportedCase(
        key=str(one.pk), factory=str(one.factory_id), words=frozenset(one.words), opened=one.at, rule=one.rule,
        context=one.context, shape=tuple(float(value) for value in kept),
    )  # fmt: skip


@transaction.atomic
def gather(*, centre: Organisation, sightings: Iterable[int]) -> Difficulty:
    """These sightings of at least three factories become one difficulty, as if they had been found alike."""
    return _make(centre, sightings, kind="found", user=None)


def _make(
    centre: Organisation, sightings: Iterable[int], *, kind: str, user: AbstractBaseUser | None, title: str = ""
) -> Difficulty:
    now = timezone.now()
    made = Difficulty.objects.of(centre).create(organisation=centre, title_ko=title or "–", first_at=now, last_at=now)
    by_hand = {"by_hand": True} if user is not None else {}
    _rows(centre).filter(pk__in=list(sightings)).update(difficulty=made, **by_hand)
    _keep_numbers(made)
    if not title:
        made.title_ko, made.title_en = _title(made)
        made.save(update_fields=["title_ko", "title_en"])
    _note(made, kind, user, number=made.factories)
    _tell_joined(made, list(_rows(centre).filter(difficulty=made)))
    return made


def _title(difficulty: Difficulty) -> tuple[str, str]:
    """From what may be told to everybody."""
    words = [word for word in difficulty.words if word.startswith("=")] or difficulty.words
    titles = {rule.name: rule.title for rule in RULES}
    rule = titles.get(difficulty.rule)
    plain = list(dict.fromkeys(shown_word(word) for word in words))[:3]
    theirs = list(dict.fromkeys(english(word) for word in words))[:3]
    ko = ": ".join(part for part in (rule.ko if rule else "", ", ".join(plain)) if part)
    en = ": ".join(part for part in (rule.en if rule else "", ", ".join(theirs)) if part)
    return (ko or "여러 공장이 함께 겪는 어려움")[:200], (en or "A difficulty of several factories")[:200]


def _keep_numbers(difficulty: Difficulty) -> None:
    """What follows from the sightings, counted anew."""
    rows = _rows(difficulty.organisation).filter(difficulty=difficulty)
    numbers = rows.aggregate(
        factories=Count("factory", distinct=True), cases=Count("case"), findings=Count("finding"),
        first=Min("at"), last=Max("at"),
        solved=Count("pk", filter=Q(case__state__in=_SOLVED)), shapes=Count("profile"),
    )  # fmt: skip
    latest = list(rows.order_by("-at", "-pk")[:200])
    kept = [bytes(one.profile) for one in latest if one.profile]
    mean = shapes.unpacked(kept).mean(axis=0) if kept else None
    difficulty.words = list(tellable_words([_reported(one) for one in latest])[:12])
    difficulty.rule = _most([one.rule for one in latest])
    difficulty.context = _most([one.context for one in latest])
    difficulty.shape = shapes.packed(np.asarray(mean, dtype=np.float32)) if mean is not None and len(kept) > 2 else None
    difficulty.factories, difficulty.cases, difficulty.findings = (
        numbers[name] for name in ("factories", "cases", "findings")
    )
    difficulty.solved, difficulty.shapes = numbers["solved"], numbers["shapes"]
    difficulty.first_at = numbers["first"] or difficulty.first_at
    difficulty.last_at = numbers["last"] or difficulty.last_at
    difficulty.save()


def _most(values: Sequence[str]) -> str:
    best = max(sorted(set(values)), key=values.count, default="")
    return best if values.count(best) * 2 > len(values) else ""


def _note(difficulty: Difficulty, kind: str, by: AbstractBaseUser | None, **data: Any) -> DifficultyEvent:
    return DifficultyEvent.objects.of(difficulty.organisation).create(
        organisation=difficulty.organisation, difficulty=difficulty, by=by, kind=kind, data=data
    )


def _held(difficulty: Difficulty) -> Difficulty:
    rows = Difficulty.objects.of(difficulty.organisation).select_for_update(of=("self",)).select_related("organisation")
    found = rows.get(pk=difficulty.pk)
    if found.merged_into_id is not None:
        raise WrongArguments(ko="다른 어려움과 합쳐졌습니다.", en="It was merged into another difficulty.")
    return found


@transaction.atomic
def rename(*, difficulty: Difficulty, user: AbstractBaseUser, title_ko: str, title_en: str = "") -> None:
    """Another title; every factory that has the difficulty reads it."""
    held = _held(difficulty)
    held.title_ko, held.title_en = title_ko[:200], title_en[:200]
    held.save(update_fields=["title_ko", "title_en", "changed_at"])
    _note(held, "title", user)


@transaction.atomic
def set_state(*, difficulty: Difficulty, user: AbstractBaseUser, state: DifficultyState) -> None:
    """A step on; factories hear of it. `WrongArguments` where it is called answered without an answer."""
    held = _held(difficulty)
    if held.state == state:
        return
    if state == DifficultyState.ANSWERED and not held.answer_ko:
        raise WrongArguments(ko="먼저 답을 적어 주세요.", en="Please write the answer first.")
    held.state = state
    held.save(update_fields=["state", "changed_at"])
    _tell(held, _note(held, "state", user, state=str(state)))


@transaction.atomic
def answer(*, difficulty: Difficulty, user: AbstractBaseUser, ko: str, en: str = "") -> None:
    """The answer to every factory that has it, now and later."""
    if not ko.strip():
        raise WrongArguments(ko="답을 적어 주세요.", en="Please write the answer.")
    held = _held(difficulty)
    held.answer_ko, held.answer_en, held.state = ko.strip(), en.strip(), DifficultyState.ANSWERED
    held.save(update_fields=["answer_ko", "answer_en", "state", "changed_at"])
    _tell(held, _note(held, "answer", user))


@transaction.atomic
def split(
    *, difficulty: Difficulty, sightings: Iterable[Sighting], user: AbstractBaseUser, title: str = ""
) -> Difficulty:
    """These sightings become a difficulty of their own, whatever their number; they stay there."""
    held = _held(difficulty)
    numbers = [one.pk for one in sightings if one.difficulty_id == held.pk]
    if not numbers or len(numbers) == _rows(held.organisation).filter(difficulty=held).count():
        raise WrongArguments(ko="나눌 것을 일부만 고르세요.", en="Please choose some of them, not all.")
    made = _make(held.organisation, numbers, kind="split", user=user, title=title[:200])
    _keep_numbers(held)
    _note(held, "moved", user, number=len(numbers), to=str(made.key))
    return made


@transaction.atomic
def take_out(*, difficulty: Difficulty, sightings: Iterable[Sighting], user: AbstractBaseUser) -> None:
    """These do not belong here, and to no other one by themselves."""
    held = _held(difficulty)
    numbers = [one.pk for one in sightings if one.difficulty_id == held.pk]
    _rows(held.organisation).filter(pk__in=numbers).update(difficulty=None, by_hand=True)
    _keep_numbers(held)
    _note(held, "moved", user, number=len(numbers))


@transaction.atomic
def put_in(*, difficulty: Difficulty, case: Case, user: AbstractBaseUser) -> None:
    """The case belongs here."""
    held = _held(difficulty)
    if case.centre_id != held.organisation_id or case.factory_id is None:
        raise WrongArguments(
            ko="이 센터의 공장 문의만 넣을 수 있습니다.", en="Only a factory's case of this centre fits."
        )
    row, _made = Sighting.objects.of_every_factory().get_or_create(
        case=case, defaults={"centre": held.organisation, "factory": case.factory, "at": case.opened_at}
    )
    before = row.difficulty
    row.difficulty, row.by_hand = held, True
    row.save(update_fields=["difficulty", "by_hand"])
    for one in {held.pk: held, **({before.pk: before} if before is not None else {})}.values():
        _keep_numbers(one)
    _note(held, "moved", user, number=1)
    _tell_joined(held, [row])


@transaction.atomic
def merge(*, difficulty: Difficulty, into: Difficulty, user: AbstractBaseUser) -> None:
    """Two are one: what belongs to this one belongs to the other from now on."""
    if difficulty.pk == into.pk or difficulty.organisation_id != into.organisation_id:
        raise WrongArguments(ko="다른 어려움을 고르세요.", en="Please choose another difficulty.")
    first, second = (_held(one) for one in sorted((difficulty, into), key=lambda one: one.pk))
    gone, stays = (first, second) if first.pk == difficulty.pk else (second, first)
    rows = list(_rows(gone.organisation).filter(difficulty=gone))
    _rows(gone.organisation).filter(difficulty=gone).update(difficulty=stays)
    gone.merged_into, gone.state = stays, DifficultyState.CLOSED
    gone.save()
    _keep_numbers(stays)
    _note(gone, "merged", user, into=str(stays.key))
    _note(stays, "joined", user, number=len(rows))
    _tell_joined(stays, rows)


def _tell_joined(difficulty: Difficulty, rows: Sequence[Sighting]) -> None:
    """Each factory hears once that others have it too, and of the answer where there is one."""
    since = timezone.now() - TELLING
    factories = {one.factory_id for one in rows if one.factory_id is not None and one.at >= since}
    number = difficulty.factories - 1
    if not factories or number < 1:
        return
    ko, en = f"다른 공장 {number}곳도 겪는 어려움입니다", f"{number} other factories have this difficulty too"
    if difficulty.state in (DifficultyState.ANSWERED, DifficultyState.CLOSED) and difficulty.answer_ko:
        ko, en = "이미 답이 있는 어려움입니다", "There is an answer to this difficulty already"
    _tell_factories(difficulty, factories, f"difficulty:{difficulty.key}", ko, en)


def _tell(difficulty: Difficulty, event: DifficultyEvent) -> None:
    ko, en = {
        DifficultyState.OPEN: ("여러 공장의 어려움을 다시 살핍니다", "A shared difficulty is open again"),
        DifficultyState.IN_WORK: ("여러 공장의 어려움을 센터가 풀고 있습니다", "The centre works on a shared difficulty"),
        DifficultyState.ANSWERED: ("여러 공장의 어려움에 답이 나왔습니다", "There is an answer to a shared difficulty"),
        DifficultyState.CLOSED: ("여러 공장의 어려움이 끝났습니다", "A shared difficulty is closed"),
    }[DifficultyState(difficulty.state)]  # fmt: skip
    rows = _rows(difficulty.organisation).filter(difficulty=difficulty, factory__isnull=False)
    factories = set(rows.values_list("factory", flat=True).distinct())
    _tell_factories(difficulty, factories, f"difficulty:{difficulty.key}:{event.pk}", ko, en)


def _tell_factories(difficulty: Difficulty, factories: Iterable[int], about: str, ko: str, en: str) -> None:
    title = Text(ko=f"{ko}: {difficulty.title_ko}", en=f"{en}: {difficulty.title_en or difficulty.title_ko}")
    document = {"difficulty": {"key": str(difficulty.key), "title": {"ko": difficulty.title_ko, "en": difficulty.title_en},
                               "state": difficulty.state, "factories": difficulty.factories}}  # fmt: skip
    people: dict[int, list[AbstractBaseUser]] = {}
    chosen = list(factories)
    own = Membership.objects.filter(factory__in=chosen, role__in=(Role.OWNER, Role.ENGINEER)).select_related("user")
    for one in own:
        people.setdefault(one.factory_id, []).append(one.user)
    programs = Webhook.objects.of_every_factory().filter(factory__in=chosen).values_list("factory", flat=True)
    hearing = {*people, *programs}
    for factory in Factory.objects.filter(pk__in=hearing, closed_at__isnull=True).order_by("pk"):
        url = reverse("center:difficulty", args=[factory.key, difficulty.key])
        tell(
            factory=factory, kind="difficulty", about=about, title=title, url=url, users=people.get(factory.pk, ()),
            document=document,
        )  # fmt: skip

"""Mentors in factories: begin, let in and out, and everything they and the factory write down. One transaction each."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.jobs.announcing import Subject, subjects
from jasang.web.programme.impact import reckon
from jasang.web.programme.models import (
    Change,
    HandOver,
    Mentor,
    Planning,
    Residency,
    ResidencyNote,
    ResidencyWeek,
    Task,
)
from jasang.web.programme.photos import keep_proofs
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Membership, Role
from jasang.web.tenants.queries import role_in
from jasang.web.tenants.services import add_member
from jasang.web.ui.checked_files import Checked

WEEKS = 8
LOOK_BACK_DAYS = 90
MOST_ROWS = 500  # of one kind in one residency
Files = Sequence[Checked]


class ResidencyRefused(JasangError):
    """Somebody may not do this, or it does not fit where the residency stands."""


@transaction.atomic
def begin_residency(
    *, factory: Factory, mentor: Mentor, starts_on: date, planning: Planning | None = None
) -> Residency:
    """Weeks of a mentor in a factory. A mentor with an account is let in as a guest on the first day, until the last."""
    ends_on = starts_on + timedelta(weeks=WEEKS) - timedelta(days=1)
    residency, made = Residency.objects.of(factory).get_or_create(
        factory=factory, mentor=mentor, starts_on=starts_on, defaults={"ends_on": ends_on, "planning": planning}
    )
    if made:
        let_in(residency=residency)
    return residency


@transaction.atomic
def let_in(*, residency: Residency, now: datetime | None = None) -> bool:
    """Make the mentor a guest of the factory on the first day, until the last, on the factory's clock. Once: whom the factory's
    owner puts out stays out. Whether it happened now."""
    user = residency.mentor.user
    if user is None or not is_open(residency, now):
        return False
    fresh = Residency.objects.of(residency.factory).filter(pk=residency.pk, let_in_at=None)
    if not fresh.update(let_in_at=now or timezone.now()):
        return False
    until = last_moment(residency)
    known = Membership.objects.filter(user=user, factory=residency.factory).first()
    if known is None or (known.until is not None and known.until < until):
        add_member(user=user, factory=residency.factory, role=Role.MENTOR, until=until)
    return True


def last_moment(residency: Residency) -> datetime:
    """When the last day is over on the factory's clock."""
    zone = ZoneInfo(residency.factory.timezone)
    return datetime.combine(residency.ends_on + timedelta(days=1), time.min, zone)


def is_open(residency: Residency, now: datetime | None = None) -> bool:
    """Whether today is one of its days, on the factory's clock."""
    today = (now or timezone.now()).astimezone(ZoneInfo(residency.factory.timezone)).date()
    return residency.ended_at is None and residency.starts_on <= today <= residency.ends_on


@transaction.atomic
def move(*, residency: Residency, starts_on: date, ends_on: date) -> None:
    """Other days: access follows them."""
    if ends_on < starts_on:
        raise ResidencyRefused(
            ko=f"끝나는 날 {ends_on}이 시작하는 날 {starts_on}보다 앞입니다.",
            en=f"The last day {ends_on} lies before the first, {starts_on}.",
        )
    before = last_moment(residency)
    residency.starts_on, residency.ends_on = starts_on, ends_on
    inside = is_open(residency)
    if not inside:
        residency.let_in_at = None
    residency.save(update_fields=["starts_on", "ends_on", "let_in_at"])
    if residency.mentor.user is None:
        return
    mine = Membership.objects.filter(user=residency.mentor.user, factory=residency.factory, until=before)
    if inside:
        mine.update(until=last_moment(residency))
        let_in(residency=residency)
    else:
        mine.delete()


@transaction.atomic
def end_early(*, residency: Residency) -> None:
    """The mentor leaves today: the door closes now."""
    Residency.objects.of(residency.factory).filter(pk=residency.pk, ended_at=None).update(ended_at=timezone.now())
    if residency.mentor.user is not None:
        Membership.objects.filter(
            user=residency.mentor.user, factory=residency.factory, until=last_moment(residency)
        ).delete()


def may_work(by: AbstractBaseUser, residency: Residency) -> bool:
    """The mentor, on the days of the residency."""
    own = residency.mentor.user_id is not None and residency.mentor.user_id == by.pk
    return own and is_open(residency) and role_in(by, residency.factory) is not None


def _check_mentor(by: AbstractBaseUser, residency: Residency) -> None:
    if not may_work(by, residency):
        raise ResidencyRefused(
            ko="이 공장에 나와 있는 멘토만 적을 수 있습니다.",
            en="Only the mentor writes, on the days of the residency.",
        )


def _check_factory(by: AbstractBaseUser, residency: Residency) -> None:
    if role_in(by, residency.factory) not in FACTORY_ROLES:
        raise ResidencyRefused(ko="공장 사람만 할 수 있습니다.", en="Only people of the factory do this.")


def _said(text: str, most: int) -> str:
    plain = text.replace("\x00", "").strip()[:most]
    if not plain:
        raise ResidencyRefused(ko="내용을 적어 주세요.", en="Please write something.")
    return plain


def _room(rows: Any) -> None:
    if rows.count() >= MOST_ROWS:
        raise ResidencyRefused(ko=f"모두 {MOST_ROWS}개까지입니다.", en=f"At most {MOST_ROWS} in all.")


def _finding(residency: Residency, lasting: str) -> dict[str, Any]:
    """The fields that name a finding of the factory; WRONG ones are refused."""
    if not lasting:
        return {"lasting": "", "about": {}}
    found = next((one for one in choices(residency.factory) if one.lasting == lasting), None)
    if found is None:
        raise ResidencyRefused(ko="이 공장의 진단 결과가 아닙니다.", en="This is no finding of the factory.")
    return {"lasting": lasting, "about": {"ko": found.title.ko, "en": found.title.en, "url": found.url}}


def choices(factory: Factory) -> list[Subject]:
    """The findings that a task or a change can be about, each once."""
    seen: dict[str, Subject] = {}
    for one in subjects(factory=factory, kind="finding"):
        if one.lasting:
            seen.setdefault(one.lasting, one)
    return list(seen.values())


@transaction.atomic
def plan_week(*, by: AbstractBaseUser, residency: Residency, number: int, aim: str, done: bool) -> None:
    """What the week is for, and whether that is done."""
    _check_mentor(by, residency)
    if not 1 <= number <= residency.weeks:
        raise ResidencyRefused(
            ko=f"{number}주: 1주부터 {residency.weeks}주까지입니다.",
            en=f"Week {number}: expected 1 to {residency.weeks}.",
        )
    ResidencyWeek.objects.of(residency.factory).update_or_create(
        factory=residency.factory, residency=residency, number=number,
        defaults={"aim": aim.replace("\x00", "").strip()[:500], "done": done},
    )  # fmt: skip


@transaction.atomic
def set_goal(*, by: AbstractBaseUser, residency: Residency, goal: str) -> None:
    """What the weeks are for as a whole."""
    _check_mentor(by, residency)
    Residency.objects.of(residency.factory).filter(pk=residency.pk).update(goal=goal.replace("\x00", "").strip()[:4000])


@transaction.atomic
def add_task(
    *, by: AbstractBaseUser, residency: Residency, text: str, who: str = "", person: AbstractBaseUser | None = None,
    due_on: date | None = None, lasting: str = "",
) -> Task:  # fmt: skip
    """Something to do in the factory. `person`: one of its people, who then finds it among the own tasks."""
    _check_mentor(by, residency)
    _room(Task.objects.of(residency.factory).filter(residency=residency))
    if person is not None and role_in(person, residency.factory) is None:
        raise ResidencyRefused(ko="이 공장 사람이 아닙니다.", en="This person is not of the factory.")
    return Task.objects.of(residency.factory).create(
        factory=residency.factory, residency=residency, text=_said(text, 500), who=who.strip()[:80], person=person,
        due_on=due_on, made_by=by, **_finding(residency, lasting),
    )  # fmt: skip


@transaction.atomic
def tick(*, by: AbstractBaseUser, task: Task, done: bool) -> None:
    """Done, or not yet after all: by anybody of the factory, or its mentor."""
    if role_in(by, task.factory) not in (*FACTORY_ROLES, Role.MENTOR):
        raise ResidencyRefused(ko="이 공장 사람만 할 수 있습니다.", en="Only people of the factory do this.")
    Task.objects.of(task.factory).filter(pk=task.pk, done_at__isnull=done).update(
        done_at=timezone.now() if done else None, done_by=by if done else None
    )


@transaction.atomic
def add_note(
    *, by: AbstractBaseUser, residency: Residency, kind: str, text: str, place: str = "", on: date | None = None,
    files: Files = (),
) -> ResidencyNote:  # fmt: skip
    """A spot of the floor walk ("walk") or an entry of the diary ("diary"), with photos."""
    _check_mentor(by, residency)
    if kind not in ("walk", "diary"):
        raise ResidencyRefused(ko=f"{kind!r}: walk나 diary여야 합니다.", en=f"{kind!r}: expected walk or diary.")
    _room(ResidencyNote.objects.of(residency.factory).filter(residency=residency))
    note = ResidencyNote.objects.of(residency.factory).create(
        factory=residency.factory, residency=residency, kind=kind, text=_said(text, 10_000), place=place.strip()[:120],
        on=on or timezone.localdate(), by=by,
    )  # fmt: skip
    keep_proofs(factory=residency.factory, files=files, by=by, note=note)
    return note


@transaction.atomic
def add_change(
    *, by: AbstractBaseUser, residency: Residency, title: str, before: str = "", after: str = "", on: date | None = None,
    lasting: str = "", photos_before: Files = (), photos_after: Files = (),
) -> Change:  # fmt: skip
    """Before and after, with photos of both sides; its finding's verified effect says what it is worth."""
    _check_mentor(by, residency)
    _room(Change.objects.of(residency.factory).filter(residency=residency))
    change = Change.objects.of(residency.factory).create(
        factory=residency.factory, residency=residency, title=_said(title, 200), before=before.strip()[:4000],
        after=after.strip()[:4000], on=on or timezone.localdate(), by=by, **_finding(residency, lasting),
    )  # fmt: skip
    keep_proofs(factory=residency.factory, files=photos_before, by=by, change=change, side="before")
    keep_proofs(factory=residency.factory, files=photos_after, by=by, change=change, side="after")
    reckon(residency.factory)
    return change


@transaction.atomic
def add_hand_over(*, by: AbstractBaseUser, residency: Residency, text: str, keeper: str = "") -> HandOver:
    """One thing that the factory keeps after the mentor left, and who looks after it."""
    _check_mentor(by, residency)
    _room(HandOver.objects.of(residency.factory).filter(residency=residency))
    return HandOver.objects.of(residency.factory).create(
        factory=residency.factory, residency=residency, text=_said(text, 500), keeper=keeper.strip()[:80]
    )


@transaction.atomic
def hand_over(*, by: AbstractBaseUser, residency: Residency, words: str) -> None:
    """The mentor hands everything over: from now on the factory says what it takes."""
    _check_mentor(by, residency)
    if not HandOver.objects.of(residency.factory).filter(residency=residency).exists():
        raise ResidencyRefused(ko="인계할 것을 먼저 적어 주세요.", en="First write what is handed over.")
    Residency.objects.of(residency.factory).filter(pk=residency.pk).update(
        hand_over=words.strip()[:10_000], handed_over_at=timezone.now()
    )


@transaction.atomic
def answer_hand_over(*, by: AbstractBaseUser, item: HandOver, accepted: bool, missing: str = "") -> None:
    """The factory takes one thing, or says what is still missing."""
    _check_factory(by, item.residency)
    if not accepted:
        missing = _said(missing, 500)
    HandOver.objects.of(item.factory).filter(pk=item.pk).update(
        accepted_at=timezone.now() if accepted else None, accepted_by=by if accepted else None,
        refused="" if accepted else missing,
    )  # fmt: skip


@transaction.atomic
def look_back(*, by: AbstractBaseUser, residency: Residency, words: str, holds: dict[str, bool]) -> None:
    """90 days after leaving: which changes still hold (key of the change → whether), in the mentor's words. Once."""
    if residency.mentor.user_id != by.pk:
        raise ResidencyRefused(
            ko="이 공장을 맡았던 멘토만 적을 수 있습니다.", en="Only the mentor who was there writes."
        )
    if timezone.localdate() < look_back_day(residency):
        raise ResidencyRefused(
            ko=f"{look_back_day(residency)}부터 적을 수 있습니다.",
            en=f"This can be written from {look_back_day(residency)} on.",
        )
    held = Residency.objects.of(residency.factory).select_for_update().get(pk=residency.pk)
    if held.looked_back_at is not None:
        raise ResidencyRefused(ko="이미 적었습니다.", en="This was written already.")
    changes = list(Change.objects.of(residency.factory).filter(residency=residency))
    for change in changes:
        change.holds = bool(holds.get(str(change.key), False))
    Change.objects.of(residency.factory).bulk_update(changes, ["holds"])
    held.look_back, held.looked_back_at = _said(words, 10_000), timezone.now()
    held.held = sum(bool(change.holds) for change in changes)
    held.save(update_fields=["look_back", "looked_back_at", "held"])
    Task.objects.of(residency.factory).filter(residency=residency, kind="look_back", done_at=None).update(
        done_at=timezone.now(), done_by=by
    )


def look_back_day(residency: Residency) -> date:
    """90 days after the last day."""
    return residency.ends_on + timedelta(days=LOOK_BACK_DAYS)

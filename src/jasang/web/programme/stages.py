"""What every step of an application shares: who may take it, the row under its lock, the move and its note."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override

from jasang.errors import JasangError
from jasang.plant.text import Text
from jasang.web.notices.services import tell
from jasang.web.programme.models import Application, Stage, StageEvent, Standing
from jasang.web.programme.words import stage_words
from jasang.web.tenants.models import Factory, Membership, Organisation, Role
from jasang.web.tenants.queries import roles_at

# Days for the step that follows, where the call names no day for it.
_DAYS = {Stage.APPLIED: 21, Stage.VISITED: 30, Stage.APPROVED: 30, Stage.PLANNED: 14, Stage.BUILDING: 180}
_DAYS |= {Stage.OPERATING: 90, Stage.AFTERCARE: 365}


class StepRefused(JasangError):
    """A step cannot be taken: by this person, from this stage, or with these figures."""


def not_yours() -> StepRefused:
    """Somebody tried a step that is another's."""
    return StepRefused(ko="이 일을 할 수 있는 사람이 아닙니다.", en="This person may not take this step.")


_REASON = Text(ko="이유를 적어 주세요.", en="Please write the reason.")


def written(words: str, lacking: Text = _REASON) -> str:
    """The words without blanks around them; raises with the sentence `lacking` where nothing was written."""
    if not words.strip():
        raise StepRefused(ko=lacking.ko, en=lacking.en)
    return words.strip()


def allow_post(user: AbstractBaseUser, organisation: Organisation, *roles: Role) -> None:
    """Raises unless the person has one of these posts there or above."""
    if not roles_at(user, organisation).intersection(roles):
        raise not_yours()


def held_application(application: Application) -> Application:
    """The row under its lock, as it is now."""
    rows: QuerySet[Application] = Application.objects.of(application.organisation)
    return rows.select_for_update(of=("self",)).select_related("factory", "organisation", "call").get(pk=application.pk)


def held_at(application: Application, *stages: Stage) -> Application:
    """As `held_application`; raises unless it stands at one of these stages."""
    held = held_application(application)
    if held.stage not in stages:
        raise StepRefused(
            ko=f"지금 단계는 '{_said(held.stage, 'ko')}'입니다. 이 일은 {_said_all(stages, 'ko')} 단계에서만 합니다.",
            en=f"The stage is {_said(held.stage, 'en')}; this step is taken from {_said_all(stages, 'en')}.",
        )
    return held


def move(held: Application, stage: Stage, by: AbstractBaseUser | None, words: str) -> Application:
    """Take the held row to the stage, with a note of who and why, and the last day of the next step."""
    held.stage = stage
    held.due_on = _due(held, stage)
    held.save()
    event = note(held, by, words)
    if stage not in (Stage.DRAFT, Stage.APPLIED, Stage.WITHDRAWN):  # those the owner does
        title = Text(
            ko=f"지원 신청 '{held.call.title}': {_said(stage, 'ko')}",
            en=f"Application “{held.call.title}”: {_said(stage, 'en')}",
        )
        tell_owners(held, about=f"stage:{event.pk}", title=title)
    return held


def tell_owners(held: Application, *, about: str, title: Text) -> None:
    """News of the application for the factory's owners, once for each `about`."""
    owners = Membership.objects.filter(factory=held.factory, role=Role.OWNER).select_related("user")
    tell(
        factory=held.factory, kind="support", about=f"application:{held.key}:{about}", title=title,
        url=reverse("programme:own-application", args=[held.factory.key, held.key]), users=[one.user for one in owners],
    )  # fmt: skip


def note(application: Application, by: AbstractBaseUser | None, words: str) -> StageEvent:
    """A line of the application's history."""
    event: StageEvent = StageEvent.objects.of(application.organisation).create(
        organisation=application.organisation, application=application, stage=application.stage, by=by, note=words
    )
    return event


def count_grants(factory: Factory) -> None:
    """The factory's standing adds up all its grants anew."""
    rows = Application.objects.of_every_organisation().filter(factory=factory)
    Standing.objects.of(factory).update(granted=sum(rows.values_list("granted", flat=True)))


def _due(held: Application, stage: Stage) -> date | None:
    asked: dict[Any, date | None] = {Stage.APPLIED: held.call.visits_until, Stage.VISITED: held.call.judging_until}
    today = timezone.localdate()
    if (day := asked.get(stage)) is not None and day >= today:
        return day
    days = _DAYS.get(stage)
    return today + timedelta(days=days) if days else None


def _said(stage: str, language: str) -> str:
    with override(language):
        return gettext(stage_words(stage))


def _said_all(stages: tuple[Stage, ...], language: str) -> str:
    return ", ".join(f"'{_said(one, language)}'" if language == "ko" else _said(one, language) for one in stages)

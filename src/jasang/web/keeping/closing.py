"""Closing a factory: the owner asks, says it a second time, may take it back for some days, then the worker does it.

Nothing is marked before the archive was read back and found right; killed at any point, the worker goes on where it stood.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.errors import JasangError
from jasang.plant.text import Progress
from jasang.web.api import keys
from jasang.web.jobs.models import OPEN_STATES, Job
from jasang.web.jobs.services import hold, queue_job
from jasang.web.keeping import escrow
from jasang.web.keeping.models import Closing
from jasang.web.tenants import second_factor
from jasang.web.tenants.models import GUEST_ROLES, Factory, Invitation, Membership, Post
from jasang.web.tenants.services import note_event

_ATTEMPTS = 3  # to find a moment in which nothing came in while the archive was made
_AGAIN = timedelta(hours=1)  # after a job that failed


class ClosingError(JasangError):
    """The factory cannot be closed so."""


def open_closing(factory: Factory) -> Closing | None:
    """The closing that is under way."""
    return Closing.objects.of(factory).filter(undone_at__isnull=True, done_at__isnull=True).first()


@transaction.atomic
def ask(*, factory: Factory, by: AbstractBaseUser, name: str) -> Closing:
    """The first word; the factory's name must be written out."""
    if name.strip() != factory.name:
        raise ClosingError(
            ko=f"공장 이름이 다릅니다. {factory.name!r}(이)라고 그대로 쓰세요.",
            en=f"This is not the factory's name. Please write {factory.name!r} as it is.",
        )
    # Of a button that is pressed twice the second press finds the closing of the first.
    Factory.objects.select_for_update().get(pk=factory.pk)
    found = open_closing(factory)
    if found is None:
        found = Closing.objects.of(factory).create(factory=factory, asked_by=by)
        note_event(user=by, action="close-ask", subject="1", factory=factory)
    return found


@transaction.atomic
def confirm(*, factory: Factory, by: AbstractBaseUser) -> Closing:
    """The second word: from now on the days count."""
    found = open_closing(factory)
    if found is None:
        raise ClosingError(ko="먼저 닫기를 요청하세요.", en="Please ask for the closing first.")
    if found.confirmed_at is None:
        now = timezone.now()
        Closing.objects.of(factory).filter(pk=found.pk, confirmed_at__isnull=True).update(
            confirmed_at=now, due_at=now + timedelta(days=settings.CLOSING_DAYS)
        )
        note_event(user=by, action="close-ask", subject="2", factory=factory)
        found.refresh_from_db()
    return found


@transaction.atomic
def undo(*, factory: Factory, by: AbstractBaseUser) -> None:
    """Everything stays as it is; as long as the factory is not closed."""
    now = timezone.now()
    if not Closing.objects.of(factory).filter(undone_at__isnull=True, done_at__isnull=True).update(undone_at=now):
        raise ClosingError(ko="거둘 것이 없습니다.", en="There is nothing to take back.")
    note_event(user=by, action="close-undo", factory=factory)


def close_due() -> None:
    """Queue what is due (a chore of the workers). A job that failed is tried again an hour later."""
    due = Closing.objects.of_every_factory().filter(
        due_at__lte=timezone.now(), undone_at__isnull=True, done_at__isnull=True
    )
    for closing in due.select_related("factory", "job"):
        job = closing.job
        if job is None or (job.state not in OPEN_STATES and job.finished_at < timezone.now() - _AGAIN):
            _queue(closing)


@transaction.atomic
def _queue(closing: Closing) -> None:
    job = queue_job(factory=closing.factory, kind="escrow", payload={"closing": closing.pk})
    Closing.objects.of(closing.factory).filter(pk=closing.pk).update(job=job)


def close_in_background(job: Job, progress: Progress) -> None:
    """The archive, then everything that changes in one transaction."""
    closing = Closing.objects.of(job.factory).filter(pk=job.payload["closing"]).first()
    if closing is None or closing.undone_at is not None or closing.done_at is not None:
        return
    for _ in range(_ATTEMPTS):
        made = escrow.make(job.factory, progress)
        if _finish(job, closing, made):
            return
        (escrow.folder() / made.name).unlink(missing_ok=True)
    raise ClosingError(
        ko="보관하는 동안 자료가 계속 들어왔습니다. 수집을 멈추면 한 시간 뒤 다시 합니다.",
        en="Data kept coming in while it was archived. Stop the collector; it is tried again in an hour.",
    )


@transaction.atomic
def _finish(job: Job, closing: Closing, made: escrow.Made) -> bool:
    """Mark the factory as closed; `False` when something came in since the archive's moment, or the owner took it back."""
    factory = Factory.objects.select_for_update().get(pk=job.factory_id)
    hold(job=job)
    if escrow.state_of(factory) != made.state:
        return False
    now = timezone.now()
    marked = Closing.objects.of(factory).filter(pk=closing.pk, undone_at__isnull=True, done_at__isnull=True)
    if not marked.update(done_at=now, archive=made.name, sha256=made.sha256, rows=made.rows):
        return False
    factory.closed_at = now
    factory.save(update_fields=["closed_at"])
    for key in keys.keys(factory):
        keys.end_key(key=key, by=closing.asked_by)
    Invitation.objects.filter(factory=factory, used_at__isnull=True, revoked_at__isnull=True).update(revoked_at=now)
    for membership in Membership.objects.filter(factory=factory).select_related("user"):
        _let_go(membership)
    note_event(user=closing.asked_by, action="close", subject=made.name, factory=factory)
    return True


def _let_go(membership: Membership) -> None:
    """Guests leave; who has no other place in the portal is signed out everywhere."""
    user = membership.user
    if membership.role in GUEST_ROLES:
        membership.delete()
    elsewhere = Membership.objects.filter(user=user, factory__closed_at__isnull=True).exists()
    if not elsewhere and not Post.objects.filter(user=user).exists():
        second_factor.sign_out_elsewhere(user=user, here=None)

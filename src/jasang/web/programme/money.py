"""Claims and payments against milestones: each paid once, by a second person, never more than granted, whole or absent."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.programme.models import Application, Claim, ClaimState, Milestone, Payment, Stage, Standing
from jasang.web.programme.papers import add_papers
from jasang.web.programme.stages import StepRefused, allow_post, held_application, not_yours, tell_owners, written
from jasang.web.tenants.models import FACTORY_ROLES, Role
from jasang.web.tenants.queries import role_in
from jasang.web.ui.checked_files import Checked

_PAID_IN = (Stage.PLANNED, Stage.BUILDING, Stage.OPERATING, Stage.AFTERCARE)


@transaction.atomic
def claim(
    *,
    by: AbstractBaseUser,
    milestone: Milestone,
    request: str,
    words: str = "",
    own_paid: int = 0,
    files: Sequence[Checked] = (),
) -> Claim:
    """The owner asks for the money of a milestone, with proof and what was spent of the own share.

    The same request again gives the same claim. A milestone has one claim that is open or paid.
    """
    application = held_application(milestone.application)
    if role_in(by, application.factory) != Role.OWNER:
        raise not_yours()
    claims = Claim.objects.of(application.organisation)
    known = Claim.objects.of_every_organisation().filter(request=request).first()  # unique among all
    if known is not None:
        if known.milestone_id == milestone.pk:
            return known
        raise _used(request)
    if application.stage not in _PAID_IN:
        raise StepRefused(
            ko="돈은 계획부터 사후관리 사이에만 청구합니다.", en="Money is claimed from plan to after-care."
        )
    if claims.filter(milestone=milestone).exclude(state=ClaimState.REFUSED).exists():
        raise StepRefused(ko="이 단계는 이미 청구했습니다.", en="This milestone was claimed already.")
    if own_paid < 0:
        raise StepRefused(ko="자부담 집행액은 0원 이상이어야 합니다.", en="The own share spent must be 0 won or more.")
    with _unique(request):
        made = claims.create(
            organisation=application.organisation, application=application, milestone=milestone, words=words,
            own_paid=own_paid, request=request, by=by,
        )  # fmt: skip
    if files:
        add_papers(by=by, application=application, title="", files=files, claim=made)
    return made


@transaction.atomic
def refuse_claim(*, by: AbstractBaseUser, claim: Claim, words: str) -> Claim:
    """Send a claim back with the reason; the owner may claim anew."""
    allow_post(by, claim.organisation, Role.PROGRAMME_OPERATOR)
    reason = written(words)
    held = held_application(claim.application)
    changed = (
        Claim.objects.of(claim.organisation)
        .filter(pk=claim.pk, state=ClaimState.OPEN)
        .update(state=ClaimState.REFUSED, answer=reason, answered_by=by, answered_at=timezone.now())
    )
    if not changed:
        raise StepRefused(ko="이미 처리한 청구입니다.", en="The claim was answered already.")
    claim.refresh_from_db()
    title = Text(ko=f"청구가 돌아왔습니다: {claim.answer}", en=f"A claim was sent back: {claim.answer}")
    tell_owners(held, about=f"claim:{claim.key}", title=title)
    return claim


@transaction.atomic
def reach_milestone(*, by: AbstractBaseUser, milestone: Milestone) -> None:
    """A mentor or the programme, nobody of the factory, saw that it is reached; said twice it stays as first said."""
    allow_post(by, milestone.organisation, Role.MENTOR, Role.PROGRAMME_OPERATOR)
    if role_in(by, milestone.application.factory) in FACTORY_ROLES:
        raise not_yours()
    Milestone.objects.of(milestone.organisation).filter(pk=milestone.pk, reached_at=None).update(
        reached_at=timezone.now(), reached_by=by
    )


@transaction.atomic
def pay(*, by: AbstractBaseUser, milestone: Milestone, request: str) -> Payment:
    """Pay the open claim of a milestone that another person saw reached. The same request again gives the same payment.

    All payments of a grant are made under the lock of its application, so together they never exceed it. The last one
    is made only when the owner has shown the whole own share.
    """
    allow_post(by, milestone.organisation, Role.PROGRAMME_OPERATOR)
    application = held_application(milestone.application)
    payments = Payment.objects.of(application.organisation)
    known = Payment.objects.of_every_organisation().filter(request=request).first()  # unique among all
    if known is not None:
        if known.milestone_id == milestone.pk:
            return known
        raise _used(request)
    fresh = Milestone.objects.of(application.organisation).get(pk=milestone.pk)
    if payments.filter(milestone=fresh).exists():
        raise StepRefused(ko="이 단계의 돈은 이미 나갔습니다.", en="This milestone was paid already.")
    if fresh.reached_at is None or application.stage not in _PAID_IN:
        raise StepRefused(
            ko="이룬 것이 확인된 단계에만, 계획부터 사후관리 사이에만 지급합니다.",
            en="Paid is only what was reached, from plan to after-care.",
        )
    asked = Claim.objects.of(application.organisation).filter(milestone=fresh, state=ClaimState.OPEN).first()
    if asked is None:
        raise StepRefused(
            ko="이 단계의 청구가 없습니다. 대표가 먼저 청구해야 합니다.",
            en="There is no claim; the owner claims first.",
        )
    if by.pk in (fresh.reached_by_id, asked.by_id):
        raise StepRefused(
            ko="확인한 사람과 지급하는 사람은 달라야 합니다.",
            en="Who saw it reached or claimed it does not pay: a second person does.",
        )
    before = payments.filter(application=application).aggregate(whole=Sum("amount"))["whole"] or 0
    if before + fresh.amount > application.granted:
        raise StepRefused(
            ko=f"지급 {before + fresh.amount:,}원: 지원금 {application.granted:,}원을 넘습니다.",
            en=f"Payments of {before + fresh.amount:,} won exceed the grant of {application.granted:,} won.",
        )
    if before + fresh.amount == application.granted:
        _check_own_share(application)
    return _paid(application, fresh, asked, by, request)


def own_share_shown(application: Application) -> int:
    """Won of the own share that the owner has shown in claims that were not sent back."""
    rows = Claim.objects.of(application.organisation).filter(application=application)
    return rows.exclude(state=ClaimState.REFUSED).aggregate(whole=Sum("own_paid"))["whole"] or 0


def _check_own_share(application: Application) -> None:
    shown = own_share_shown(application)
    if shown < application.own_share:
        raise StepRefused(
            ko=f"자부담 집행 {shown:,}원: 마지막 지급은 자부담 {application.own_share:,}원을 다 쓴 뒤에 나갑니다.",
            en=f"Own share shown: {shown:,} won; the last payment needs all {application.own_share:,} won.",
        )


def _paid(application: Application, fresh: Milestone, asked: Claim, by: AbstractBaseUser, request: str) -> Payment:
    with _unique(request):
        payment = Payment.objects.of(application.organisation).create(
            organisation=application.organisation, application=application, milestone=fresh, amount=fresh.amount,
            request=request, by=by,
        )  # fmt: skip
    Claim.objects.of(application.organisation).filter(pk=asked.pk).update(
        state=ClaimState.PAID, answered_by=by, answered_at=timezone.now()
    )
    paid = Payment.objects.of_every_organisation().filter(application__factory=application.factory)
    Standing.objects.of(application.factory).update(paid=paid.aggregate(whole=Sum("amount"))["whole"])
    title = Text(
        ko=f"지원금 {fresh.amount:,}원이 지급되었습니다: {fresh.title}",
        en=f"{fresh.amount:,} won are paid: {fresh.title}",
    )
    tell_owners(application, about=f"payment:{payment.pk}", title=title)
    made: Payment = payment
    return made


def _used(request: str) -> StepRefused:
    return StepRefused(
        ko=f"요청 번호 {request}은(는) 이미 다른 일에 썼습니다.", en=f"Request {request} was used for another thing."
    )


@contextmanager
def _unique(request: str) -> Iterator[None]:
    """Another application, whose lock is another one, may have taken the number since we looked."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise _used(request) from error

"""Payments against milestones: each once, never more than granted, whole or absent."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from jasang.web.programme.applications import StepRefused, allow_post, held_application
from jasang.web.programme.models import Milestone, Payment, Stage, Standing
from jasang.web.tenants.models import Role

_PAID_IN = (Stage.PLANNED, Stage.BUILDING, Stage.OPERATING, Stage.AFTERCARE)


@transaction.atomic
def reach_milestone(*, by: AbstractBaseUser, milestone: Milestone) -> None:
    """A mentor or the programme saw that it is reached; said twice it stays as first said."""
    allow_post(by, milestone.organisation, Role.MENTOR, Role.PROGRAMME_OPERATOR)
    Milestone.objects.of(milestone.organisation).filter(pk=milestone.pk, reached_at=None).update(
        reached_at=timezone.now()
    )


@transaction.atomic
def pay(*, by: AbstractBaseUser, milestone: Milestone, request: str) -> Payment:
    """Pay for a milestone that is reached. The same request again gives the same payment; another one is refused.

    All payments of a grant are made under the lock of its application, so together they never exceed it.
    """
    allow_post(by, milestone.organisation, Role.PROGRAMME_OPERATOR)
    application = held_application(milestone.application)
    payments = Payment.objects.of(application.organisation)
    known = payments.filter(request=request).first()
    if known is not None:
        if known.milestone_id == milestone.pk:
            return known
        raise StepRefused(
            ko=f"요청 번호 {request}은(는) 다른 지급에 썼습니다.", en=f"Request {request} was used for another payment."
        )
    fresh = Milestone.objects.of(application.organisation).get(pk=milestone.pk)
    if payments.filter(milestone=fresh).exists():
        raise StepRefused(ko="이 단계의 돈은 이미 나갔습니다.", en="This milestone was paid already.")
    if fresh.reached_at is None or application.stage not in _PAID_IN:
        raise StepRefused(
            ko="이룬 것이 확인된 단계에만, 계획부터 사후관리 사이에만 지급합니다.",
            en="Paid is only what was reached, from plan to after-care.",
        )
    before = payments.filter(application=application).aggregate(whole=Sum("amount"))["whole"] or 0
    if before + fresh.amount > application.granted:
        raise StepRefused(
            ko=f"지급 {before + fresh.amount:,}원: 지원금 {application.granted:,}원을 넘습니다.",
            en=f"Payments of {before + fresh.amount:,} won exceed the grant of {application.granted:,} won.",
        )
    payment = payments.create(
        organisation=application.organisation, application=application, milestone=fresh, amount=fresh.amount,
        request=request, by=by,
    )  # fmt: skip
    paid = Payment.objects.of_every_organisation().filter(application__factory=application.factory)
    Standing.objects.of(application.factory).update(paid=paid.aggregate(whole=Sum("amount"))["whole"])
    return payment

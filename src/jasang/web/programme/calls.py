"""Making, changing and publishing calls."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.web.programme.models import Application, Call, Cohort, Support
from jasang.web.programme.stages import StepRefused, allow_post
from jasang.web.tenants.models import Organisation, Role

FULL = 100  # points of all criteria together
MOST_CRITERIA, MOST_DOCUMENTS = 10, 20
CRITERIA = (
    {"id": "need", "name": "필요성 / Need", "most": 25},
    {"id": "plan", "name": "추진 계획 / Plan", "most": 25},
    {"id": "effect", "name": "기대 효과 / Expected effect", "most": 30},
    {"id": "will", "name": "대표의 의지와 인력 / Will and people", "most": 20},
)
DOCUMENTS = (
    {"name": "사업자등록증 / Business registration", "needed": True, "judges": False},
    {"name": "사업계획서 / Project plan", "needed": True, "judges": True},
    {"name": "견적서 / Quotation", "needed": False, "judges": True},
)


@transaction.atomic
def make_call(
    *,
    by: AbstractBaseUser,
    organisation: Organisation,
    cohort_name: str,
    title: str,
    opens_on: date,
    closes_on: date,
    most_won: int,
    most_share: Decimal = Decimal("0.5"),
    support: Support = Support.UPGRADE,
    **more: Any,
) -> Call:
    """A call for a cohort (made where there is none of that name), not published yet.

    `more`: text, visits_until, judging_until, budget, least_points, documents, criteria, as in `Call`.
    """
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR)
    cohort, _ = Cohort.objects.of(organisation).get_or_create(
        organisation=organisation, name=cohort_name, defaults={"year": opens_on.year}
    )
    call = Call(
        organisation=organisation, cohort=cohort, title=title, opens_on=opens_on, closes_on=closes_on, most_won=most_won,
        most_share=most_share, support=support,
    )  # fmt: skip
    _fill(call, {"documents": DOCUMENTS, "criteria": CRITERIA} | more)
    call.save()
    return call


@transaction.atomic
def change_call(*, by: AbstractBaseUser, call: Call, **fields: Any) -> Call:
    """Change a call. Once published, only what harms nobody: text, a later end, later deadlines, a larger budget."""
    allow_post(by, call.organisation, Role.PROGRAMME_OPERATOR)
    held = Call.objects.of(call.organisation).select_for_update(of=("self",)).select_related("cohort").get(pk=call.pk)
    name = fields.pop("cohort_name", held.cohort.name)
    if held.published_at is not None:
        _refuse_harm(held, fields, name)
    if name != held.cohort.name:
        held.cohort, _ = Cohort.objects.of(held.organisation).get_or_create(
            organisation=held.organisation, name=name, defaults={"year": held.opens_on.year}
        )
    _fill(held, fields)
    held.save()
    return held


@transaction.atomic
def publish_call(*, by: AbstractBaseUser, call: Call) -> Call:
    """From now on factories below the organisation see the call; said twice it stays as first said."""
    allow_post(by, call.organisation, Role.PROGRAMME_OPERATOR)
    Call.objects.of(call.organisation).filter(pk=call.pk, published_at=None).update(published_at=timezone.now())
    call.refresh_from_db()
    return call


@transaction.atomic
def drop_call(*, by: AbstractBaseUser, call: Call) -> None:
    """Delete a call for which nobody has begun an application."""
    allow_post(by, call.organisation, Role.PROGRAMME_OPERATOR)
    if Application.objects.of(call.organisation).filter(call=call).exists():
        raise StepRefused(ko="신청이 들어온 공고는 지울 수 없습니다.", en="A call with applications cannot be deleted.")
    Call.objects.of(call.organisation).filter(pk=call.pk).delete()


def criterion_id(name: str, place: int) -> str:
    """A short name for a criterion, stable while the call is edited."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{plain[:20] or 'criterion'}-{place + 1}"


_FIELDS = (
    "title", "text", "support", "opens_on", "closes_on", "visits_until", "judging_until", "most_won", "most_share", "budget",
    "least_points", "documents", "criteria",
)  # fmt: skip


def _fill(call: Call, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name not in _FIELDS:
            raise ValueError(f"a call has no {name!r}; expected one of {', '.join(_FIELDS)}")
        setattr(call, name, list(value) if name in ("documents", "criteria") else value)
    if not call.title.strip():
        raise StepRefused(ko="공고 제목이 비어 있습니다.", en="The call has no title.")
    if call.closes_on < call.opens_on or call.most_won <= 0 or not 0 < call.most_share <= 1:
        raise StepRefused(
            ko="공고는 여는 날이 닫는 날보다 앞서고, 한도는 0원보다 크고, 지원 비율은 0보다 크고 1 이하여야 합니다.",
            en="A call opens before it closes, its limit is above 0 won and its share above 0 and at most 1.",
        )
    days = [day for day in (call.closes_on, call.visits_until, call.judging_until) if day is not None]
    if days != sorted(days):
        raise StepRefused(
            ko="날짜 순서: 접수 마감, 현장 방문 마감, 평가 마감 순으로 늦어야 합니다.",
            en="The days must follow each other: end of applying, end of visits, end of judging.",
        )
    if call.budget is not None and call.budget <= 0:
        raise StepRefused(ko="예산은 0원보다 커야 합니다.", en="The budget must be above 0 won.")
    _check_documents(call.documents)
    _check_criteria(call.criteria)


def _check_criteria(criteria: Sequence[dict[str, Any]]) -> None:
    whole = sum(one["most"] for one in criteria)
    names = {one["id"] for one in criteria}
    if whole != FULL or not 1 <= len(criteria) <= MOST_CRITERIA or any(one["most"] <= 0 for one in criteria):
        raise StepRefused(
            ko=f"평가 항목 배점의 합 {whole}점: 모두 더해 {FULL}점이어야 하고, 항목은 1~{MOST_CRITERIA}개입니다.",
            en=f"The criteria add up to {whole} points; expected {FULL}, over 1 to {MOST_CRITERIA} criteria.",
        )
    if len(names) != len(criteria) or any(not one["name"].strip() for one in criteria):
        raise StepRefused(
            ko="평가 항목의 이름이 비었거나 겹칩니다.", en="Criteria need a name each, and no two the same."
        )


def _check_documents(documents: Sequence[dict[str, Any]]) -> None:
    names = [one["name"].strip() for one in documents]
    if len(names) > MOST_DOCUMENTS or len(set(names)) != len(names) or any(not 0 < len(name) <= 120 for name in names):
        raise StepRefused(
            ko=f"서류는 {MOST_DOCUMENTS}개까지, 이름은 120자 이하로 서로 달라야 합니다.",
            en=f"At most {MOST_DOCUMENTS} documents, with different names of up to 120 letters.",
        )


def _refuse_harm(held: Call, fields: dict[str, Any], cohort_name: str) -> None:
    fixed = ("support", "opens_on", "most_won", "most_share", "least_points", "documents", "criteria")
    changed = [name for name in fixed if name in fields and _plain(fields[name]) != _plain(getattr(held, name))]
    for name in ("closes_on", "visits_until", "judging_until", "budget"):
        new, old = fields.get(name, getattr(held, name)), getattr(held, name)
        if old is not None and new is not None and new < old:
            changed.append(name)
    if changed or cohort_name != held.cohort.name:
        raise StepRefused(
            ko="이미 알린 공고입니다. 설명을 고치고, 마감을 늦추고, 예산을 늘리는 것만 됩니다.",
            en="The call is published: only its text, a later end, later deadlines and a larger budget can be changed.",
        )


def _plain(value: Any) -> Any:
    return [dict(one) for one in value] if isinstance(value, list | tuple) else value

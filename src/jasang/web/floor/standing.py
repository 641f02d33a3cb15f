"""Standing analyses: a question that is asked anew of every version of a hand-over, with somebody who looks after its answers."""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.errors import WrongArguments
from jasang.web.floor.fact_models import StandingStudy
from jasang.web.floor.models import Diagnosis, StudyRun
from jasang.web.jobs.services import queue_job
from jasang.web.tenants.models import Factory, Membership

MOST = 50  # of one factory: each new version of a file asks them all


def standing_of(run: StudyRun) -> StandingStudy | None:
    """The standing analysis that asks just this, if there is one."""
    same = StandingStudy.objects.of(run.factory).filter(title=run.diagnosis.title, kind=run.kind)
    return next((one for one in same.select_related("owner") if one.options == run.options), None)


@transaction.atomic
def make_standing(*, run: StudyRun, owner: AbstractBaseUser) -> StandingStudy:
    """Ask this from now on of every new version of its file; the same question again gets another owner."""
    known = standing_of(run)
    if known is not None:
        known.owner = owner
        known.save(update_fields=["owner"])
        return known
    if StandingStudy.objects.of(run.factory).count() >= MOST:
        raise WrongArguments(
            ko=f"상시 분석은 {MOST}개까지입니다. 필요 없는 것을 먼저 멈추세요.",
            en=f"At most {MOST} standing analyses; stop one that is no longer needed.",
        )
    return StandingStudy.objects.of(run.factory).create(
        factory=run.factory, title=run.diagnosis.title, kind=run.kind, options=run.options, owner=owner
    )


@transaction.atomic
def stop_standing(*, standing: StandingStudy) -> None:
    """It is no longer asked; its answers stay."""
    standing.delete()


def ask_standing(diagnosis: Diagnosis) -> int:
    """Inside the transaction that keeps a diagnosis: queue every standing question of its file; how many."""
    rows = list(StandingStudy.objects.of(diagnosis.factory).filter(title=diagnosis.title).select_related("owner"))
    for one in rows:
        job = queue_job(factory=diagnosis.factory, kind="study", payload={"kind": one.kind})
        StudyRun.objects.of(diagnosis.factory).create(
            factory=diagnosis.factory,
            diagnosis=diagnosis,
            kind=one.kind,
            options=one.options,
            job=job,
            asked_by=one.owner,
        )
    return len(rows)


def with_owner(factory: Factory) -> Sequence[StandingStudy]:
    """Those whose owner still belongs to the factory."""
    people = Membership.objects.filter(factory=factory).values("user")
    rows = StandingStudy.objects.of(factory).filter(owner__in=people)
    return list(rows.select_related("owner").order_by("title", "pk"))

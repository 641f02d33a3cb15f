"""What the pages of calls, applications, judging and money read."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from jasang.web.programme.models import Application, Call, Claim, ClaimState, Judging, Milestone, Paper, Payment, Stage
from jasang.web.tenants.models import Factory, Organisation, Role


def calls_of(organisation: Organisation) -> QuerySet[Call]:
    """The calls of the organisation and of those below it, newest first."""
    return Call.objects.under(organisation).select_related("cohort").order_by("-opens_on", "-pk")


def handed_in(calls: Iterable[Call]) -> dict[int, int]:
    """How many applications each call has, drafts left out."""
    rows = Application.objects.of_every_organisation().filter(call__in=list(calls)).exclude(stage=Stage.DRAFT)
    return dict(rows.order_by().values("call").annotate(n=Count("pk")).values_list("call", "n"))


def stage_counts(call: Call) -> dict[str, int]:
    """How many applications of the call stand at which stage, drafts left out."""
    rows = Application.objects.of(call.organisation).filter(call=call).exclude(stage=Stage.DRAFT).order_by()
    return dict(rows.values("stage").annotate(n=Count("pk")).values_list("stage", "n"))


def calls_for(factory: Factory, today: date) -> QuerySet[Call]:
    """The published calls that the factory may apply to today, soonest end first."""
    if factory.organisation is None:
        return Call.objects.of_every_organisation().none()
    above = [int(number) for number in factory.organisation.path.strip("/").split("/")]
    rows = Call.objects.of_every_organisation().filter(organisation__in=above, published_at__isnull=False)
    return (
        rows.filter(opens_on__lte=today, closes_on__gte=today)
        .select_related("organisation", "cohort")
        .order_by("closes_on", "pk")
    )


def applications_of(factory: Factory) -> QuerySet[Application]:
    """The factory's own, newest first."""
    rows = Application.objects.of_every_organisation().filter(factory=factory)
    return rows.select_related("call__cohort", "organisation", "factory").order_by("-pk")


def applications_seen(organisation: Organisation) -> QuerySet[Application]:
    """Handed-in applications of the organisation's own calls, and those of the factories below it."""
    path = organisation.path
    mine = Q(organisation__path__startswith=path) | Q(factory__organisation__path__startswith=path)
    rows = Application.objects.of_every_organisation().filter(mine).exclude(stage=Stage.DRAFT)
    return rows.select_related("call__cohort", "organisation", "factory__organisation", "visitor")


def narrowed(rows: QuerySet[Application], asked: Any) -> QuerySet[Application]:
    """By stage, call and words of the factory's name."""
    if (stage := asked.get("stage", "")) in Stage.values:
        rows = rows.filter(stage=stage)
    if words := asked.get("words", "").replace("\x00", "").strip()[:100]:
        rows = rows.filter(factory__name__icontains=words)
    return rows


def late(rows: QuerySet[Application], today: date) -> QuerySet[Application]:
    """Those whose step, or a milestone of which, is late."""
    over = (Stage.CLOSED, Stage.REJECTED, Stage.WITHDRAWN, Stage.STOPPED)
    open_ones = Milestone.objects.of_every_organisation().filter(application=OuterRef("pk"), reached_at=None)
    behind = Exists(open_ones.filter(due_on__lt=today))
    return rows.exclude(stage__in=over).filter(Q(due_on__lt=today) | behind)


def people_with(organisation: Organisation, role: Role) -> QuerySet[Any]:
    """Accounts with this post in the organisation or above it, by name."""
    above = [int(number) for number in organisation.path.strip("/").split("/")]
    return (
        get_user_model().objects.filter(posts__organisation__in=above, posts__role=role).distinct().order_by("username")
    )


def judgings_for(judge: AbstractBaseUser, organisation: Organisation) -> QuerySet[Judging]:
    """What this judge is asked, open first."""
    rows = (
        Judging.objects.of(organisation)
        .filter(judge=judge)
        .exclude(application__stage__in=(Stage.WITHDRAWN, Stage.STOPPED))
    )
    return rows.select_related("application__call", "application__factory").order_by(
        "application__call", "application__number"
    )


def judges_progress(call: Call) -> list[dict[str, Any]]:
    """For each judge of the call: asked, conflicts, points given, and the last day."""
    rows = Judging.objects.of(call.organisation).filter(application__call=call).order_by("judge__username")
    return list(
        rows.values("judge__username").annotate(
            asked=Count("pk"),
            declared=Count("pk", filter=Q(conflict__isnull=False)),
            conflicts=Count("pk", filter=Q(conflict=True)),
            given=Count("pk", filter=Q(points__isnull=False)),
        )
    )


def papers_of(application: Application) -> QuerySet[Paper]:
    """Its files."""
    return Paper.objects.of(application.organisation).filter(application=application).select_related("claim")


def open_claims(organisation: Organisation) -> QuerySet[Claim]:
    """Claims that wait, oldest first."""
    rows = Claim.objects.under(organisation).filter(state=ClaimState.OPEN)
    return rows.select_related("application__factory", "milestone", "application__call").order_by("at", "pk")


def payments_of(organisation: Organisation) -> QuerySet[Payment]:
    """Payments, newest first."""
    rows = Payment.objects.under(organisation).select_related(
        "application__factory", "application__call", "milestone", "by"
    )
    return rows.order_by("-paid_at", "-pk")


def money_sums(organisation: Organisation) -> dict[str, int]:
    """Won granted and paid in all, and claimed but not paid."""
    granted = Application.objects.under(organisation).aggregate(sum=Sum("granted"))["sum"] or 0
    paid = Payment.objects.under(organisation).aggregate(sum=Sum("amount"))["sum"] or 0
    waiting = Claim.objects.under(organisation).filter(state=ClaimState.OPEN).aggregate(sum=Sum("milestone__amount"))
    return {"granted": granted, "paid": paid, "waiting": waiting["sum"] or 0}

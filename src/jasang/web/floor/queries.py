"""What the pages of a factory show, each in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from jasang.diagnose.finding import Severity as Loudness
from jasang.mentor.grouping import Kin, grouped_places
from jasang.web.floor.models import DiagnosedTable, Diagnosis, Finding, FindingLife, LifeEvent, Severity
from jasang.web.jobs.models import OPEN_STATES, State
from jasang.web.tenants.models import Factory

LIST_LENGTH = 20
_LOUDNESS = {severity.value: Loudness(severity.word) for severity in Severity}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a filter and how many findings it has; no value = all."""

    value: str
    findings: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryOverview:
    """A factory in the list of a person's factories: what was found, loudest first, as (word, number)."""

    factory: Factory
    counts: list[tuple[str, int]]
    diagnosed: bool
    under_way: bool


def overview(factories: Sequence[Factory]) -> list[FactoryOverview]:
    """How many findings of each severity every one of these factories has, in two queries."""
    current = _latest(Diagnosis.objects.of_every_factory().filter(factory__in=factories))
    diagnosed = set(current.values_list("factory", flat=True))
    waiting = set(_under_way(Diagnosis.objects.of_every_factory().filter(factory__in=factories)))
    found = Finding.objects.of_every_factory().filter(diagnosis__in=current.values("pk"))
    counted = found.order_by().values_list("factory", "severity").annotate(findings=Count("pk"))
    numbers = {(factory, severity): findings for factory, severity, findings in counted}
    return [
        FactoryOverview(
            factory=factory,
            counts=[(word.word, numbers[factory.pk, word]) for word in Severity if (factory.pk, word) in numbers],
            diagnosed=factory.pk in diagnosed,
            under_way=factory.pk in waiting,
        )
        for factory in factories
    ]


def _under_way(diagnoses: QuerySet[Diagnosis]) -> QuerySet[Diagnosis]:
    """The factories of diagnoses that wait or run."""
    return diagnoses.filter(job__state__in=OPEN_STATES).order_by().values_list("factory", flat=True).distinct()


def under_way(factory: Factory) -> bool:
    """Whether a diagnosis of the factory waits or runs."""
    return _under_way(Diagnosis.objects.of(factory)).exists()


def current_diagnoses(factory: Factory) -> QuerySet[Diagnosis]:
    """Of each title the latest version whose diagnosis is done."""
    return _latest(Diagnosis.objects.of(factory))


def _latest(diagnoses: QuerySet[Diagnosis]) -> QuerySet[Diagnosis]:
    done = diagnoses.filter(job__state=State.DONE)
    same = done.filter(title=OuterRef("title"), factory=OuterRef("factory"))
    return done.filter(pk=Subquery(same.order_by("-version").values("pk")[:1]))


def findings(factory: Factory, *, severity: Severity | None = None, diagnosis: UUID | None = None) -> QuerySet[Finding]:
    """Findings of the current diagnoses (or of one), loudest first, then worth, then strength."""
    hidden = ("document", "charts", "diagnosis__notices", "life__document", "life__context")
    found = with_past(Finding.objects.of(factory)).select_related("diagnosis", "life").defer(*hidden)
    if diagnosis is None:
        found = found.filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    else:
        found = found.filter(diagnosis__key=diagnosis, diagnosis__job__state=State.DONE)
    if severity is not None:
        found = found.filter(severity=severity)
    return found.order_by("severity", F("worth").desc(nulls_last=True), "-strength", "pk")


def with_past(found: QuerySet[Finding]) -> QuerySet[Finding]:
    """Each finding with `past`: whether an earlier version of its file was diagnosed, so that it can be new."""
    title, version = OuterRef("diagnosis__title"), OuterRef("diagnosis__version")
    done = Diagnosis.objects.of_every_factory().filter(job__state=State.DONE, factory=OuterRef("factory"))
    return found.annotate(past=Exists(done.filter(title=title, version__lt=version)))


def finding_groups(found: QuerySet[Finding]) -> list[tuple[int, ...]]:
    """The primary keys of ranked findings, those that are told together in one tuple; one light query."""
    rows = found.annotate(undrawn=Q(sketch__isnull=True)).values_list(
        "pk", "rule", "severity", "diagnosis", "table", "undrawn"
    )
    keys, kin = [], []
    for key, rule, severity, diagnosis, table, undrawn in rows:
        keys.append(key)
        kin.append(Kin(rule=rule, severity=_LOUDNESS[severity], table=f"{diagnosis} {table}", drawn=not undrawn))
    return [tuple(keys[place] for place in places) for places in grouped_places(kin)]


def severity_counts(factory: Factory, *, diagnosis: UUID | None = None) -> dict[Severity, int]:
    """How many findings there are of each severity, in one query."""
    found = findings(factory, diagnosis=diagnosis).order_by()
    counted = found.values("severity").annotate(findings=Count("pk")).values_list("severity", "findings")
    counts = {Severity(value): number for value, number in counted}
    return {severity: counts.get(severity, 0) for severity in Severity}


def diagnoses(factory: Factory) -> QuerySet[Diagnosis]:
    """Everything handed over, newest first, with its job, its number of findings and of rows."""
    rows = DiagnosedTable.objects.of(factory).filter(diagnosis=OuterRef("pk")).order_by().values("diagnosis")
    found = Finding.objects.of(factory).filter(diagnosis=OuterRef("pk")).order_by().values("diagnosis")
    return (
        Diagnosis.objects.of(factory)
        .select_related("job", "handed_over_by")
        .defer("notices")
        .annotate(
            row_count=Subquery(rows.annotate(total=Max("rows")).values("total")),
            finding_count=Subquery(found.annotate(total=Count("pk")).values("total")),
            act_count=Subquery(
                found.annotate(total=Count("pk", filter=Q(severity=Severity.ACT))).values("total"),
            ),
        )
        .order_by("-handed_over_at", "-pk")
    )


def severity_choices(factory: Factory, *, severity: Severity | None, diagnosis: UUID | None) -> list[Choice]:
    """All, then each severity, with counts."""
    counts = severity_counts(factory, diagnosis=diagnosis)
    every = Choice(value="", findings=sum(counts.values()), chosen=severity is None)
    return [every] + [
        Choice(value=word.word, findings=number, chosen=severity == word) for word, number in counts.items()
    ]


def file_choices(factory: Factory) -> list[Diagnosis]:
    """The current diagnoses by title."""
    return list(current_diagnoses(factory).defer("notices").order_by("title"))


def tables(factory: Factory, *, diagnosis: UUID | None) -> list[DiagnosedTable]:
    """The tables of the current diagnoses, or of one, by file name."""
    found = DiagnosedTable.objects.of(factory).select_related("diagnosis")
    if diagnosis is None:
        found = found.filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    else:
        found = found.filter(diagnosis__key=diagnosis)
    return list(found.order_by("diagnosis__title", "file", "pk"))


def notices(factory: Factory, *, diagnosis: UUID | None) -> list[dict[str, Any]]:
    """What was mended or skipped while reading, of the current diagnoses or of one."""
    found = current_diagnoses(factory) if diagnosis is None else Diagnosis.objects.of(factory).filter(key=diagnosis)
    return [notice for kept in found.order_by("title").values_list("notices", flat=True) for notice in kept]


def is_current(finding: Finding) -> bool:
    """Whether the finding is of the latest version of its file, of which questions may be asked."""
    return current_diagnoses(finding.factory).filter(pk=finding.diagnosis_id).exists()


def table_of(finding: Finding) -> DiagnosedTable | None:
    """The table a finding is about."""
    found = DiagnosedTable.objects.of(finding.factory).filter(diagnosis=finding.diagnosis_id, file=finding.table)
    return found.first()


def gone(factory: Factory) -> QuerySet[Finding]:
    """Findings of earlier versions that the latest diagnosis no longer has, where each was seen last."""
    lives = FindingLife.objects.of(factory).filter(gone=True, last_seen__isnull=False)
    return (
        Finding.objects.of(factory)
        .filter(life__in=lives.values("pk"), diagnosis=F("life__last_seen"))
        .select_related("life")
        .defer("document", "charts", "sketch", "life__document", "life__context")
        .order_by("severity", "pk")
    )


def events(life: FindingLife) -> QuerySet[LifeEvent]:
    """What happened to a finding, newest first."""
    return LifeEvent.objects.of(life.factory).filter(life=life).select_related("by").order_by("-at", "-pk")

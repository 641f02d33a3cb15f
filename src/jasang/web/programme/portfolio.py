"""The portfolio: all factories below an organisation on one page, from the whole to the single factory, in few queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet, Sum
from django.db.models.functions import Substr

from jasang.web.programme.industries import division, in_division
from jasang.web.programme.models import Standing
from jasang.web.tenants.models import Factory, Organisation

LEVELS = 6  # 0 to 5
# A schematic map, a tile a 시·도: (column, row).
TILES = {
    "인천": (0, 0), "서울": (1, 0), "강원": (3, 0), "경기": (2, 0), "충남": (0, 1), "세종": (1, 1),
    "충북": (2, 1), "경북": (3, 1),
    "전북": (0, 2), "대전": (1, 2), "대구": (2, 2), "울산": (3, 2),
    "전남": (0, 3), "광주": (1, 3), "경남": (2, 3), "부산": (3, 3),
    "제주": (0, 4),
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Group:
    """Factories that are added up: how many of each level, money in won, measured effect in won a year.

    Of closed factories the money counts, and nothing else: no level and no effect is left of them.
    """

    name: str
    key: str = ""
    counts: list[int] = field(default_factory=lambda: [0] * LEVELS)
    granted: int = 0
    paid: int = 0
    effect: float = 0.0
    effects: int = 0
    closed: int = 0

    @property
    def factories(self) -> int:
        """How many are open."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """The mean level of five."""
        return sum(level * count for level, count in enumerate(self.counts)) / self.factories if self.factories else 0.0

    @property
    def third(self) -> float:
        """Share of factories of level 3 and above."""
        return sum(self.counts[3:]) / self.factories if self.factories else 0.0

    @property
    def returned(self) -> float | None:
        """Measured effect a year for a won paid; nothing where nothing was paid."""
        return self.effect / self.paid if self.paid else None

    def add(self, row: dict[str, Any]) -> None:
        """Add a row of the sums by level."""
        self.granted += row["granted_sum"] or 0
        self.paid += row["paid_sum"] or 0
        if row["closed"]:
            self.closed += row["factories"]
            return
        self.counts[row["of_five"]] += row["factories"]
        self.effect += row["effect_sum"] or 0.0
        self.effects += row["effects_sum"] or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The whole, its regions, its industries (divisions of the KSIC, named by their codes) and its co-operatives."""

    whole: Group
    regions: list[Group]
    industries: list[Group]
    organisations: list[Group]
    not_surveyed: int


def standings(
    organisation: Organisation, *, region: str = "", branch: str = "", industry: str = ""
) -> QuerySet[Standing]:
    """Rows of the factories below, of one region, co-operative (its key) or division of the KSIC when given."""
    found = Standing.objects.under(organisation)
    if region:
        found = found.filter(factory__region=region)
    if branch:
        found = found.filter(factory__organisation__key=branch)
    if industry:
        found = found.filter(in_division(industry))
    return found


def portfolio(organisation: Organisation, *, region: str = "", branch: str = "", industry: str = "") -> Portfolio:
    """Everything added up, in two queries. Regions, industries and co-operatives are each narrowed by what else is chosen only,
    so that one can go from one to the next."""
    found = (
        standings(organisation)
        .order_by()
        .annotate(
            code=Substr("factory__industry", 1, 3),
            closed=ExpressionWrapper(Q(factory__closed_at__isnull=False), output_field=BooleanField()),
        )
        .values("code", "closed", "factory__region", "factory__organisation__key", "factory__organisation__name", "of_five")
        .annotate(
            factories=Count("pk"), granted_sum=Sum("granted"), paid_sum=Sum("paid"),
            effect_sum=Sum("effect"), effects_sum=Sum("effects"),
        )
    )  # fmt: skip
    rows = [row | {"division": division(row["code"])} for row in found]
    chosen = {"factory__region": region, "factory__organisation__key": branch, "division": industry}
    whole = Group(name=organisation.name)
    for row in _within(rows, chosen):
        whole.add(row)
    known = Factory.objects.filter(
        organisation__path__startswith=organisation.path, standing__isnull=True, closed_at=None
    )
    if region:
        known = known.filter(region=region)
    if branch:
        known = known.filter(organisation__key=branch)
    if industry:
        known = known.filter(in_division(industry, "industry"))
    return Portfolio(
        whole=whole,
        regions=_groups(_within(rows, chosen | {"factory__region": ""}), "factory__region", "factory__region"),
        industries=_groups(_within(rows, chosen | {"division": ""}), "division", "division"),
        organisations=_groups(
            _within(rows, chosen | {"factory__organisation__key": ""}),
            "factory__organisation__key", "factory__organisation__name",
        ),
        not_surveyed=known.count(),
    )  # fmt: skip


def _within(rows: Iterable[dict[str, Any]], chosen: dict[str, str]) -> list[dict[str, Any]]:
    return [row for row in rows if all(value in ("", row[name]) for name, value in chosen.items())]


def _groups(rows: Iterable[dict[str, Any]], key: str, name: str) -> list[Group]:
    groups: dict[str, Group] = {}
    for row in rows:
        groups.setdefault(row[key], Group(key=row[key], name=row[name])).add(row)
    return sorted(groups.values(), key=lambda group: (-group.factories, group.name))

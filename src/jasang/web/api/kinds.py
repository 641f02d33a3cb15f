"""What the portal keeps, as programs see it: each kind of rows once, for lists, export and import.

Areas tell their kinds (`API_KINDS` in the settings); the order of that list is the order in which rows refer to each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Field, ForeignKey, Model, Q, QuerySet
from django.utils.module_loading import import_string

from jasang.plant.text import Text
from jasang.web.tenants.models import Factory, Organisation, Role

Place = Factory | Organisation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """One kind of rows.

    - `identity`: the fields by which a row is known again elsewhere.
    - `factory`, `organisation`: lookups to the tenant ("self": it is the tenant), `None` where such a tenant has none of its own;
      `branch`: an organisation sees those of all below it.
    - `hidden` never leaves (secrets, paths of this machine); `fresh` or the field's default makes it anew.
    - `inner` and rows outside of `shown_to_factory` are the organisation's own business; rows that fit `kept_from_organisation`
      the factory's.
    - `check` raises where the values of a row that comes in make no sense together.
    - `embedded`: rows of another table that belong to this one alone. `files`: the field that names a kept file or folder.
    - `by_steps`: rows earned by steps (money, scores, verified effects, trails); only the portal's own command takes them in.
    """

    name: str
    model: str
    scope: str
    title: Text
    identity: tuple[str, ...] = ("key",)
    factory: str | None = None
    organisation: str | None = None
    hidden: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    shown_to_factory: Mapping[str, Any] | None = field(default_factory=dict)
    kept_from_organisation: Mapping[str, Any] = field(default_factory=dict)
    branch: bool = False
    embedded: tuple[str, ...] = ()
    files: str | None = None
    fresh: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    check: Callable[[dict[str, Any]], None] | None = None
    filters: tuple[str, ...] = ()
    roles: tuple[Role, ...] = (Role.PROGRAMME_OPERATOR,)
    by_steps: bool = False
    listed: bool = True

    @property
    def table(self) -> type[Model]:
        """The Django model."""
        return apps.get_model(self.model)

    def columns(self, place: Place | None = None) -> list[Field]:
        """The fields that leave, for a caller of this place (`None` = for the portal's own command)."""
        left_out = set(self.hidden) | (set(self.inner) if isinstance(place, Factory) else set())
        return [one for one in self.table._meta.concrete_fields if not one.primary_key and one.name not in left_out]

    def of(self, place: Place) -> bool:
        """Whether a place has rows of this kind that it may see."""
        if isinstance(place, Factory):
            return self.factory is not None and self.shown_to_factory is not None
        return self.organisation is not None

    def rows(self, place: Place) -> QuerySet[Any]:
        """The rows of the place that its callers see."""
        every: QuerySet[Any] = self.table._base_manager.all()
        if isinstance(place, Factory):
            return every.filter(**_is(self.factory, place), **(self.shown_to_factory or {}))
        if self.branch:
            every = every.filter(**{str(_below(self.organisation)): place.path})
        else:
            every = every.filter(**_is(self.organisation, place))
        return every.exclude(**self.kept_from_organisation) if self.kept_from_organisation else every

    def whole_rows(self, place: Place) -> QuerySet[Any]:
        """Every row of a factory, or of an organisation, all below it and their factories: for the portal's own command."""
        if isinstance(place, Factory):
            found = Q(**_is(self.factory, place)) if self.factory else Q(pk__in=[])
        else:
            ways = [_below(self.organisation), _below(self.factory and _through(self.factory, "organisation"))]
            found = Q(*[(way, place.path) for way in ways if way], _connector=Q.OR) if any(ways) else Q(pk__in=[])
        return self.table._base_manager.filter(found)


def _is(lookup: str | None, place: Place) -> dict[str, Any]:
    return {"pk": place.pk} if lookup == "self" else {str(lookup): place}


def _through(lookup: str, name: str) -> str:
    return name if lookup == "self" else f"{lookup}__{name}"


def _below(lookup: str | None) -> str | None:
    return None if lookup is None else "path__startswith" if lookup == "self" else f"{lookup}__path__startswith"


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds, those first that others refer to."""
    return tuple(kind for path in settings.API_KINDS for kind in import_string(path))


@cache
def kind_named(name: str) -> Kind:
    """The kind of that name; `KeyError` where there is none."""
    return {kind.name: kind for kind in kinds()}[name]


@cache
def kind_of_table(model: type[Model]) -> Kind | None:
    """The kind that shows this table."""
    return next((kind for kind in kinds() if kind.table is model), None)


@cache
def identity_lookups(model: type[Model]) -> tuple[str, ...]:
    """The lookups from a row to the values by which it is known: a person's name, a tenant's key, a row's identity."""
    if model is get_user_model():
        return ("username",)
    if model in (Factory, Organisation):
        return ("key",)
    kind = kind_of_table(model)
    if kind is None:
        raise LookupError(f"{model.__name__} is of no kind in API_KINDS, but other rows refer to it")
    found: list[str] = []
    for name in kind.identity:
        column = model._meta.get_field(name)
        if isinstance(column, ForeignKey):
            found += [f"{name}__{lookup}" for lookup in identity_lookups(column.related_model)]
        else:
            found.append(name)
    return tuple(found)

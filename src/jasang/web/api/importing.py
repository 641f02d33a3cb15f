"""Rows come in: checked one by one with every error named, then all of them or none, each known by its identity.

A row that is there already is brought to what the import says, or left alone where it says the same: the same import twice
changes nothing. Nothing is deleted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.api.kinds import Kind, Place, identity_lookups, kind_of_table, kinds
from jasang.web.api.rows import JOB_FIELDS, plain, shown
from jasang.web.jobs.models import Job
from jasang.web.tenants.models import Factory, Organisation

MOST_ERRORS = 200
MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """What is wrong with one row: its line, the field, what was found and what was expected."""

    row: int
    kind: str
    field: str
    found: str
    expected: str


class ImportRefused(JasangError):
    """Nothing was taken in; `errors` says why, row by row."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        first = errors[0]
        super().__init__(
            ko=f"{first.row}행 {first.field}: '{first.found}' (오류 {len(errors)}개). 아무것도 바뀌지 않았습니다.",
            en=f"Row {first.row}, {first.field}: found '{first.found}', expected {first.expected} ({len(errors)} errors). "
            "Nothing was changed.",
        )
        self.errors = tuple(errors)


@dataclass(slots=True, kw_only=True)
class Counts:
    """What an import did, or in a dry run would do."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class _Later:
    """A reference to a row of the same table that had not come yet."""

    kind: Kind
    row: Any
    column: models.ForeignKey
    given: Any
    line: int


@dataclass(slots=True)
class _Taking:
    """One import under way. `place` is `None` for the portal's own command, which may write anywhere."""

    place: Place | None
    files: Callable[[str, str], str] | None = None
    errors: list[RowError] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)
    known: dict[tuple[type[models.Model], tuple[str, ...]], Any] = field(default_factory=dict)
    later: list[_Later] = field(default_factory=list)

    def wrong(self, row: int, kind: str, name: str, found: Any, expected: str) -> None:
        """Note what is wrong; after so many nobody reads on."""
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(RowError(row=row, kind=kind, field=name, found=str(found)[:200], expected=expected))


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def take_in(
    rows: Iterable[tuple[int, dict[str, Any]]],
    *,
    place: Place | None,
    allowed: Callable[[Kind], bool] = lambda kind: True,
    dry_run: bool = False,
    files: Callable[[str, str], str] | None = None,
) -> dict[str, Counts]:
    """Take in rows (line, data with its kind in `of`), all or none; what was or would be done, by kind.

    `place`: rows may only be of this factory or organisation. `files` (name of a kept file, kind) -> its path here.

    Raises
    ------
    ImportRefused
        With every error found, up to `MOST_ERRORS`.
    """
    taking = _Taking(place, files)
    by_kind = _sorted(rows, taking, allowed)
    try:
        with transaction.atomic():
            for kind in kinds():
                for line, row in by_kind.get(kind.name, ()):
                    _take_row(taking, kind, line, row)
            _set_later(taking)
            if taking.errors:
                raise ImportRefused(taking.errors)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return taking.counts


def _sorted(
    rows: Iterable[tuple[int, dict[str, Any]]], taking: _Taking, allowed: Callable[[Kind], bool]
) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """The rows by kind; what is of no kind, or of one the caller may not write, is an error."""
    names = {kind.name: kind for kind in kinds()}
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for count, (line, row) in enumerate(rows, 1):
        if count > MOST_ROWS:
            taking.wrong(line, "", "", count, f"at most {MOST_ROWS} rows")
            break
        name = row.get("of")
        kind = names.get(name) if isinstance(name, str) else None
        if kind is None:
            taking.wrong(line, "", "of", name, "one of " + ", ".join(names))
        elif not allowed(kind):
            taking.wrong(line, kind.name, "of", name, "a kind that may be written here")
        else:
            found.setdefault(kind.name, []).append((line, row))
    return found


def _take_row(taking: _Taking, kind: Kind, line: int, row: dict[str, Any]) -> None:
    before = len(taking.errors)
    values, pending = _values(taking, kind, line, row)
    if len(taking.errors) > before:
        return
    try:
        if kind.check is not None and taking.place is not None:
            kind.check(values)
        existing = _existing(taking, kind, line, values)
        if len(taking.errors) > before:
            return
        with transaction.atomic():
            kept, done = (
                _brought(kind, existing, values, row)
                if existing is not None
                else (_created(taking, kind, values), "created")
            )
    except (DataError, IntegrityError):
        taking.wrong(line, kind.name, "", "a value that is in use", "a row that fits those that are there")
        return
    except (ValidationError, ValueError, TypeError, JasangError) as error:
        taking.wrong(line, kind.name, "", str(error).split("\n")[0], "a row that makes sense")
        return
    taking.later += [_Later(kind, kept, column, given, line) for column, given in pending]
    counts = taking.counts.setdefault(kind.name, Counts())
    setattr(counts, done, getattr(counts, done) + 1)
    taking.known[kind.table, _identity(kind, kept)] = kept


Pending = list[tuple[models.ForeignKey, Any]]


def _values(taking: _Taking, kind: Kind, line: int, row: dict[str, Any]) -> tuple[dict[str, Any], Pending]:
    """Field values as the model takes them, and references to rows of the same table that have not come yet."""
    columns = {column.name: column for column in kind.columns()}
    for name in row:
        if name not in columns and name != "of":
            taking.wrong(line, kind.name, name, row[name], "a field of " + ", ".join(columns))
    values: dict[str, Any] = {}
    pending: Pending = []
    for name, column in columns.items():
        if name in row:
            _one_value(taking, kind, column, line, row[name], values, pending)
        elif name in _tenant_fields(kind) and taking.place is not None and column.related_model is type(taking.place):
            values[name] = taking.place
        elif not (column.has_default() or column.null or column.blank or _automatic(column)):
            taking.wrong(line, kind.name, name, "nothing", "a value")
    return values, pending


def _tenant_fields(kind: Kind) -> set[str]:
    return {
        lookup for lookup in (kind.factory, kind.organisation) if lookup and lookup != "self" and "__" not in lookup
    }


def _automatic(column: models.Field) -> bool:
    return bool(getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False))


def _one_value(
    taking: _Taking, kind: Kind, column: Any, line: int, given: Any, values: dict[str, Any], pending: Pending
) -> None:
    name = column.name
    if given is None:
        values[name] = None
        if not column.null:
            taking.wrong(line, kind.name, name, given, "a value")
    elif name in kind.embedded:
        values[name] = given
        if not isinstance(given, dict) or set(given) - set(JOB_FIELDS):
            taking.wrong(line, kind.name, name, given, "an object with " + ", ".join(JOB_FIELDS))
    elif isinstance(column, models.ForeignKey):
        values[name] = _referred(taking, column, given)
        if values[name] is not None:
            return
        if column.related_model is kind.table:
            pending.append((column, given))
        elif not _may_stay_blank(taking, column):
            _no_such_row(taking, kind, column, line, given)
    else:
        values[name] = _plain_value(taking, kind, column, line, given)


def _may_stay_blank(taking: _Taking, column: Any) -> bool:
    """A person who has no account here: the row stands without the name."""
    return column.null and column.related_model is get_user_model() and taking.place is not None


def _no_such_row(taking: _Taking, kind: Kind, column: Any, line: int, given: Any) -> None:
    of = kind_of_table(column.related_model)
    name = of.name if of is not None else column.related_model.__name__
    taking.wrong(line, kind.name, column.name, given, f"the identity of a row of {name} that is there")


def _plain_value(taking: _Taking, kind: Kind, column: Any, line: int, given: Any) -> Any:
    if isinstance(column, models.CharField | models.TextField) and not isinstance(given, str):
        taking.wrong(line, kind.name, column.name, given, "a text")
        return None
    if isinstance(column, models.BooleanField) and not isinstance(given, bool):
        taking.wrong(line, kind.name, column.name, given, "true or false")
        return None
    if isinstance(column, models.IntegerField | models.FloatField) and isinstance(given, bool):
        taking.wrong(line, kind.name, column.name, given, "a number")
        return None
    try:
        value = column.to_python(given)
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("no character that databases refuse")
        if taking.place is not None:  # what a portal kept comes back as it was
            column.run_validators(value)
        if column.choices and value not in dict(column.flatchoices):
            raise ValueError("one of " + ", ".join(str(one) for one, _ in column.flatchoices))
        return value
    except ValidationError as error:
        taking.wrong(line, kind.name, column.name, given, " ".join(error.messages))
    except (TypeError, ValueError, OverflowError) as error:
        taking.wrong(line, kind.name, column.name, given, str(error).split("\n")[0])
    return None


def _referred(taking: _Taking, column: Any, given: Any) -> Any:
    """The row that a reference names, in this import or in the place already; `None` where there is none."""
    model = column.related_model
    identity = tuple(str(one) for one in (given if isinstance(given, list) else [given]))
    key = (model, identity)
    if key not in taking.known:
        found = _looked_up(taking, model, identity)
        if found is None:
            return None
        taking.known[key] = found
    return taking.known[key]


def _looked_up(taking: _Taking, model: type[models.Model], identity: tuple[str, ...]) -> models.Model | None:
    lookups = identity_lookups(model)
    if len(lookups) != len(identity):
        return None
    rows = model._base_manager.all()
    kind = kind_of_table(model)
    if taking.place is not None:
        if model in (Factory, Organisation):
            return taking.place if identity == (taking.place.key,) and isinstance(taking.place, model) else None
        if model is get_user_model():
            rows = _people_of(taking.place)
        elif kind is None or not kind.of(taking.place):
            return None
        else:
            rows = kind.rows(taking.place)
    try:
        return rows.filter(**dict(zip(lookups, identity, strict=True))).order_by("pk").first()
    except (ValidationError, ValueError):
        return None


def _people_of(place: Place) -> models.QuerySet[Any]:
    people = get_user_model().objects.all()
    return (
        people.filter(memberships__factory=place)
        if isinstance(place, Factory)
        else people.filter(posts__organisation=place)
    )


def _existing(taking: _Taking, kind: Kind, line: int, values: dict[str, Any]) -> models.Model | None:
    """The row of the same identity; one of another tenant is an error that tells nothing of it."""
    wanted = {}
    for name in kind.identity:
        if name not in values:
            column = kind.table._meta.get_field(name)
            if name == "key" and column.has_default():
                return None
            taking.wrong(line, kind.name, name, "nothing", "a value: the row is known by it")
            return None
        wanted[name] = values[name]
    found = kind.table._base_manager.filter(**wanted).order_by("pk").first()
    if taking.place is None:
        return found
    if found is not None and not kind.rows(taking.place).filter(pk=found.pk).exists():
        taking.wrong(
            line, kind.name, kind.identity[0], wanted[kind.identity[0]], "an identity that is not in use elsewhere"
        )
        return None
    for name in _tenant_fields(kind):
        column = kind.table._meta.get_field(name)
        own = column.related_model is type(taking.place)
        if own and values.get(name) is not None and values[name] != taking.place:
            taking.wrong(line, kind.name, name, values[name], f"{taking.place.key}")
    return found


def _created(taking: _Taking, kind: Kind, values: dict[str, Any]) -> Any:
    given = dict(values)
    for name in kind.embedded:
        if given.get(name) is not None:
            given[name] = _job(given[name], given["factory"] if "factory" in given else _carrier(given["organisation"]))
    fresh = {name: make() for name, make in kind.fresh.items()}
    if kind.files is not None and taking.files is not None:
        fresh[kind.files] = taking.files(kind.name, "/".join(str(values.get(name, "")) for name in kind.identity))
    made = kind.table(**given, **fresh)
    for column in kind.table._meta.concrete_fields:
        if _automatic(column) and column.name not in given:
            setattr(made, column.name, timezone.now())
    made.save_base(raw=True, force_insert=True)  # raw: moments stay as they are told
    if isinstance(made, Organisation):
        made.path = f"{made.parent.path if made.parent else '/'}{made.pk}/"
        Organisation.objects.filter(pk=made.pk).update(path=made.path)
    return made


def _carrier(organisation: Organisation) -> Factory:
    """A job belongs to a factory; that of an organisation's row is carried by any factory below it."""
    found = Factory.objects.filter(organisation__path__startswith=organisation.path).order_by("pk").first()
    if found is None:
        raise ValueError("no factory below the organisation carries the job")
    return found


def _job(document: dict[str, Any], factory: Factory) -> Job:
    values = {name: Job._meta.get_field(name).to_python(value) for name, value in document.items()}
    created = values.pop("created_at", None)
    job: Job = Job.objects.of(factory).create(factory=factory, **values)
    if created is not None:
        Job.objects.of(factory).filter(pk=job.pk).update(created_at=created)
    return job


def _brought(kind: Kind, existing: Any, values: dict[str, Any], row: dict[str, Any]) -> tuple[Any, str]:
    """Bring a row to what the import says; its identity and its embedded work stay as they are."""
    before = next(shown(kind, kind.table._base_manager.filter(pk=existing.pk)))
    if all(_same(kind, name, plain(before[name]), told) for name, told in row.items() if name != "of"):
        return existing, "unchanged"
    fixed = (*kind.embedded, *kind.identity)
    changed = {name: value for name, value in values.items() if name not in fixed}
    for name, value in changed.items():
        setattr(existing, name, value)
    existing.save_base(raw=True, force_update=True)
    return existing, "updated"


def _same(kind: Kind, name: str, one: Any, other: Any) -> bool:
    if one == other or name in kind.embedded:
        return True
    column = kind.table._meta.get_field(name)
    if isinstance(column, models.ForeignKey):
        return str(one) == str(other)
    try:
        return bool(column.to_python(one) == column.to_python(other))
    except ValidationError:
        return False


def _set_later(taking: _Taking) -> None:
    """References between rows of one table, now that all of them are there."""
    for one in taking.later:
        found = _referred(taking, one.column, one.given)
        if found is None:
            _no_such_row(taking, one.kind, one.column, one.line, one.given)
        else:
            one.kind.table._base_manager.filter(pk=one.row.pk).update(**{one.column.name: found})


def _identity(kind: Kind, row: models.Model) -> tuple[str, ...]:
    """A kept row's identity, as references to it have it."""
    return tuple(str(_through(row, lookup)) for lookup in identity_lookups(kind.table))


def _through(row: Any, lookup: str) -> Any:
    for name in lookup.split("__"):
        row = getattr(row, name) if row is not None else None
    return plain(row)

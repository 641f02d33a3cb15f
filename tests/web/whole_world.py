"""A tenant with a row of every kind, every text of it carrying one mark: what must never be seen elsewhere."""

import datetime
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.test import Client
from django.utils import timezone

from jasang.web.api.kinds import kinds
from jasang.web.jobs.models import Job
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Organisation, OrganisationKind, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_factory, set_up_organisation

# Values that a check of the database asks for.
FITTING: dict[str, dict[str, Any]] = {
    "programme.Application": {"cost": 100, "asked": 50, "granted": 10, "stage": "planned", "number": 1},
    "programme.Payment": {"amount": 5},
    "floor.SchedulePlan": {"locks": [], "document": None, "compared": None},
    "floor.CampaignCourse": {"document": None, "status": None, "studies": None},
    "floor.ExperimentCourse": {"document": None, "planned": None, "studies": None},
    "floor.StudyRun": {"result": None},
    "programme.Call": {
        "documents": [],
        "criteria": [{"id": "need", "name": "필요성", "most": 100}],
        "least_points": 70,
    },
    "programme.Judging": {"scores": {}, "reasons": {}, "conflict": None, "points": None},
    "programme.Planning": {"answer": None},
    "programme.LevelAnswer": {"step": 1, "source": "mentor"},
    "floor.CollectedDay": {"slots": "f"},
    "programme.Mentor": {"skills": {"process": 0.5}, "away": []},
    "center.Queue": {"hours": {"timezone": "Asia/Seoul", "shifts": []}, "terms": {}, "languages": []},
    "center.Macro": {"then": ""},
    "tenants.Invitation": {"organisation": None},
    "tenants.AuditEvent": {"organisation": None},
}


def _case(world: Any) -> Any:
    """A case with a true history: its next events go on from it."""
    from jasang.web.center.models import Centre
    from jasang.web.center.services import open_case

    made = open_case(
        factory=world.factory, title=world.mark, text=world.mark, user=world.people[Role.OWNER],
        centre=Centre.objects.of(world.centre).get(), carried={"text": world.mark},
    )  # fmt: skip
    made.tags = [world.mark]
    made.save(update_fields=["tags"])
    return made


def _event(world: Any) -> Any:
    from jasang.web.center.models import Event

    return Event.objects.of(world.factory).order_by("place").first()


def _sighting(world: Any) -> Any:
    """Made with the case; all its words are the tenant's own."""
    from jasang.web.center.models import Sighting

    row = Sighting.objects.of(world.factory).get()
    row.title_ko = row.title_en = row.url = row.names = world.mark
    row.words = [world.mark]
    row.save()
    return row


MADE: dict[str, Any] = {"center.Case": _case, "center.Event": _event, "center.Sighting": _sighting}
LEFT_OUT = {"people", "organisations", "factories", "members", "posts"}


@dataclass
class World:
    """Organisations, a factory, their people by role, and one row of every kind by model."""

    mark: str
    operator: Organisation
    coop: Organisation
    centre: Organisation
    factory: Factory
    people: dict[str, Any]
    rows: dict[type[models.Model], Any] = field(default_factory=dict)

    def rows_key(self, word: str) -> Any:
        """The key of a row whose table's name has this word; any key where there is none."""
        wanted = word.replace("-", "").rstrip("s")
        named = [row for model, row in self.rows.items() if wanted and wanted in model.__name__.lower()]
        return next((row.key for row in named if getattr(row, "key", None)), uuid.uuid4())

    def browser(self, role: str) -> Client:
        """The browser of the person with that role, signed in."""
        client = Client()
        client.force_login(self.people[role])
        return client


def make_world(mark: str) -> World:
    """A tenant of its own, full of rows."""
    operator = set_up_organisation(name=f"운영 {mark}", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name=f"조합 {mark}", kind=OrganisationKind.COOPERATIVE, parent=operator)
    centre = set_up_organisation(name=f"센터 {mark}", kind=OrganisationKind.CENTRE, parent=operator)
    factory = set_up_factory(name=f"공장 {mark}")
    factory.organisation = coop
    factory.save()
    people = {role.value: set_up_account(user_name=f"{role.value}.{mark}", password=None)[0] for role in Role}
    for role in FACTORY_ROLES:
        add_member(user=people[role], factory=factory, role=role)
    add_member(
        user=people[Role.MENTOR], factory=factory, role=Role.MENTOR, until=timezone.now() + datetime.timedelta(days=9)
    )
    appoint(user=people[Role.COOP_OPERATOR], organisation=coop, role=Role.COOP_OPERATOR)
    appoint(user=people[Role.AGENT], organisation=centre, role=Role.AGENT)
    for role in (
        Role.PROGRAMME_OPERATOR,
        Role.JUDGE,
        Role.AUDITOR,
        Role.TEACHER,
        Role.STUDENT,
        Role.BUYER,
        Role.MENTOR,
    ):
        appoint(user=people[role], organisation=operator, role=role)
    world = World(mark, operator, coop, centre, factory, people)
    for kind in kinds():
        if kind.name not in LEFT_OUT:
            world.rows[kind.table] = _filled(world, kind.table)
    return world


def _filled(world: World, model: type[models.Model]) -> Any:
    """One row with every field filled that can be."""
    known = model._base_manager.filter(**_place(world, model)).first() if _only_one(model) else None
    if known is not None:
        return known
    if model._meta.label in MADE:
        return MADE[model._meta.label](world)
    row = model()
    for column in model._meta.concrete_fields:
        if not column.primary_key:
            setattr(row, column.name, _value(world, model, column))
    for name, value in FITTING.get(model._meta.label, {}).items():
        setattr(row, name, value)
    row.save_base(raw=True, force_insert=True)
    return row


def _only_one(model: type[models.Model]) -> bool:
    return any(isinstance(one, models.OneToOneField) for one in model._meta.concrete_fields if _tenant(one))


def _tenant(column: Any) -> bool:
    return isinstance(column, models.ForeignKey) and column.related_model in (Factory, Organisation)


def _place(world: World, model: type[models.Model]) -> dict[str, Any]:
    return {one.name: _value(world, model, one) for one in model._meta.concrete_fields if _tenant(one)}


def _value(world: World, model: type[models.Model], column: Any) -> Any:
    if isinstance(column, models.ForeignKey):
        return _row(world, model, column.related_model)
    if isinstance(column, models.UUIDField):
        return uuid.uuid4()
    if column.choices:
        return column.choices[0][0]
    if isinstance(column, models.GenericIPAddressField):
        return "192.0.2.7"
    if isinstance(column, models.BinaryField):
        return b""
    if isinstance(column, models.JSONField):
        return _shaped(world, column)
    if isinstance(column, models.CharField | models.TextField):
        return _text(world, column)
    if isinstance(column, models.DateTimeField):
        return timezone.now()
    if isinstance(column, models.DateField):
        return timezone.localdate()
    if isinstance(column, models.BooleanField):
        return column.default if isinstance(column.default, bool) else False
    return 1


def _text(world: World, column: Any) -> str:
    if column.max_length is not None and column.max_length <= len(world.mark):
        return "ko" if column.name == "language" else ""
    if isinstance(column, models.EmailField):
        return f"{world.mark}@example.kr"
    if isinstance(column, models.URLField):
        return f"https://example.kr/{world.mark}"
    return f"{world.mark}{uuid.uuid4().hex}"[: column.max_length or 80] if column.unique else world.mark


def _shaped(world: World, column: Any) -> Any:
    empty = column.default() if callable(column.default) else {}
    return [world.mark] if isinstance(empty, list) else {"text": world.mark}


def _row(world: World, model: type[models.Model], wanted: type[models.Model]) -> Any:
    if wanted is get_user_model():
        return world.people[Role.AGENT] if model._meta.label == "center.Agent" else world.people[Role.OWNER]
    if wanted is Factory:
        return world.factory
    if wanted is Organisation:
        return world.centre if model._meta.app_label == "center" else world.operator
    if wanted is Job:
        return Job.objects.of(world.factory).create(
            factory=world.factory, kind="diagnose", stage_ko=world.mark, state="done"
        )
    return world.rows.get(wanted)

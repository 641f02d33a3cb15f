"""Queues, cases and what happened to them, who is on duty, and mail on its way in and out."""

import secrets
import uuid

from django.conf import settings
from django.db import models

from jasang.web.center.difficulty_models import CentreDay, Difficulty, DifficultyEvent, DifficultyState, Sighting
from jasang.web.center.search_models import Article, ArticleVote, SearchDue, SearchEntry, SearchWord
from jasang.web.tenants.models import Factory, Organisation, OrganisationModel, TenantManager

# Django knows the tables of an area by this module.
__all__ = [
    "OPEN_STATES", "Agent", "Article", "ArticleVote", "Attachment", "Case", "CaseState", "Centre", "CentreDay", "Channel",
    "Difficulty", "DifficultyEvent", "DifficultyState", "Duty", "Event", "FactoryChoice", "LetterIn", "LetterOut", "Macro",
    "Priority", "Queue", "SearchDue", "SearchEntry", "SearchWord", "Sighting", "Visit",
]  # fmt: skip


def token() -> str:
    """A secret part of an address."""
    return secrets.token_urlsafe(18)


class Priority(models.IntegerChoices):
    """How soon it hurts, soonest first."""

    URGENT = 1
    HIGH = 2
    NORMAL = 3
    LOW = 4

    @property
    def word(self) -> str:
        """The name used in addresses and terms."""
        return self.name.lower()


class CaseState(models.TextChoices):
    """Where a case stands, as its events tell."""

    NEW = "new"  # nobody has answered yet
    OPEN = "open"  # the next step lies with the centre
    WAITING = "waiting"  # for the customer
    SOLVED = "solved"
    CLOSED = "closed"
    MERGED = "merged"


OPEN_STATES = (CaseState.NEW, CaseState.OPEN, CaseState.WAITING)


class Channel(models.TextChoices):
    """How a word came."""

    PAGE = "page"
    EMAIL = "email"
    PHONE = "phone"
    API = "api"
    FINDING = "finding"  # nobody said it: a finding did
    SYSTEM = "system"


class Centre(OrganisationModel):
    """What a 365 centre needs besides being an organisation. Its row is the lock under which case numbers are given."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+")
    address = models.EmailField(blank=True)  # letters come to it and go out from it
    last_number = models.PositiveIntegerField(default=0)
    from_findings = models.BooleanField(default=True)  # a loud finding opens a case by itself

    def __str__(self) -> str:
        return f"centre {self.organisation_id}"


class Queue(OrganisationModel):
    """Where cases of one kind wait, with its service hours and what it promises."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    place = models.PositiveSmallIntegerField(default=0)  # the first one takes what fits nowhere else
    skills = models.JSONField(default=list)  # words an agent's own skills must contain
    rules = models.JSONField(default=list)  # rules of findings whose cases come here
    languages = models.JSONField(default=list)  # blank = any
    hours = models.JSONField(default=dict)  # clock.hours_of reads it
    terms = models.JSONField(default=dict)  # {"urgent": {"answer": minutes, "solve": minutes}, …}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="one_queue_per_name")]

    def __str__(self) -> str:
        return self.name


class Agent(OrganisationModel):
    """Somebody who answers at a centre."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    skills = models.JSONField(default=list)
    languages = models.JSONField(default=list)  # "ko", "en" …
    most_open = models.PositiveSmallIntegerField(default=20)  # open cases at once
    away = models.BooleanField(default=False)
    feed = models.CharField(max_length=40, default=token, unique=True)  # secret of the calendar's address

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="one_agent_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.organisation_id}"


class Duty(OrganisationModel):
    """A stretch of the rota: who is on duty from when to when."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    queue = models.ForeignKey(Queue, null=True, on_delete=models.CASCADE, related_name="+")  # null = all
    start = models.DateTimeField()
    end = models.DateTimeField()
    lead = models.BooleanField(default=False)  # takes what is late

    class Meta:
        indexes = [models.Index(fields=["organisation", "start", "end"])]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.start} – {self.end}"


class CaseManager(TenantManager):
    """Cases of a factory, or all those of a centre."""

    def at(self, centre: Organisation) -> models.QuerySet:
        """The cases of this centre, also of senders nobody knows."""
        return models.Manager.get_queryset(self).filter(centre=centre)


class CentreRow(models.Model):
    """A row that belongs to a centre, and to a factory where one is known."""

    centre = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    factory = models.ForeignKey(Factory, null=True, on_delete=models.CASCADE, related_name="+")

    objects = CaseManager()

    class Meta:
        abstract = True


class Case(CentreRow):
    """A difficulty that the centre sees to. Everything from `state` on is kept from its events, to sort and filter by."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    language = models.CharField(max_length=8, default="ko")
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.PAGE)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    customer_mail = models.EmailField(blank=True)
    verified = models.BooleanField(default=True)  # the sender is known to belong to the factory
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    tags = models.JSONField(default=list)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_key = models.CharField(max_length=64, blank=True)
    carried = models.JSONField(default=dict)  # the subject and the factory's latest, as they were when it was opened
    origin = models.CharField(max_length=80, null=True)  # what opened it by itself: never twice
    letters = models.CharField(max_length=40, default=token, unique=True)  # in the address of letters about it
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    stars = models.PositiveSmallIntegerField(null=True)  # 1 to 5
    state = models.CharField(max_length=10, choices=CaseState.choices, default=CaseState.NEW)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    events = models.PositiveIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    answer_due = models.DateTimeField(null=True)
    solve_due = models.DateTimeField(null=True)
    due = models.DateTimeField(null=True)  # the nearer of the two
    answer_late = models.BooleanField(default=False)  # as of the last event; from then on the due moments tell
    solve_late = models.BooleanField(default=False)
    answer_minutes = models.FloatField(default=0.0)  # of service
    solve_minutes = models.FloatField(default=0.0)
    reopened = models.PositiveSmallIntegerField(default=0)
    escalated = models.PositiveSmallIntegerField(default=0)  # 1 = due soon, 2 = late

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["centre", "number"], name="one_case_per_number"),
            models.UniqueConstraint(fields=["factory", "origin"], name="one_case_per_origin"),
        ]
        indexes = [
            models.Index(fields=["centre", "state", "due"]),
            models.Index(fields=["centre", "agent", "due"]),
            models.Index(fields=["centre", "opened_at"]),
            models.Index(fields=["factory", "-changed_at"]),
            models.Index(fields=["state", "due"]),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def open(self) -> bool:
        """Somebody still has to do something."""
        return self.state in OPEN_STATES


class Event(CentreRow):
    """Something that happened to a case; rows are only ever added. `kind` is one of the clock's events or of `events.QUIET`."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    place = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ours = models.BooleanField(default=False)  # said or done by the centre
    sender = models.CharField(max_length=254, blank=True)  # of a letter
    channel = models.CharField(max_length=10, choices=Channel.choices)
    text = models.TextField(blank=True)
    private = models.BooleanField(default=False)  # the factory does not see it
    data = models.JSONField(default=dict)
    once = models.CharField(max_length=200, null=True)  # the same thing told twice happens once

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "place"], name="one_event_per_place"),
            models.UniqueConstraint(fields=["case", "once"], name="one_event_per_telling"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id}"


class Attachment(CentreRow):
    """A file with a word; kept under a random name, only ever handed out as a download."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    path = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.name


class Macro(OrganisationModel):
    """A ready answer. `{factory}`, `{case}` and `{agent}` are filled in."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    text_ko = models.TextField()
    text_en = models.TextField(blank=True)
    then = models.CharField(max_length=12, blank=True)  # answered, asked or solved

    def __str__(self) -> str:
        return self.name


class Visit(CentreRow):
    """A call or a visit about a case, agreed for a time."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8)  # call | visit
    start = models.DateTimeField()
    end = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    cancelled = models.BooleanField(default=False)
    changed = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["agent", "start"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.start}"


class FactoryChoice(models.Model):
    """What a factory chose about the centre."""

    factory = models.OneToOneField(Factory, on_delete=models.CASCADE, related_name="+")
    from_findings = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"choice of {self.factory_id}"


class LetterOut(CentreRow):
    """A letter that waits to be sent or was; written with the event it tells of, so that none is lost."""

    event = models.OneToOneField(Event, null=True, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    to = models.EmailField()
    subject = models.CharField(max_length=250)
    text = models.TextField()
    message_id = models.CharField(max_length=200, unique=True)
    references = models.TextField(blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    next_try = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sent_at", "next_try"])]

    def __str__(self) -> str:
        return self.message_id


class LetterIn(models.Model):
    """A letter that was taken in, or put aside and why: each once by its Message-ID."""

    message_id = models.CharField(max_length=250, unique=True)
    at = models.DateTimeField(auto_now_add=True)
    sender = models.CharField(max_length=254, blank=True)
    case = models.ForeignKey(Case, null=True, on_delete=models.SET_NULL, related_name="+")
    outcome = models.CharField(max_length=12)  # opened | reply | automatic | own | refused

    def __str__(self) -> str:
        return self.message_id

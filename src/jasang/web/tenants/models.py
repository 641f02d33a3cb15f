"""Organisations and factories, who does what in them, who looked at what, and failed sign-ins that slow a guesser down."""

import secrets

from django.conf import settings
from django.db import models

from jasang.web.tenants.identity_models import ConfirmedEmail, ForeignIdentity, GivenPassword, ResetAsked, TryCount
from jasang.web.tenants.secret_texts import SecretText

# Django knows the tables of an area by this module.
__all__ = [
    "AppendOnly", "AuditEvent", "ConfirmedEmail", "FACTORY_ROLES", "Factory", "ForeignIdentity", "GUEST_ROLES",
    "GivenPassword", "Invitation", "Membership", "Organisation", "OrganisationKind", "OrganisationManager", "OrganisationModel",
    "POST_ROLES", "Post", "RecoveryCode", "ResetAsked", "Role", "SecondFactor", "SignInFailure", "SignedIn", "TenantManager",
    "TenantMissing", "TenantModel", "TrailClosed", "TryCount", "factory_key",
]  # fmt: skip

_KEY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no letters that are mistaken for another


class TenantMissing(RuntimeError):
    """A query over many factories' or organisations' rows named none."""


class TrailClosed(RuntimeError):
    """Somebody tried to change or delete a row of the audit trail."""


def factory_key() -> str:
    """The random part of an address: says nothing about what it stands for and cannot be counted through."""
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(10))


class OrganisationKind(models.TextChoices):
    """What an organisation is."""

    OPERATOR = "operator"  # the ministry, or who runs the programme for it
    COOPERATIVE = "cooperative"  # a co-operative or industry association
    CENTRE = "centre"  # the 365 centre
    SCHOOL = "school"
    BUYER = "buyer"


class Organisation(models.Model):
    """The operator at the top, below it co-operatives, centres, schools and buyers; factories belong to a co-operative.

    `path` names the organisation and all above it ("/3/17/"): what is below one begins with its path.
    """

    key = models.CharField(max_length=16, unique=True, default=factory_key, editable=False)
    kind = models.CharField(max_length=16, choices=OrganisationKind.choices)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=200, db_index=True, editable=False)
    region = models.CharField(max_length=10, blank=True)  # one of the 17 시·도
    industry = models.CharField(max_length=10, blank=True)  # KSIC
    timezone = models.CharField(max_length=64, default="Asia/Seoul")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Factory(models.Model):
    """A factory (the tenant): everything else belongs to exactly one."""

    key = models.CharField(max_length=16, unique=True, default=factory_key, editable=False)
    name = models.CharField(max_length=120)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="factories"
    )
    timezone = models.CharField(max_length=64, default="Asia/Seoul")
    region = models.CharField(max_length=10, blank=True)  # one of the 17 시·도
    industry = models.CharField(max_length=10, blank=True)  # KSIC
    employees = models.PositiveIntegerField(null=True, blank=True)
    store = models.CharField(max_length=500, blank=True)  # folder of its readings; blank = no collector yet
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person does in a factory or an organisation."""

    OWNER = "owner"
    ENGINEER = "engineer"
    OPERATOR = "operator"
    MENTOR = "mentor"
    AGENT = "agent"  # of the 365 centre
    COOP_OPERATOR = "coop_operator"
    PROGRAMME_OPERATOR = "programme_operator"
    JUDGE = "judge"
    TEACHER = "teacher"
    STUDENT = "student"
    BUYER = "buyer"
    AUDITOR = "auditor"


FACTORY_ROLES = (Role.OWNER, Role.ENGINEER, Role.OPERATOR)  # people of the factory itself
GUEST_ROLES = (Role.MENTOR, Role.AGENT)  # let in for a time; what they read is written down
POST_ROLES = tuple(role for role in Role if role not in FACTORY_ROLES)  # of people in organisations


class Membership(models.Model):
    """A person who may see a factory: its own people, and guests for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    factory = models.ForeignKey(Factory, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.ENGINEER)
    until = models.DateTimeField(null=True, blank=True)  # a guest's last moment
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "factory"], name="one_membership_per_factory")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.factory_id}"


class Post(models.Model):
    """What a person does in an organisation. One person may have posts in several."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="posts")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="posts")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organisation", "role"], name="one_post_per_role")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.organisation_id}"


class AppendOnly(models.QuerySet):
    """Rows that are added and read, never changed or deleted."""

    def update(self, **kwargs: object) -> int:
        raise TrailClosed("rows of the audit trail do not change")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TrailClosed("rows of the audit trail stay")


class AuditEvent(models.Model):
    """Who did or read what, when, from where. Rows are only ever added; the database itself refuses to change them."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    account = models.CharField(max_length=150)  # stays when the account is gone
    role = models.CharField(max_length=20, blank=True)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.SET_NULL, related_name="+")
    factory = models.ForeignKey(Factory, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=60)  # "read", "invite", "close" …
    subject = models.CharField(max_length=300, blank=True)  # address of the page, or kind and key of the object
    address = models.GenericIPAddressField(null=True)

    objects = AppendOnly.as_manager()

    class Meta:
        indexes = [models.Index(fields=["factory", "-at"]), models.Index(fields=["organisation", "-at"])]

    def __str__(self) -> str:
        return f"{self.account} {self.action} {self.subject}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Add the row; a row that is there already is refused."""
        if self.pk is not None:
            raise TrailClosed("rows of the audit trail do not change")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Never."""
        raise TrailClosed("rows of the audit trail stay")


class Invitation(models.Model):
    """A link that lets one person in, once, until a moment. The database knows only the hash of its token."""

    token = models.CharField(max_length=64, unique=True)  # SHA-256
    factory = models.ForeignKey(Factory, null=True, on_delete=models.CASCADE, related_name="invitations")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=20, choices=Role.choices)
    email = models.EmailField(blank=True)  # for whom, as the inviting person knows him or her
    guest_days = models.PositiveSmallIntegerField(null=True)  # how long a guest may stay
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(factory__isnull=False) ^ models.Q(organisation__isnull=False),
                name="invitation_to_one_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.factory or self.organisation}"


class SecondFactor(models.Model):
    """The secret that a person's phone makes six digits from (RFC 6238). It counts from the first right code on."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor")
    secret = SecretText()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)  # of the last code taken: no code counts twice

    def __str__(self) -> str:
        return f"of {self.user_id}"


class RecoveryCode(models.Model):
    """Lets a person in once without the phone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    code = models.CharField(max_length=64)  # SHA-256
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code"], name="one_recovery_code")]

    def __str__(self) -> str:
        return f"of {self.user_id}"


class SignedIn(models.Model):
    """A browser in which a person is signed in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="signed_in")
    session = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user_id} from {self.address}"


class SignInFailure(models.Model):
    """A wrong password: how often one account or address may try is counted from these."""

    account = models.CharField(max_length=150)  # lower case
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.account} at {self.at}"


class TenantManager(models.Manager):
    """Answers for one factory or for an organisation's factories; a query that names none fails instead of showing too much."""

    def get_queryset(self) -> models.QuerySet:
        raise TenantMissing(f"{self.model.__name__}: use .of(factory) or .under(organisation)")

    def of(self, factory: Factory) -> models.QuerySet:
        """The rows of this factory."""
        return super().get_queryset().filter(factory=factory)

    def under(self, organisation: Organisation) -> models.QuerySet:
        """The rows of all factories of this organisation and of those below it: for people with a post there."""
        return super().get_queryset().filter(factory__organisation__path__startswith=organisation.path)

    def of_every_factory(self) -> models.QuerySet:
        """The rows of all factories: for the worker, which serves everybody, never for a page."""
        return super().get_queryset()


class TenantModel(models.Model):
    """A row that belongs to one factory."""

    factory = models.ForeignKey(Factory, on_delete=models.CASCADE, related_name="+")

    objects = TenantManager()

    class Meta:
        abstract = True


class OrganisationManager(models.Manager):
    """Answers for one organisation or a branch of the tree."""

    def get_queryset(self) -> models.QuerySet:
        raise TenantMissing(f"{self.model.__name__}: use .of(organisation) or .under(organisation)")

    def of(self, organisation: Organisation) -> models.QuerySet:
        """The rows of this organisation."""
        return super().get_queryset().filter(organisation=organisation)

    def under(self, organisation: Organisation) -> models.QuerySet:
        """The rows of this organisation and of all below it."""
        return super().get_queryset().filter(organisation__path__startswith=organisation.path)

    def of_every_organisation(self) -> models.QuerySet:
        """The rows of all: for the worker, never for a page."""
        return super().get_queryset()


class OrganisationModel(models.Model):
    """A row that belongs to one organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")

    objects = OrganisationManager()

    class Meta:
        abstract = True

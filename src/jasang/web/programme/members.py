"""Factories of a programme: a link for an owner, joining by a code, and what is known of a factory."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.optimize.assignment.regions import REGIONS
from jasang.web.programme.stages import StepRefused, allow_post, not_yours
from jasang.web.tenants import people
from jasang.web.tenants.models import Factory, Invitation, Organisation, OrganisationKind, Role
from jasang.web.tenants.queries import role_in
from jasang.web.tenants.services import note_event


@transaction.atomic
def invite_owner(*, by: AbstractBaseUser, factory: Factory) -> tuple[Invitation, str]:
    """Another invitation for a factory that has nobody yet; earlier links end, so that none outlives the owner's coming."""
    if factory.organisation is None:
        raise not_yours()
    allow_post(by, factory.organisation, Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR)
    Factory.objects.select_for_update(of=("self",)).get(pk=factory.pk)  # of two links at once one ends
    if factory.memberships.filter(role=Role.OWNER).exists():
        raise StepRefused(
            ko="대표가 이미 있습니다. 대표가 다른 사람을 초대합니다.",
            en="It has an owner already, who invites the others.",
        )
    for waiting in people.open_invitations(factory=factory).filter(role=Role.OWNER):
        people.revoke(invitation=waiting, by=by)
    return people.invite(by=by, role=Role.OWNER, factory=factory)


@transaction.atomic
def join(*, by: AbstractBaseUser, factory: Factory, code: str) -> Organisation:
    """The owner takes the factory into the organisation with this code, which its staff handed over. A factory belongs to one."""
    if role_in(by, factory) != Role.OWNER:
        raise not_yours()
    found = Organisation.objects.filter(
        key=code.strip().lower(), kind__in=[OrganisationKind.OPERATOR, OrganisationKind.COOPERATIVE]
    ).first()
    if found is None:
        raise StepRefused(ko="이 가입 코드는 없습니다.", en="There is no such code.")
    held = Factory.objects.select_for_update(of=("self",)).get(pk=factory.pk)
    if held.organisation_id not in (None, found.pk):
        raise StepRefused(
            ko="이미 다른 조합에 속해 있습니다.", en="The factory belongs to another organisation already."
        )
    held.organisation = found
    held.save(update_fields=["organisation"])
    factory.organisation = found
    note_event(user=by, action="join", subject=found.name, factory=factory, organisation=found)
    return found


@transaction.atomic
def describe_factory(
    *, by: AbstractBaseUser, factory: Factory, region: str, industry: str, employees: int | None
) -> Factory:
    """The owner, or the organisation's staff, says where the factory is, what it makes (KSIC) and how many people it has."""
    if role_in(by, factory) != Role.OWNER:
        if factory.organisation is None:
            raise not_yours()
        allow_post(by, factory.organisation, Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR)
    _check_region(region)
    factory.region, factory.industry, factory.employees = region, industry.strip()[:10], employees
    factory.save(update_fields=["region", "industry", "employees"])
    return factory


def make_factory(
    organisation: Organisation, *, name: str, region: str, industry: str, employees: int | None
) -> Factory:
    """A factory of the organisation, without people yet."""
    if not 0 < len(name.strip()) <= 120:
        raise StepRefused(ko="공장 이름을 적어 주세요.", en="Please write the factory's name.")
    _check_region(region)
    return Factory.objects.create(
        name=name.strip(), organisation=organisation, region=region, industry=industry.strip()[:10], employees=employees,
        timezone=organisation.timezone,
    )  # fmt: skip


def _check_region(region: str) -> None:
    if region and region not in REGIONS:
        raise StepRefused(
            ko=f"지역 '{region}': {', '.join(REGIONS)} 중 하나입니다.",
            en=f"Region {region!r}; expected one of {', '.join(REGIONS)}.",
        )

"""A centre with an agent on duty, for the tests of cases."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from jasang.web.center import services, serving
from jasang.web.tenants.models import OrganisationKind
from jasang.web.tenants.services import set_up_account, set_up_organisation

from .conftest import PASSWORD

ALWAYS: dict[str, Any] = {"timezone": "Asia/Seoul", "shifts": []}


def account(name: str, mail: str = "") -> Any:
    """A person, with an address for letters."""
    user, _ = set_up_account(user_name=name, password=PASSWORD)
    user.email = mail
    user.save()
    return user


def centre_for(factory: Any) -> Any:
    """The centre of the factory's operator; its queue serves around the clock."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    made = set_up_organisation(name="365센터", kind=OrganisationKind.CENTRE, parent=operator)
    factory.organisation = coop
    factory.save()
    serving.set_up_centre(organisation=made, address="help@centre.example")
    queue = serving.Queue.objects.of(made).get()
    queue.hours = ALWAYS
    queue.save()
    return made


def agent_on_duty(centre: Any, name: str = "agent", **about: Any) -> Any:
    """An agent who is on duty from an hour ago for eight hours."""
    made = serving.add_agent(
        user=account(name, f"{name}@centre.example"), centre=centre, **({"languages": ["ko"]} | about)
    )
    now = timezone.now()
    serving.put_on_duty(agent=made, start=now - timedelta(hours=1), end=now + timedelta(hours=8))
    return made


def opened(factory: Any, **more: Any) -> Any:
    """A case of kim's."""
    given = {"title": "사출기가 멈춤", "text": "3호기가 섰습니다.", "user": account("kim", "kim@a.example")}
    return services.open_case(factory=factory, **(given | more))

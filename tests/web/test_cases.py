"""Cases of the 365 centre: opened once, clocked by their events, routed by the rota, seen only by those they concern."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from jasang.web.center import services, serving
from jasang.web.center.clock import KINDS, clock_from
from jasang.web.center.models import Case, CaseState, Event, LetterOut, Priority
from jasang.web.tenants.models import OrganisationKind
from jasang.web.tenants.services import set_up_account, set_up_organisation

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]
ALWAYS = {"timezone": "Asia/Seoul", "shifts": []}


def account(name: str, mail: str = "") -> Any:
    user, _ = set_up_account(user_name=name, password=PASSWORD)
    user.email = mail
    user.save()
    return user


@pytest.fixture
def centre(factory: Any) -> Any:
    """The centre of the factory's operator, with one agent on duty."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    made = set_up_organisation(name="365센터", kind=OrganisationKind.CENTRE, parent=operator)
    factory.organisation = coop
    factory.save()
    serving.set_up_centre(organisation=made, address="help@centre.example")
    return made


@pytest.fixture
def agent(centre: Any) -> Any:
    """An agent on duty."""
    made = serving.add_agent(user=account("agent", "agent@centre.example"), centre=centre, languages=["ko"])
    now = timezone.now()
    serving.put_on_duty(agent=made, start=now - timedelta(hours=1), end=now + timedelta(hours=8))
    return made


def opened(factory: Any, **more: Any) -> Any:
    return services.open_case(
        factory=factory, title="사출기가 멈춤", text="3호기가 섰습니다.", user=account("kim", "kim@a.example"), **more
    )


def test_case_is_opened_answered_and_solved(factory: Any, agent: Any) -> None:
    case = opened(factory)
    assert (case.number, case.state, case.agent, case.queue.name) == (1, CaseState.NEW, agent, "상담")

    services.answer(case=case, user=agent.user, text="보압을 확인하세요.", step="asked")
    case = Case.objects.of(factory).get()
    assert (case.state, case.due) == (CaseState.WAITING, None)

    services.customer_word(case=case, text="확인했습니다.", user=case.customer)
    case = Case.objects.of(factory).get()
    assert (case.state, case.answer_due is None, case.solve_due is not None) == (CaseState.OPEN, True, True)

    services.answer(case=case, user=agent.user, text="해결되었습니다.", step="solved")
    case = Case.objects.of(factory).get()
    assert (case.state, case.due, case.reopened) == (CaseState.SOLVED, None, 0)
    assert services.rate(case=case, user=case.customer, stars=5)
    assert not services.rate(case=case, user=case.customer, stars=1)
    assert Case.objects.of(factory).get().stars == 5

"""The page for the phone in the hand: a trouble in three taps, what is open and what was answered."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jasang.web.center import services
from jasang.web.center.models import Attachment, Case, Priority
from jasang.web.tenants.models import Role
from jasang.web.tenants.services import add_member

from .centre_people import account, agent_on_duty, opened
from .test_centre_pages import PNG

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def operator(factory: Any, centre: Any) -> Client:
    """Somebody at a machine."""
    user, client = account("operator"), Client()
    add_member(user=user, factory=factory, role=Role.OPERATOR)
    client.force_login(user)
    return client


def test_three_taps_open_a_case_once(factory: Any, centre: Any, operator: Client, hand_over: Any) -> None:
    hand_over(factory)
    Case.objects.of(factory).all().delete()
    address = reverse("center:trouble", args=[factory.key])
    page = operator.get(address).content.decode()
    assert 'name="machine" value="INJ-01"' in page  # a machine that a finding speaks of
    told = {"machine": "INJ-01", "kind": "stopped", "once": "abc", "files": SimpleUploadedFile("a.png", PNG)}
    first = operator.post(address, told)
    again = operator.post(address, told | {"files": SimpleUploadedFile("a.png", PNG)})

    case = Case.objects.of(factory).get()
    assert (
        first.headers["Location"] == again.headers["Location"] == reverse("center:case", args=[factory.key, case.key])
    )
    assert (case.title, case.priority) == ("INJ-01: 멈춰 있음", Priority.URGENT)
    assert Attachment.objects.of(factory).count() == 1


def test_machine_may_be_written_and_nothing_but_what_is_wrong_is_needed(factory: Any, operator: Client) -> None:
    address = reverse("center:trouble", args=[factory.key])
    operator.post(address, {"other_machine": "3호기", "kind": "noise", "text": "덜컹거림"})
    operator.post(address, {"kind": "danger"})
    refused = operator.post(address, {"machine": "3호기"})

    assert sorted(Case.objects.of(factory).values_list("title", flat=True)) == ["3호기: 소리, 진동", "위험"]
    assert (refused.status_code, "무엇이 문제인지 누르세요" in refused.content.decode()) == (400, True)
    wrong = {"kind": "leak", "files": SimpleUploadedFile("a.png", b"<script>")}
    assert operator.post(address, wrong).status_code == 400


def test_answers_stand_on_the_page_and_queries_do_not_grow(factory: Any, centre: Any, operator: Client) -> None:
    agent = agent_on_duty(centre, most_open=100)
    address = reverse("center:trouble", args=[factory.key])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            operator.get(address)
        return len(queries)

    case = opened(factory)
    services.answer(case=case, user=agent.user, text="전원을 내리세요.")
    services.note(case=case, user=agent.user, text="속으로만")
    before = asked()
    for place in range(6):
        services.answer(case=opened(factory, title=f"{place}"), user=agent.user, text=f"답 {place}")
    assert asked() == before
    page = operator.get(address).content.decode()
    assert ("전원을 내리세요." in page, "속으로만" in page, "답 5" in page) == (True, False, True)


def test_trouble_is_for_the_factorys_own_people(factory: Any, centre: Any, stranger: Client) -> None:
    address = reverse("center:trouble", args=[factory.key])
    agent = Client()
    agent.force_login(agent_on_duty(centre).user)
    for client in (stranger, agent):
        assert (client.get(address).status_code, client.post(address, {"kind": "leak"}).status_code) == (404, 404)
    assert Client().get(address).status_code == 302
    assert not Case.objects.of(factory).exists()

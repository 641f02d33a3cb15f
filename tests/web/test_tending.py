"""What happens at the centre though nobody presses a button: given out, brought up once a level, closed."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string

from jasang.web.center import services, serving, tending
from jasang.web.center.models import Case, CaseState, Event, LetterOut
from jasang.web.tenants.models import Post
from jasang.web.tenants.services import add_member

from .centre_people import account, agent_on_duty, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def due_in(case: Any, minutes: int) -> None:
    Case.objects.of(case.factory).filter(pk=case.pk).update(due=timezone.now() + timedelta(minutes=minutes))


def test_case_waits_until_somebody_is_on_duty(factory: Any, centre: Any) -> None:
    case = opened(factory)
    assert (case.agent, tending.give_out()) == (None, 0)
    agent = agent_on_duty(centre)
    assert (tending.give_out(), tending.give_out()) == (1, 0)
    assert Case.objects.of(factory).get().agent == agent


def test_late_case_is_brought_up_once_a_level_and_goes_to_who_leads(factory: Any, centre: Any) -> None:
    agent = agent_on_duty(centre)
    lead = serving.add_agent(user=account("lead"), centre=centre, languages=["ko"])
    now = timezone.now()
    case = opened(factory)
    assert case.agent == agent
    serving.put_on_duty(agent=lead, start=now - timedelta(hours=1), end=now + timedelta(hours=8), lead=True)
    assert tending.bring_up() == 0
    due_in(case, 20)
    assert (tending.bring_up(), tending.bring_up()) == (1, 0)
    assert Case.objects.of(factory).get().agent == agent
    due_in(case, -5)
    assert (tending.bring_up(), tending.bring_up()) == (1, 0)

    kept = Case.objects.of(factory).get()
    assert (kept.agent, kept.escalated) == (lead, 2)
    assert [event.data["level"] for event in Event.objects.of(factory).filter(kind="escalate").order_by("place")] == [
        1,
        2,
    ]


def test_case_of_an_agent_who_went_home_goes_to_who_is_on_duty(factory: Any, centre: Any) -> None:
    gone = agent_on_duty(centre, "gone")
    case = opened(factory)
    now = timezone.now()
    serving.Duty.objects.of(centre).filter(agent=gone).update(end=now - timedelta(minutes=1))
    here = agent_on_duty(centre, "here")
    due_in(case, 10)
    tending.tend()

    assert Case.objects.of(factory).get().agent == here


def test_solved_case_is_closed_after_a_week(factory: Any, centre: Any) -> None:
    agent = agent_on_duty(centre)
    case = opened(factory)
    services.answer(case=case, user=agent.user, text="됩니다", step="solved")
    assert tending.close_silent() == 0
    old = timezone.now() - timedelta(days=8)
    Event.objects.of(factory).update(at=old)
    Case.objects.of(factory).update(changed_at=old)
    assert (tending.close_silent(), tending.close_silent()) == (1, 0)
    assert Case.objects.of(factory).get().state == CaseState.CLOSED


def test_worker_looks_after_the_centre(factory: Any, centre: Any) -> None:
    opened(factory)
    agent_on_duty(centre)
    for name in ("mailbox.fetch", "tending.tend", "post.send_waiting"):
        path = f"jasang.web.center.{name}"
        assert settings.CHORES[path] > 0
        import_string(path)()
    assert Case.objects.of(factory).get().agent is not None


def test_agent_who_lost_the_post_hears_no_more_and_the_case_goes_to_another(factory: Any, centre: Any) -> None:
    gone = agent_on_duty(centre, "gone")
    case = opened(factory)
    assert case.agent == gone
    Post.objects.filter(user=gone.user, organisation=centre).delete()
    before = LetterOut.objects.of(factory).filter(to=gone.user.email).count()
    services.customer_word(case=case, text="아직입니다", user=case.customer)
    assert LetterOut.objects.of(factory).filter(to=gone.user.email).count() == before

    assert tending.tend() == 1  # taken back; nobody else is on duty
    assert Case.objects.of(factory).get().agent is None
    stays = agent_on_duty(centre, "stays")
    assert (tending.tend(), tending.tend()) == (1, 0)
    assert Case.objects.of(factory).get().agent == stays


def test_who_leads_gets_late_cases_beyond_the_most_at_once(factory: Any, centre: Any) -> None:
    agent = agent_on_duty(centre)
    case = opened(factory)
    lead = serving.add_agent(user=account("lead"), centre=centre, languages=["ko"], most_open=0)
    now = timezone.now()
    serving.put_on_duty(agent=lead, start=now - timedelta(hours=1), end=now + timedelta(hours=8), lead=True)
    due_in(case, -5)
    assert case.agent == agent
    assert tending.bring_up() == 1
    assert Case.objects.of(factory).get().agent == lead


@pytest.mark.parametrize(
    ("wanted", "had", "fits"), [("PLC", "plc", True), ("SPC ", "ＳＰＣ", True), ("PLC", "SPC", False)]
)
def test_skills_fit_however_they_are_written(factory: Any, centre: Any, wanted: str, had: str, fits: bool) -> None:
    queue = serving.add_queue(
        centre=centre, name="설비", skills=[wanted], hours={"timezone": "Asia/Seoul", "shifts": []}
    )
    agent = agent_on_duty(centre, skills=[had])
    assert (opened(factory, queue=queue).agent == agent) is fits


def test_factory_may_choose_the_queue_and_keeps_its_choices_when_something_is_missing(
    client: Client, factory: Any, centre: Any
) -> None:
    queue = serving.add_queue(centre=centre, name="설비·연결")
    agent_on_duty(centre)
    kim = account("kim", "kim@a.example")
    add_member(user=kim, factory=factory)
    client.force_login(kim)
    page = f"/f/{factory.key}/cases/new/"
    refused = client.post(page, {"title": "", "text": "x", "priority": "1", "queue": str(queue.key)})
    shown = refused.content.decode()
    assert (refused.status_code, '<option value="1" selected>' in shown) == (400, True)
    assert f'<option value="{queue.key}" selected>' in shown
    assert (
        client.post(page, {"title": "연결", "text": "x", "priority": "1", "queue": str(queue.key)}).status_code == 302
    )
    assert Case.objects.of(factory).get().queue == queue

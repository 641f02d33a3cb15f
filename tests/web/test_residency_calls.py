"""Residencies, plans and mentors' answers over the open interface: the same rules as on the pages."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.jobs.models import State
from jasang.web.jobs.services import claim, finish, queue_job
from jasang.web.programme import planning
from jasang.web.programme.forms import Day
from jasang.web.programme.models import Change, Cohort, HandOver, Mentor, Offer, Planning, Residency, ResidencyWeek
from jasang.web.programme.residencies import LOOK_BACK_DAYS, begin_residency
from jasang.web.tenants.models import AuditEvent, OrganisationKind, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_factory, set_up_organisation

from .test_residencies import picture

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=None)[0]


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def call(client: Client, path: str, body: Any = None, method: str = "POST", status: int = 200) -> Any:
    answer = client.generic(method, path, json.dumps(body or {}), "application/json")
    assert answer.status_code == status, answer.content.decode()
    return answer.json() if answer.content else None


@pytest.fixture
def scene(factory: Any) -> dict[str, Any]:
    """A mentor with an account in a factory since a week, the owner, an operator's runner."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    factory.organisation = coop
    factory.save()
    people = {name: account(name) for name in ("mentor", "owner", "runner", "other")}
    add_member(user=people["owner"], factory=factory, role=Role.OWNER)
    appoint(user=people["runner"], organisation=operator, role=Role.PROGRAMME_OPERATOR)
    for name in ("mentor", "other"):
        appoint(user=people[name], organisation=operator, role=Role.MENTOR)
    mentor = Mentor.objects.of(operator).create(organisation=operator, name="김멘토", user=people["mentor"])
    residency = begin_residency(factory=factory, mentor=mentor, starts_on=timezone.localdate() - timedelta(days=7))
    base = f"/api/1/factories/{factory.key}"
    return people | {
        "operator": operator, "factory": factory, "profile": mentor, "residency": residency, "base": base,
        "there": f"{base}/residencies/{residency.key}", "above": f"/api/1/organisations/{operator.key}",
    }  # fmt: skip


def test_weeks_of_a_mentor_are_written_by_calls_and_the_factory_answers(scene: dict[str, Any]) -> None:
    mentor, owner = browser(scene["mentor"]), browser(scene["owner"])
    there, base, factory = scene["there"], scene["base"], scene["factory"]
    assert call(mentor, f"{there}/goal", {"goal": "불량 반으로"})["goal"] == "불량 반으로"
    call(mentor, f"{there}/weeks/1", {"aim": "둘러보기", "done": True}, "PUT", 204)
    assert ResidencyWeek.objects.of(factory).get().done
    assert call(mentor, f"{there}/weeks/99", {"aim": "x"}, "PUT", 422)["detail"].startswith("99주")

    task = call(mentor, f"{there}/tasks", {"text": "금형 온도 재기", "person": "owner"}, status=201)
    assert (task["person"], task["done_at"]) == ("owner", None)
    assert (
        "이 공장 사람이 아닙니다"
        in call(mentor, f"{there}/tasks", {"text": "a", "person": "other"}, status=422)["detail"]
    )
    assert call(owner, f"{base}/tasks/{task['key']}/done", {"done": True})["done_by"] == "owner"
    assert call(mentor, f"{base}/tasks/{task['key']}/done", {"done": False})["done_at"] is None

    photo = SimpleUploadedFile("a.jpg", picture())
    note = mentor.post(f"{there}/notes", {"kind": "walk", "text": "기름이 샌다", "place": "3호기", "files": photo})
    assert (note.status_code, note.json()["text"]) == (201, "기름이 샌다")
    kept = owner.get(f"{base}/proofs").json()["items"][0]["key"]
    assert b"".join(owner.get(f"{base}/proofs/{kept}/content?small=true").streaming_content)[:2] == b"\xff\xd8"
    after = SimpleUploadedFile("b.png", picture(kind="PNG"))
    change = mentor.post(
        f"{there}/changes", {"title": "패킹 교체", "before": "샘", "after": "안 샘", "photos_after": after}
    )
    assert change.status_code == 201, change.content.decode()

    item = call(mentor, f"{there}/hand-overs", {"text": "점검표", "keeper": "owner"}, status=201)["key"]
    assert call(mentor, f"{there}/hand-over", {"words": "끝"})["hand_over"] == "끝"
    assert call(owner, f"{base}/hand-overs/{item}/answer", {"accepted": False}, status=422)
    assert call(owner, f"{base}/hand-overs/{item}/answer", {"accepted": True})["accepted_by"] == "owner"
    wrote = AuditEvent.objects.filter(factory=factory, account="mentor", action="write")
    assert wrote.filter(subject__contains="/goal").count() == 1


def test_who_may_not_write_is_told_or_learns_nothing(scene: dict[str, Any], stranger: Client) -> None:
    there, base = scene["there"], scene["base"]
    add_member(
        user=scene["other"], factory=scene["factory"], role=Role.MENTOR, until=timezone.now() + timedelta(days=1)
    )
    item = HandOver.objects.of(scene["factory"]).create(
        factory=scene["factory"], residency=scene["residency"], text="점검표"
    )
    deeds = [
        ("POST", f"{there}/goal", {"goal": "x"}), ("PUT", f"{there}/weeks/1", {"aim": "x"}),
        ("POST", f"{there}/tasks", {"text": "x"}), ("POST", f"{there}/hand-overs", {"text": "x"}),
        ("POST", f"{there}/hand-over", {"words": "x"}),
    ]  # fmt: skip
    for method, path, body in deeds:
        for name in ("owner", "other"):  # the mentor's alone
            call(browser(scene[name]), path, body, method, 422)
        call(stranger, path, body, method, 404)
    answered = f"{base}/hand-overs/{item.key}/answer"
    call(browser(scene["mentor"]), answered, {"accepted": True}, status=422)
    call(stranger, answered, {"accepted": True}, status=404)
    for kind in ("walk", "talk"):
        assert browser(scene["owner"]).post(f"{there}/notes", {"kind": kind, "text": "x"}).status_code == 422
    many = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(11)]
    assert (
        browser(scene["mentor"]).post(f"{there}/notes", {"kind": "walk", "text": "x", "files": many}).status_code == 422
    )
    scene["residency"].refresh_from_db()
    assert (scene["residency"].goal, scene["residency"].hand_over) == ("", "")
    foreign = set_up_factory(name="남의 공장")
    add_member(user=scene["mentor"], factory=foreign, role=Role.MENTOR, until=timezone.now() + timedelta(days=1))
    elsewhere = f"/api/1/factories/{foreign.key}/residencies/{scene['residency'].key}/goal"
    call(browser(scene["mentor"]), elsewhere, {"goal": "x"}, status=404)


def test_look_back_is_written_once_by_the_mentor_who_was_there(scene: dict[str, Any]) -> None:
    change = Change.objects.of(scene["factory"]).create(
        factory=scene["factory"], residency=scene["residency"], title="패킹", on=timezone.localdate()
    )
    address, mentor = f"{scene['above']}/residencies/{scene['residency'].key}/look-back", browser(scene["mentor"])
    body = {"words": "그대로다", "holds": {str(change.key): True}}
    assert "부터 적을 수 있습니다" in call(mentor, address, body, status=422)["detail"]
    over = timezone.localdate() - timedelta(days=LOOK_BACK_DAYS + 1)
    Residency.objects.of(scene["factory"]).update(starts_on=over - timedelta(days=55), ends_on=over)
    call(browser(scene["other"]), address, body, status=404)
    call(browser(scene["runner"]), address, body, status=403)
    assert call(mentor, address, body)["held"] == 1
    assert call(mentor, address, body, status=422)["detail"] == "이미 적었습니다."


@pytest.fixture
def plan(scene: dict[str, Any]) -> Planning:
    """A plan of the optimiser's that sends the mentor to another factory."""
    cohort = Cohort.objects.of(scene["operator"]).create(organisation=scene["operator"], name="1기", year=2026)
    target = set_up_factory(name="새 공장")
    target.organisation = scene["factory"].organisation
    target.save()
    job = queue_job(factory=target, kind="assign_mentors", payload={})
    finish(job=claim(job=job), state=State.DONE)
    answer = {"placements": [{"factory": target.key, "mentors": [str(scene["profile"].key)]}]}
    return Planning.objects.of(scene["operator"]).create(
        organisation=scene["operator"], cohort=cohort, question={}, answer=answer, job=job
    )


def test_plan_is_offered_answered_and_taken_by_calls(scene: dict[str, Any], plan: Planning) -> None:
    runner = scene["runner"]
    _key, text = keys.make_key(
        organisation=scene["operator"], name="p", scopes=["programme:read", "programme:write"], by=runner
    )
    program = Client(headers={"authorization": f"Bearer {text}"})
    mentor, above = browser(scene["mentor"]), scene["above"]
    first = str(timezone.localdate() + timedelta(days=70))
    call(mentor, f"{above}/plannings/{plan.key}/offer", {"starts_on": first}, status=403)
    assert call(program, f"{above}/plannings/{plan.key}/offer", {"starts_on": first}) == {"count": 1}
    assert call(program, f"{above}/plannings/{plan.key}/offer") == {"count": 0}
    offer = Offer.objects.of(scene["operator"]).get()

    answered = f"{above}/offers/{offer.key}/answer"
    call(browser(scene["other"]), answered, {"accept": True}, status=404)
    call(mentor, answered, {"accept": False}, status=422)  # a reason is needed
    assert call(mentor, answered, {"accept": False, "words": "멀다"})["state"] == "declined"
    assert call(mentor, answered, {"accept": True})["state"] == "accepted"
    assert call(program, f"{above}/plannings/{plan.key}/take", {"unanswered": False}) == {"count": 1}
    assert Residency.objects.of(offer.factory).get().mentor == scene["profile"]
    assert "이미 확정된" in call(mentor, answered, {"accept": True}, status=422)["detail"]
    assert planning.take_plan(by=runner, planning=plan) == 0


@pytest.mark.parametrize("far", ["9999-12-31", "0001-01-01"])
def test_day_to_which_no_weeks_can_be_added_is_refused(scene: dict[str, Any], plan: Planning, far: str) -> None:
    runner, mentor = browser(scene["runner"]), browser(scene["mentor"])
    at = f"{scene['above']}/plannings/{plan.key}"
    for deed in ("offer", "take"):
        call(runner, f"{at}/{deed}", {"starts_on": far}, status=422)
    call(mentor, f"{scene['there']}/tasks", {"text": "금형 점검", "due_on": far}, status=422)
    form = {"kind": "diary", "text": "첫날", "on": far}
    assert mentor.post(f"{scene['there']}/notes", form).status_code == 422
    with pytest.raises(ValidationError):  # and on the pages
        Day().clean(far)

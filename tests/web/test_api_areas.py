"""The open interface of the centre, the programme and the floor, from the first call to the last; the same call twice."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.api.models import KeptAnswer
from jasang.web.api.once import forget_old
from jasang.web.center.models import Case, Event, Queue
from jasang.web.floor.models import Annotation
from jasang.web.programme.models import Payment
from jasang.web.tenants.models import AuditEvent, Factory, Role
from jasang.web.tenants.services import add_member, appoint

from .centre_people import account, agent_on_duty, centre_for
from .programme_cast import Cast
from .test_programme_steps import cast  # noqa: F401  a fixture

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def fresh_minute() -> None:
    cache.clear()


class Program:
    """A program with a key of a place, made by a person."""

    def __init__(self, place: Any, by: Any, *scopes: str) -> None:
        about = {"factory": place} if isinstance(place, Factory) else {"organisation": place}
        _key, text = keys.make_key(name="p", scopes=scopes or keys.scopes_for(place), by=by, **about)
        self.client = Client(headers={"authorization": f"Bearer {text}", "accept-language": "en"})
        self.base = f"/api/1/{'factories' if isinstance(place, Factory) else 'organisations'}/{place.key}"

    def get(self, path: str, **asked: Any) -> Any:
        answer = self.client.get(self.base + path, asked)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        text = json.dumps({} if body is None else body)
        return self.client.generic(method, self.base + path, text, "application/json", headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.ask("POST", path, body, **headers)
        assert answer.status_code in (200, 201, 204), answer.content
        return answer.json() if answer.content else None


@pytest.fixture
def sides(factory: Any) -> dict[str, Any]:
    """A centre with an agent on duty: a program of the factory's and one of the centre's."""
    centre = centre_for(factory)
    agent = agent_on_duty(centre)
    lead = account("lead")
    appoint(user=lead, organisation=centre.parent, role=Role.PROGRAMME_OPERATOR)
    owner = account("owner")
    add_member(user=owner, factory=factory, role=Role.OWNER)
    return {
        "factory": Program(factory, owner),
        "agent": Program(centre, agent.user),
        "lead": Program(centre, lead),
        "centre": centre,
    }


def test_case_goes_from_the_factory_to_the_centre_and_back(sides: dict[str, Any], factory: Any) -> None:
    theirs, ours = sides["factory"], sides["agent"]
    made = theirs.post("/cases", {"title": "사출기 정지", "text": "3호기가 섰습니다.", "priority": "high"})
    assert (made["state"], made["channel"], "tags" in made) == ("new", "api", False)
    case = f"/cases/{made['key']}"

    ours.post(f"{case}/note", {"text": "비밀 메모"})
    ours.post(f"{case}/tags", {"tags": ["사출"]})
    assert ours.post(f"{case}/answer", {"text": "전원을 봐 주세요.", "step": "asked"})["state"] == "waiting"
    theirs.post(f"{case}/say", {"text": "켰습니다."})
    assert theirs.get(case)["state"] == "open"
    assert ours.post(f"{case}/answer", {"text": "됐습니다.", "step": "solved"})["state"] == "solved"
    assert theirs.post(f"{case}/rate", {"stars": 5}) == {"done": True}
    assert theirs.post(f"{case}/rate", {"stars": 1}) == {"done": False}

    told = theirs.get("/case-events", case=made["key"])["items"]
    assert "비밀 메모" not in json.dumps(told, ensure_ascii=False)
    assert "비밀 메모" in json.dumps(ours.get("/case-events", case=made["key"])["items"], ensure_ascii=False)
    assert [one["key"] for one in ours.get("/cases", state="solved")["items"]] == [made["key"]]
    assert ours.get("/cases", state="new")["items"] == []
    ours.get(case)
    assert AuditEvent.objects.filter(factory=factory, action="read", subject__contains=made["key"]).exists()


def test_files_of_a_case_are_checked_and_come_back_as_downloads(sides: dict[str, Any]) -> None:
    theirs, ours = sides["factory"], sides["agent"]
    key = theirs.post("/cases", {"title": "사진", "text": "봐 주세요."})["key"]
    address = f"{theirs.base}/cases/{key}/files"
    assert (
        theirs.client.post(address, {"files": SimpleUploadedFile("a.csv", b"a,b\n1,2\n"), "text": "표"}).status_code
        == 200
    )
    assert theirs.client.post(address, {"files": SimpleUploadedFile("a.exe", b"MZ")}).status_code == 422
    kept = ours.get("/attachments")["items"][0]
    answer = ours.client.get(f"{ours.base}/attachments/{kept['key']}/content")
    assert (answer.headers["Content-Type"], b"".join(answer.streaming_content)) == (
        "application/octet-stream",
        b"a,b\n1,2\n",
    )
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_same_call_with_a_key_does_its_work_once(sides: dict[str, Any], factory: Any) -> None:
    theirs, body = sides["factory"], {"title": "한 번", "text": "한 번만 열려야 합니다."}
    first = theirs.ask("POST", "/cases", body, **{"Idempotency-Key": "a1"})
    again = theirs.ask("POST", "/cases", body, **{"Idempotency-Key": "a1"})

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert Case.objects.of(factory).count() == 1
    other = theirs.ask("POST", "/cases", body | {"text": "다른 말"}, **{"Idempotency-Key": "a1"})
    assert (other.status_code, Case.objects.of(factory).count()) == (422, 1)
    theirs.ask("POST", "/cases", body, **{"Idempotency-Key": "a2"})
    assert Case.objects.of(factory).count() == 2
    failed = theirs.ask("POST", "/cases", {"title": ""}, **{"Idempotency-Key": "a3"})
    assert (failed.status_code, KeptAnswer.objects.filter(key="a3").count()) == (422, 0)
    assert theirs.ask("POST", "/cases", body, **{"Idempotency-Key": "x" * 81}).status_code == 422
    KeptAnswer.objects.update(at=timezone.now() - timedelta(hours=25))
    assert theirs.ask("POST", "/cases", body, **{"Idempotency-Key": "a1"}).status_code == 201
    assert Case.objects.of(factory).count() == 3
    assert forget_old() == 1


def test_call_takes_documents_and_criteria_only_in_their_shape() -> None:
    people = Cast()
    program = Program(people.operator, people["runner"], "programme:read", "programme:write")
    body = {
        "cohort_name": "2027", "title": "보급", "opens_on": "2027-01-01", "closes_on": "2027-02-01", "most_won": 1_000_000,
        "documents": [{"name": "견적서", "needed": True, "judges": False}],
        "criteria": [{"id": "need", "name": "필요성", "most": 100}],
    }  # fmt: skip
    assert program.post("/calls", body)["documents"] == body["documents"]
    for wrong in (
        {"documents": [{"name": "견적서"}]},
        {"criteria": [{"id": "a", "name": "b"}]},
        {"criteria": [{"most": "x"}]},
    ):
        assert program.ask("POST", "/calls", body | wrong).status_code == 422


def test_key_whose_maker_is_gone_still_takes_somebody_out(factory: Any) -> None:
    membership = add_member(user=account("worker"), factory=factory, role=Role.ENGINEER)
    program = Program(factory, None, "people:write")

    assert program.ask("DELETE", f"/members/{membership.pk}").status_code == 204
    line = AuditEvent.objects.filter(factory=factory).latest("pk")
    assert (line.action, line.account) == ("remove", "")


def test_what_is_shown_only_once_is_not_kept_in_plain_words(sides: dict[str, Any]) -> None:
    theirs, body = sides["factory"], {"url": "https://example.com/", "kinds": ["support"]}
    first = theirs.ask("POST", "/webhooks", body, **{"Idempotency-Key": "w1"})
    again = theirs.ask("POST", "/webhooks", body, **{"Idempotency-Key": "w1"})

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM api_keptanswer")
        assert first.json()["secret"] not in str(cursor.fetchall())


def test_change_of_what_was_changed_meanwhile_is_refused(sides: dict[str, Any]) -> None:
    ours = sides["agent"]
    key = ours.post("/articles", {"title_ko": "필터", "body_ko": "청소하세요."})["key"]
    tag = ours.client.get(f"{ours.base}/articles/{key}").headers["ETag"]
    words = {"title_ko": "필터", "body_ko": "먼저 끄세요."}

    assert ours.ask("PUT", f"/articles/{key}", words, **{"If-Match": tag}).status_code == 200
    refused = ours.ask("PUT", f"/articles/{key}", words, **{"If-Match": tag})
    assert (refused.status_code, refused.json()["title"]) == (412, "It was changed meanwhile")
    assert ours.post(f"/articles/{key}/publish", {"published": True})["published_at"] is not None
    assert sides["factory"].get(f"/articles/{key}")["body_ko"] == "먼저 끄세요."
    assert sides["factory"].post(f"/articles/{key}/vote", {"helped": True}) == {"done": True}


def test_centre_is_set_up_by_calls_of_who_leads_it(sides: dict[str, Any]) -> None:
    lead, agent, centre = sides["lead"], sides["agent"], sides["centre"]
    terms = {"normal": {"answer": 60, "solve": 600}}
    queue = lead.post("/queues", {"name": "도금", "terms": terms, "languages": ["ko"]})
    assert agent.ask("POST", "/queues", {"name": "둘"}).status_code == 403
    assert lead.ask("POST", "/queues", {"name": "도금"}).status_code == 422
    changed = lead.ask("PUT", f"/queues/{queue['key']}", {"name": "도금·표면", "hours": {"timezone": "Mars"}})
    assert (changed.status_code, Queue.objects.of(centre).get(key=queue["key"]).name) == (422, "도금")
    assert lead.ask("PUT", f"/queues/{queue['key']}", {"name": "도금·표면"}).status_code == 200
    now = timezone.now()
    duty = {"agent": "agent", "start": now.isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    number = agent.post("/duties", duty)["number"]
    assert agent.ask("DELETE", f"/duties/{number}").status_code == 204
    assert lead.ask("DELETE", f"/queues/{queue['key']}").status_code == 204
    assert lead.get("/centre-report")["all"]["opened"] == 0


def test_key_without_its_maker_changes_nothing(sides: dict[str, Any]) -> None:
    ours, made = sides["agent"], sides["factory"].post("/cases", {"title": "하나", "text": "둘"})
    from jasang.web.tenants.models import Post

    Post.objects.filter(user__username="agent").delete()
    refused = ours.ask("POST", f"/cases/{made['key']}/answer", {"text": "x"})
    assert (
        refused.status_code,
        Event.objects.of(Case.objects.at(sides["centre"]).get().factory).filter(ours=True, private=False).count(),
    ) == (401, 0)


def test_programme_goes_from_the_call_to_the_payment(cast: dict[str, Any]) -> None:  # noqa: F811
    owner, runner = Program(cast["factory"], cast["owner"]), Program(cast["operator"], cast["runner"])
    mentor = Program(cast["operator"], cast["mentor"])
    key = str(cast["application"].key)
    address = f"/applications/{key}"
    assert [one["title"] for one in owner.get("/open-calls")] == ["고도화"]
    report = {"feasible": True, "words": "됩니다"}
    assert mentor.ask("POST", f"{address}/visit", report).status_code == 404  # somebody else's, as on the page
    runner.post(f"{address}/visitor", {"visitor": cast["mentor"].username})
    assert mentor.ask("POST", f"{address}/visit", report).status_code == 200
    runner.post(f"{address}/judges", {"judges": [one.username for one in cast["judges"]]})

    for judge in cast["judges"][:5]:
        program = Program(cast["operator"], judge, "programme:read", "programme:write")
        mine = program.get("/judging")[0]
        assert cast["factory"].name not in json.dumps(mine, ensure_ascii=False)
        assert mine["wish"] == ""  # nothing before the word about a conflict
        seen = program.post(f"/judging/{mine['number']}/declare", {"conflict": False})
        assert seen["wish"] == "치수 불량"
        scores = {one["id"]: one["most"] for one in seen["criteria"]}
        program.post(f"/judging/{mine['number']}/points", {"scores": scores, "reasons": dict.fromkeys(scores, "근거")})
    tied = Program(cast["operator"], cast["judges"][5], "programme:read", "programme:write")
    (mine,) = tied.get("/judging")
    assert mine["application"] == 1
    seen = tied.post(f"/judging/{mine['number']}/declare", {"conflict": True, "words": "매출처"})
    assert (seen["application"], seen["wish"]) == (None, "")  # the number would tell whose it is
    assert runner.post(f"{address}/decide", {"granted": 40_000_000})["stage"] == "approved"
    runner.post(f"{address}/plan", {"plan": "계획", "milestones": [{"title": "설치", "amount": 40_000_000}]})
    place = runner.get("/milestones", application=key)["items"][0]["place"]
    milestone = f"{address}/milestones/{place}"
    owner.post(f"{milestone}/claims", {"request": "claim-0001", "own_paid": 50_000_000})
    mentor.post(f"{milestone}/reached")
    assert mentor.ask("POST", f"{milestone}/payment", {"request": "pay-000001"}).status_code == 422
    for _ in range(2):
        assert runner.post(f"{milestone}/payment", {"request": "pay-000001"})["amount"] == 40_000_000
    assert Payment.objects.of(cast["operator"]).count() == 1
    assert owner.get("/payments")["items"][0]["amount"] == 40_000_000
    assert runner.get("/portfolio")["whole"]["factories"] >= 0


def test_draft_is_the_factorys_own_business(cast: dict[str, Any]) -> None:  # noqa: F811
    cast["application"].stage = "draft"
    cast["application"].save()
    runner, owner = Program(cast["operator"], cast["runner"]), Program(cast["factory"], cast["owner"])
    assert runner.get("/applications")["items"] == []
    assert runner.ask("POST", f"/applications/{cast['application'].key}/visit", {"feasible": True}).status_code == 404
    assert len(owner.get("/applications")["items"]) == 1


def test_organisation_reads_its_people_and_invites_whom_it_may(cast: dict[str, Any]) -> None:  # noqa: F811
    runner = Program(cast["operator"], cast["runner"])
    assert runner.get("")["name"] == "운영기관"
    assert {one["role"] for one in runner.get("/posts")["items"]} >= {"programme_operator", "mentor", "judge"}
    assert [one["key"] for one in runner.get("/factories")["items"]] == [cast["factory"].key]
    made = runner.post("/invitations", {"role": "judge", "email": "j@a.kr"})
    assert made["link"].startswith("http://testserver/invitation/")
    assert runner.ask("DELETE", f"/invitations/{made['id']}").status_code == 204
    coop = Program(cast["factory"].organisation, cast["coop"])
    assert coop.ask("POST", "/invitations", {"role": "judge"}).status_code == 422
    assert coop.get("")["parent"] == cast["operator"].key


def test_notes_are_written_and_taken_away(sides: dict[str, Any], factory: Any) -> None:
    theirs = sides["factory"]
    made = theirs.post("/notes", {"text": "금형 교체", "start": "2026-03-01T00:00:00+09:00", "signals": ["a"]})
    assert theirs.get(f"/notes/{made['key']}")["text"] == "금형 교체"
    backward = {"text": "x", "start": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"}
    assert theirs.ask("POST", "/notes", backward).status_code == 422
    assert theirs.ask("DELETE", f"/notes/{made['key']}").status_code == 204
    assert Annotation.objects.of(factory).count() == 0
    assert theirs.client.get(f"{theirs.base}/signals").json()["detail"] == "The factory has no collected readings yet."


def test_lists_of_rows_take_the_same_number_of_queries_for_many(sides: dict[str, Any]) -> None:
    theirs, ours = sides["factory"], sides["agent"]
    counts = []
    theirs.get("/cases")
    ours.get("/cases")  # the first call writes down that the key is used
    for _ in range(2):
        for number in range(3):
            theirs.post("/cases", {"title": f"건 {number}", "text": "글"})
        with CaptureQueriesContext(
            connection,
        ) as asked:
            ours.get("/cases")
            ours.get("/case-events")
            theirs.get("/cases")
        counts.append(len(asked))
    assert counts[0] == counts[1]
    first = ours.get("/cases", limit=4)
    assert len(first["items"]) == 4
    assert len(ours.get("/cases", limit=4, cursor=first["next"])["items"]) == 2


def test_programs_hear_of_a_findings_steps_once_each(factory: Any, hand_over: Any) -> None:
    from jasang.web.notices.models import Delivery, Notice
    from jasang.web.notices.services import add_webhook

    hand_over(factory)
    owner = account("owner")
    add_member(user=owner, factory=factory, role=Role.OWNER)
    add_webhook(factory=factory, url="https://example.kr/in", kinds=["finding"], by=owner)
    theirs = Program(factory, owner)
    life = theirs.get("/lives")["items"][0]["key"]
    theirs.post(f"/lives/{life}/accept")
    theirs.post(f"/lives/{life}/accept")

    called = Delivery.objects.of(factory).get()
    assert (called.body["kind"], called.body["document"]["life"]["key"]) == ("finding", life)
    assert called.body["document"]["event"]["stage"] == "accepted"
    assert not Notice.objects.filter(kind="finding").exists()  # people are not told of their own steps

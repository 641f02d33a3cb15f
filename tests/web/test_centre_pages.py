"""The pages of the 365 centre: what each person sees and may send, and that a stranger finds nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jasang.web.center import services, serving, visits
from jasang.web.center.models import Attachment, Case, CaseState, Duty, Event, Visit
from jasang.web.tenants.models import AuditEvent, OrganisationKind, Role
from jasang.web.tenants.services import appoint, set_up_organisation

from .centre_people import account, agent_on_duty, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def desk(agent: Any) -> Client:
    """The agent's browser."""
    client = Client()
    client.force_login(agent.user)
    return client


def again(case: Any) -> Any:
    return Case.objects.at(case.centre).get(pk=case.pk)


def test_factory_asks_and_agent_answers_on_their_pages(
    factory: Any, centre: Any, agent: Any, member: Client, desk: Client
) -> None:
    told = {"title": "사출기가 멈춤", "text": "3호기가 <b>섰습니다</b>.", "priority": "1"}
    answer = member.post(
        reverse("center:new", args=[factory.key]), told | {"files": SimpleUploadedFile("사진.png", PNG)}
    )
    case = Case.objects.of(factory).get()
    assert answer.headers["Location"] == reverse("center:case", args=[factory.key, case.key])
    assert "30분" in desk.get(reverse("center:desk", args=[centre.key])).content.decode()

    page = desk.get(reverse("center:agent-case", args=[centre.key, case.key])).content.decode()
    assert "3호기가 &lt;b&gt;섰습니다&lt;/b&gt;." in page
    step = reverse("center:do", args=[centre.key, case.key, "answer"])
    desk.post(step, {"text": "보압을 보세요.", "step": "asked", "once": "1"})
    desk.post(step, {"text": "보압을 보세요.", "step": "asked", "once": "1"})
    desk.post(reverse("center:do", args=[centre.key, case.key, "note"]), {"text": "속으로만"})

    seen = member.get(reverse("center:case", args=[factory.key, case.key])).content.decode()
    assert (seen.count("보압을 보세요."), "속으로만" in seen, "공장 답을 기다림" in seen) == (1, False, True)
    member.post(reverse("center:say", args=[factory.key, case.key]), {"text": "됩니다."})
    desk.post(step, {"text": "다행입니다.", "step": "solved", "once": "2"})
    member.post(reverse("center:rate", args=[factory.key, case.key]), {"stars": "4"})
    assert (again(case).state, again(case).stars) == (CaseState.SOLVED, 4)
    member.post(reverse("center:reopen", args=[factory.key, case.key]))
    assert again(case).state == CaseState.OPEN
    member.post(reverse("center:close", args=[factory.key, case.key]))
    assert again(case).state == CaseState.CLOSED


def pages(factory: Any, centre: Any, case: Any, file: Any, duty: Any) -> dict[str, tuple[str, str]]:
    """Every address of the centre with its method: (of the factory | of the centre)."""
    own, theirs = [factory.key], [centre.key]
    addresses = {
        "cases": own, "new": own, "case": [*own, case.key], "file": [*own, case.key, file.key],
        "desk": theirs, "agent-case": [*theirs, case.key], "agent-file": [*theirs, case.key, file.key],
        "rota": theirs, "macros": theirs, "report": theirs,
    }  # fmt: skip
    posts = {
        "new": own, "choose": own, "say": [*own, case.key], "rate": [*own, case.key], "close": [*own, case.key],
        "reopen": [*own, case.key], "many": theirs, "rota": theirs, "macros": theirs, "off-duty": [*theirs, duty.pk],
    }  # fmt: skip
    from jasang.web.center.doing import STEPS

    found = {f"get {name}": ("get", reverse(f"center:{name}", args=args)) for name, args in addresses.items()}
    found |= {f"post {name}": ("post", reverse(f"center:{name}", args=args)) for name, args in posts.items()}
    return found | {f"do {step}": ("post", reverse("center:do", args=[centre.key, case.key, step])) for step in STEPS}


@pytest.fixture
def everything(factory: Any, centre: Any, agent: Any) -> dict[str, tuple[str, str]]:
    from jasang.web.ui.checked_files import check

    case = opened(factory, files=[check("사진.png", PNG)])
    return pages(factory, centre, case, Attachment.objects.of(factory).get(), Duty.objects.of(centre).get())


def test_stranger_finds_no_page_and_no_form(
    everything: dict[str, tuple[str, str]], stranger: Client, factory: Any
) -> None:
    before = Event.objects.of(factory).count()
    beside = Client()  # an agent of another centre
    other = set_up_organisation(name="다른 센터", kind=OrganisationKind.CENTRE)
    serving.set_up_centre(organisation=other)
    beside.force_login(agent_on_duty(other, "beside").user)

    for client in (stranger, beside):
        assert {name: getattr(client, how)(where).status_code for name, (how, where) in everything.items()} == (
            dict.fromkeys(everything, 404)
        )
    assert Event.objects.of(factory).count() == before


def test_unknown_person_is_asked_to_sign_in(everything: dict[str, tuple[str, str]]) -> None:
    client = Client()
    for how, where in everything.values():
        assert getattr(client, how)(where).headers["Location"] == f"/sign-in/?next={where}"


def test_member_does_not_see_the_centre_nor_agent_the_factory(
    everything: dict[str, tuple[str, str]], member: Client, desk: Client
) -> None:
    for name, (how, where) in everything.items():
        if how == "get":
            codes = (member.get(where).status_code, desk.get(where).status_code)
            assert codes == ((200, 404) if where.startswith("/f/") else (404, 200)), name


def test_case_of_another_factory_is_not_found_under_ones_own_address(
    factory: Any, agent: Any, stranger: Client
) -> None:
    case = opened(factory)
    own = stranger.get("/").headers["Location"].split("/")[2]
    assert stranger.get(reverse("center:case", args=[own, case.key])).status_code == 404
    assert stranger.post(reverse("center:say", args=[own, case.key]), {"text": "x"}).status_code == 404


def test_agents_look_at_a_case_is_written_down(factory: Any, centre: Any, agent: Any, desk: Client) -> None:
    address = reverse("center:agent-case", args=[centre.key, opened(factory).key])
    desk.get(address)

    event = AuditEvent.objects.filter(factory=factory).get()
    assert (event.account, event.organisation, event.action, event.subject) == ("agent", centre, "read", address)


def test_file_of_an_inner_note_stays_inside_and_files_are_downloads(
    factory: Any, centre: Any, agent: Any, member: Client, desk: Client
) -> None:
    from jasang.web.ui.checked_files import check

    case = opened(factory)
    services.note(case=case, user=agent.user, text="x", files=[check("../a.png", PNG)])
    inner = Attachment.objects.of(factory).get()

    assert member.get(reverse("center:file", args=[factory.key, case.key, inner.key])).status_code == 404
    answer = desk.get(reverse("center:agent-file", args=[centre.key, case.key, inner.key]))
    assert (b"".join(answer.streaming_content), answer["Content-Type"]) == (PNG, "application/octet-stream")
    assert answer["Content-Disposition"].startswith("attachment")
    assert (inner.name, "a.png" in inner.path) == ("a.png", False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.exe", b"MZ", "붙일 수 없습니다"),
        ("x.html", b"<script>", "붙일 수 없습니다"),
        ("x.svg", b"<svg/>", "붙일 수 없습니다"),
        ("x.png", b"<script>alert(1)</script>", "내용이 .png 파일이 아닙니다"),
        ("x.txt", b"a\x00b", "내용이 .txt 파일이 아닙니다"),
    ],
)
def test_file_that_is_not_what_it_says_is_refused(
    factory: Any, agent: Any, member: Client, name: str, content: bytes, said: str
) -> None:
    told = {"title": "t", "text": "x", "files": SimpleUploadedFile(name, content)}
    answer = member.post(reverse("center:new", args=[factory.key]), told)

    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    assert Case.objects.of(factory).count() == 0


def test_finding_is_asked_about_from_its_page(factory: Any, agent: Any, hand_over: Any, member: Client) -> None:
    from jasang.web.floor.models import Finding

    serving.choose_from_findings(factory=factory, on=False)
    hand_over(factory)
    finding = Finding.objects.of(factory).order_by("place").first()
    page = member.get(reverse("floor:finding", args=[factory.key, finding.key])).content.decode()
    address = f"{reverse('center:new', args=[factory.key])}?finding={finding.key}"
    assert address in page
    assert finding.text_ko in member.get(address).content.decode()
    member.post(address, {"title": "이것", "text": "왜?", "finding": str(finding.key)})

    assert Case.objects.of(factory).get().carried["document"]["rule"] == finding.rule


def many_cases(factory: Any, number: int) -> None:
    for place in range(number):
        opened(factory, title=f"문의 {place}")


@pytest.mark.parametrize("number", [2, 12])
def test_number_of_queries_does_not_grow(
    factory: Any, centre: Any, agent: Any, member: Client, desk: Client, number: int
) -> None:
    many_cases(factory, number)
    case = Case.objects.of(factory).first()
    for _ in range(number):
        services.customer_word(case=case, text="말", user=case.customer)

    addresses = {
        "cases": (member, [factory.key]),
        "case": (member, [factory.key, case.key]),
        "desk": (desk, [centre.key]),
        "agent-case": (desk, [centre.key, case.key]),
        "report": (desk, [centre.key]),
        "rota": (desk, [centre.key]),
    }
    asked = {}
    for name, (client, args) in addresses.items():
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(f"center:{name}", args=args))
        asked[name] = len(queries)
    assert asked == QUERIES


QUERIES = {"cases": 8, "case": 8, "desk": 11, "agent-case": 17, "report": 9, "rota": 9}


def test_list_is_narrowed_and_late_comes_first(factory: Any, centre: Any, agent: Any, desk: Client) -> None:
    many_cases(factory, 3)
    late = Case.objects.of(factory).get(title="문의 2")
    Case.objects.of(factory).filter(pk=late.pk).update(
        due=timezone.now() - timedelta(hours=3), answer_due=timezone.now() - timedelta(hours=3)
    )
    address = reverse("center:desk", args=[centre.key])

    page = desk.get(address).content.decode()
    assert page.index("문의 2") < page.index("문의 0")
    assert "답변이 3시간 늦음" in page
    only = desk.get(address, {"view": "late"}).content.decode()
    assert ("문의 2" in only, "문의 0" in only) == (True, False)
    assert "문의 1" in desk.get(address, {"words": "#2"}).content.decode()
    assert "문의 2" in desk.get(address, {"words": "대한"}).content.decode()
    for query in (
        {"view": "done"},
        {"view": "free"},
        {"queue": "x\x00", "view": "?", "page": "-1"},
        {"words": "9" * 40},
    ):
        assert desk.get(address, query).status_code == 200


def test_many_cases_are_closed_at_once(factory: Any, centre: Any, agent: Any, desk: Client) -> None:
    many_cases(factory, 3)
    keys = [str(one.key) for one in Case.objects.of(factory)]
    answer = desk.post(
        reverse("center:many", args=[centre.key]), {"case": [*keys[:2], "x"], "step": "close"}, follow=True
    )

    assert "2건을 처리했습니다" in answer.content.decode()
    assert sorted(Case.objects.of(factory).values_list("state", flat=True)) == ["closed", "closed", "new"]


@pytest.mark.parametrize("step", ["merge", "link", "assign", "split", "answer", "visit", "nonsense"])
def test_step_without_what_it_needs_is_refused(factory: Any, centre: Any, agent: Any, desk: Client, step: str) -> None:
    case = opened(factory)
    before = Event.objects.of(factory).count()
    answer = desk.post(reverse("center:do", args=[centre.key, case.key, step]), {"other": "99", "agent": "99999"})

    assert answer.status_code == (404 if step == "nonsense" else 400)
    assert Event.objects.of(factory).count() == before


def test_calls_and_visits_are_in_the_agents_calendar(factory: Any, centre: Any, agent: Any, desk: Client) -> None:
    case = opened(factory)
    told = {"kind": "visit", "start": "2026-12-01T10:00", "minutes": "90", "place": "공장, 2층"}
    desk.post(reverse("center:do", args=[centre.key, case.key, "visit"]), told)
    visit = Visit.objects.of(factory).get()
    feed = reverse("center:calendar", args=[agent.feed])
    text = Client().get(feed).content.decode()

    assert "DTSTART:20261201T010000Z\r\nDTEND:20261201T023000Z\r\n" in text
    assert ("LOCATION:공장\\, 2층\r\n" in text, "STATUS:CONFIRMED" in text) == (True, True)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    visits.call_off(visit=visit, user=agent.user)
    text = Client().get(feed).content.decode()
    assert ("SEQUENCE:1" in text, "STATUS:CANCELLED" in text) == (True, True)
    assert Client().get(reverse("center:calendar", args=["wrong"])).status_code == 404


@pytest.mark.parametrize("start", ["9999-12-31T08:00", "9999-12-30T23:00", "0001-01-01T00:00"])
def test_rota_takes_no_day_at_the_end_of_time(centre: Any, agent: Any, desk: Client, start: str) -> None:
    given = {"agent": agent.pk, "start": start, "end": "9999-12-31T23:00", "again": "day", "until": "9999-12-31"}
    assert desk.post(reverse("center:rota", args=[centre.key]), given).status_code == 400
    assert not Duty.objects.of(centre).filter(start__year__gt=2100).exists()


def test_rota_takes_and_gives_back(centre: Any, agent: Any, desk: Client) -> None:
    address = reverse("center:rota", args=[centre.key])
    told = {"agent": agent.pk, "start": "2026-12-01T09:00", "end": "2026-12-01T18:00", "lead": "on"}
    assert desk.post(address, told).status_code == 302
    assert desk.post(address, told | {"end": "2026-12-01T09:00"}).status_code == 400
    made = Duty.objects.of(centre).get(lead=True)
    desk.post(reverse("center:off-duty", args=[centre.key, made.pk]))
    assert not Duty.objects.of(centre).filter(lead=True).exists()


def test_operator_above_the_centre_sees_its_desk(factory: Any, centre: Any, agent: Any) -> None:
    boss = account("boss")
    appoint(user=boss, organisation=centre.parent, role=Role.PROGRAMME_OPERATOR)
    client = Client()
    client.force_login(boss)

    assert client.get(reverse("center:desk", args=[centre.key])).status_code == 200
    assert client.get(reverse("center:desk", args=[centre.parent.key])).status_code == 404

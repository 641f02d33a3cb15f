"""The pages of calls, applications, judging, money, cohorts, mentors and plans: every role, strangers, fixed queries."""

from typing import Any

import pytest
from django.urls import reverse

from jasang.web.programme import judging
from jasang.web.programme.models import Application, Judging, Payment, Stage
from jasang.web.tenants.models import Factory

from .programme_cast import GRANT, Cast, browser

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def cast() -> Cast:
    return Cast()


def at(cast: Cast, name: str, *more: Any) -> str:
    """Address of an organisation's page."""
    return reverse(f"programme:{name}", args=[cast.operator.key, *more])


def own(cast: Cast, name: str, *more: Any) -> str:
    """Address of the factory's page."""
    return reverse(f"programme:{name}", args=[cast.factory.key, *more])


def seen(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


CHECKED = [
    ("plan.pdf", b"%PDF-1.7 x", 1), ("plan.pdf", b"MZ\x90", 0), ("x.exe", b"MZ\x90", 0), ("../../a.pdf", b"%PDF-", 1),
    ("a.svg", b"<svg/>", 0),
]  # fmt: skip
NOT_FOR_JUDGES = (
    "applications", "portfolio", "cohorts", "money", "members", "mentors", "planning", "calls",
)  # fmt: skip


def test_whole_way_is_walked_by_pages(cast: Cast) -> None:
    """Owner, operator, mentor, judges, second person: only what the pages offer."""
    owner, runner = cast.browser("owner"), cast.browser("runner")
    owner.post(
        own(cast, "apply", cast.call.key), {"wish": "한빛금형의 버", "cost": "90,000,000", "asked": "40,000,000"}
    )
    application = Application.objects.of(cast.operator).get()
    assert "빠진 것이 없습니다" in seen(owner, own(cast, "own-application", application.key))
    owner.post(own(cast, "submit", application.key))

    do = lambda step: at(cast, "do", application.key, step)  # noqa: E731
    runner.post(do("visitor"), {"visitor": cast["mentor"].pk, "on": "2026-12-01"})
    mentor = cast.browser("mentor")
    assert cast.factory.name in seen(mentor, at(cast, "visits"))
    report = {"visited_on": "2026-11-20", "found": "프레스", "feasible": "yes", "words": "됩니다"}
    mentor.post(do("report"), report)
    runner.post(at(cast, "ask-judges", cast.call.key), {"judge": [judge.pk for judge in cast.judges[:5]]})
    for judge in cast.judges[:5]:
        client = browser(judge)
        client.post(at(cast, "declare", cast.call.key), {"sure": "yes"})
        number = Judging.objects.of(cast.operator).get(judge=judge).pk
        given = {f"points-{one['id']}": str(one["most"] - 2) for one in cast.call.criteria}
        client.post(at(cast, "judge", number), given | {f"reason-{one['id']}": "근거" for one in cast.call.criteria})
    runner.post(at(cast, "decide-call", cast.call.key))
    runner.post(do("plan"), {"plan": "계획", "milestones": "설치 = 15,000,000 = 2026-12-31\n가동 = 25000000"})
    runner.post(do("go-on"), {"words": "시작"})
    for place in (0, 1):
        owner.post(
            own(cast, "claim", application.key, place), {"own_paid": "30,000,000", "words": "했습니다", "once": "0"}
        )
        mentor.post(do("reach"), {"place": place})
        claim = application.claims.model.objects.of(cast.operator).get(milestone__place=place)
        runner.post(do("pay"), {"place": place, "claim": str(claim.key)})
        runner.post(do("pay"), {"place": place, "claim": str(claim.key)})
    for _ in range(3):
        runner.post(do("go-on"), {})

    application.refresh_from_db()
    assert application.stage == Stage.CLOSED
    assert sum(Payment.objects.of(cast.operator).values_list("amount", flat=True)) == GRANT
    assert "끝났습니다." in seen(owner, own(cast, "own-application", application.key))


def test_what_is_missing_is_said_and_handing_in_refused(cast: Cast) -> None:
    call = cast.open_call(documents=[{"name": "사업계획서", "needed": True, "judges": True}])
    owner = cast.browser("owner")
    owner.post(own(cast, "apply", call.key), {"wish": "", "cost": "10000000", "asked": "9000000"})
    draft = Application.objects.of(cast.operator).get()

    page = seen(owner, own(cast, "own-application", draft.key))
    assert "무엇을 해결하고 싶은지" in page
    assert "1원부터 5,000,000원까지" in page
    assert "서류가 빠졌습니다: 사업계획서" in page
    told = owner.post(own(cast, "submit", draft.key), follow=True).content.decode()
    assert "무엇을 해결하고 싶은지" in told
    draft.refresh_from_db()
    assert draft.stage == Stage.DRAFT


@pytest.mark.parametrize(("name", "content", "kept"), CHECKED)
def test_documents_are_checked_and_only_handed_out_as_downloads(
    cast: Cast, name: str, content: bytes, kept: int
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    owner = cast.browser("owner")
    owner.post(own(cast, "apply", cast.call.key), {"wish": "x"})
    draft = Application.objects.of(cast.operator).get()
    owner.post(own(cast, "add-papers", draft.key), {"title": "", "files": SimpleUploadedFile(name, content)})

    papers = list(draft.papers.model.objects.of(cast.operator))
    assert len(papers) == kept
    if papers:
        answer = owner.get(own(cast, "own-paper", draft.key, papers[0].key))
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert b"".join(answer.streaming_content) == content
        assert "/" not in papers[0].name


def test_judge_never_reads_the_name(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    other = cast.visited(cast.another("동양도금"))
    for one in (application, other):
        judging.call_judges(by=cast["runner"], application=one, judges=cast.judges[:1])
    client = browser(cast.judges[0])
    page = seen(client, at(cast, "judging"))
    assert page.index("동양도금") < page.index("한빛금형")  # all names, by name, beside no number

    client.post(at(cast, "declare", cast.call.key), {"sure": "yes", "factory": [other.factory.key], "words": "거래처"})
    rows = {row.application_id: row for row in Judging.objects.of(cast.operator)}
    assert (rows[application.pk].conflict, rows[other.pk].conflict) == (False, True)
    shown = seen(client, at(cast, "judge", rows[application.pk].pk))
    assert "한빛금형" not in shown
    assert "○○○의 치수 불량" in shown
    listed = seen(client, at(cast, "judging"))
    assert "한빛금형" not in listed
    assert "이해관계로 빠진 신청: 1건" in listed
    assert ("신청 1번" in listed, "신청 2번" in listed) == (
        True,
        False,
    )  # the number of a tied firm would tell its name
    assert client.get(at(cast, "judge", rows[other.pk].pk)).status_code == 302
    assert browser(cast.judges[1]).get(at(cast, "judge", rows[application.pk].pk)).status_code == 404


def test_judge_sees_no_other_page_of_the_programme(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    client = browser(cast.judges[0])

    more = [
        ("application", application.key),
        ("call", cast.call.key),
        ("ranking", cast.call.key),
        ("export", "applications"),
    ]
    for name, *rest in (*((one,) for one in NOT_FOR_JUDGES), *more):
        assert client.get(at(cast, name, *rest)).status_code == 404, name
    assert client.get(at(cast, "programme-start")).headers["Location"] == at(cast, "judging")


def test_mentor_reads_only_the_applications_to_visit(cast: Cast) -> None:
    application = cast.apply()
    mentor = cast.browser("mentor")
    assert mentor.get(at(cast, "application", application.key)).status_code == 404

    cast.browser("runner").post(at(cast, "do", application.key, "visitor"), {"visitor": cast["mentor"].pk})
    assert "현장 방문 보고" in seen(mentor, at(cast, "application", application.key))


def test_co_operative_reads_its_factories_applications_and_changes_nothing(cast: Cast) -> None:
    application = cast.apply()
    coop = cast.browser("coop")
    address = reverse("programme:application", args=[cast.coop.key, application.key])

    assert cast.factory.name in seen(coop, reverse("programme:applications", args=[cast.coop.key]))
    assert "지원금을" not in seen(coop, address)
    for key in (cast.coop.key, cast.operator.key):
        assert (
            coop.post(reverse("programme:do", args=[key, application.key, "note"]), {"words": "x"}).status_code == 404
        )


def test_drafts_are_the_factorys_own_business(cast: Cast) -> None:
    cast.browser("owner").post(own(cast, "apply", cast.call.key), {"wish": "남모르는일"})
    draft = Application.objects.of(cast.operator).get()

    runner = cast.browser("runner")
    assert runner.get(at(cast, "application", draft.key)).status_code == 404
    assert "남모르는일" not in seen(runner, at(cast, "applications"))
    assert "남모르는일".encode() not in runner.get(at(cast, "export", "applications")).content


ORGANISATION_PAGES = (
    "calls", "new-call", "applications", "visits", "judging", "money", "cohorts", "members", "mentors", "new-mentor",
    "own-profile", "planning", "offers", "programme-start",
)  # fmt: skip
ORGANISATION_POSTS = (
    "new-cohort",
    "import-factories",
    "import-mentors",
    "ask-plan",
)


def test_strangers_find_no_page(cast: Cast, stranger: Any, member: Any) -> None:
    application = cast.apply()
    with_key = [("call", cast.call.key), ("edit-call", cast.call.key), ("ranking", cast.call.key),
                ("application", application.key),
                ("cohort", cast.call.cohort.key), ("judge", 1)]  # fmt: skip
    posts = [("publish-call", cast.call.key), ("drop-call", cast.call.key), ("ask-judges", cast.call.key),
             ("extend-judging", cast.call.key),
             ("decide-call", cast.call.key), ("declare", cast.call.key), ("recuse", 1), ("set-goals", cast.call.cohort.key),
             ("goals-one-up", cast.call.cohort.key), ("survey", cast.call.cohort.key), ("add-all", cast.call.cohort.key),
             ("import-cohort", cast.call.cohort.key), ("plan-do", application.key, "take"), ("hand", application.key),
             ("answer-offer", application.key), ("do", application.key, "note"), ("invite-owner", cast.factory.key)]  # fmt: skip
    for client in (stranger, member, cast.browser("owner")):
        for name in ORGANISATION_PAGES:
            assert client.get(at(cast, name)).status_code == 404, name
        for name, *more in with_key:
            assert client.get(at(cast, name, *more)).status_code == 404, name
        for name in ORGANISATION_POSTS:
            assert client.post(at(cast, name)).status_code == 404, name
        for name, *more in posts:
            assert client.post(at(cast, name, *more)).status_code == 404, name
        assert client.get(at(cast, "export", "payments")).status_code == 404
    assert Application.objects.of(cast.operator).get().stage == Stage.APPLIED


def test_strangers_find_no_page_of_the_factory(cast: Cast, stranger: Any) -> None:
    application = cast.apply()
    others = (stranger, cast.browser("runner"), cast.browser("mentor"), cast.browser("coop"), browser(cast.judges[0]))
    for client in others:
        for name, *more in (("support",), ("apply", cast.call.key), ("own-application", application.key)):
            assert client.get(own(cast, name, *more)).status_code == 404, name
        for name, *more in (("submit", application.key), ("withdraw", application.key), ("own-note", application.key),
                            ("add-papers", application.key), ("claim", application.key, 0),
                            ("join-programme",), ("describe-factory",)):  # fmt: skip
            assert client.post(own(cast, name, *more)).status_code == 404, name
    engineer = cast.browser("engineer")
    assert engineer.get(own(cast, "own-application", application.key)).status_code == 200
    assert engineer.post(own(cast, "withdraw", application.key)).status_code == 404


def test_application_of_another_factory_is_not_found(cast: Cast) -> None:
    other = cast.another("동양도금")

    assert cast.browser("owner").get(own(cast, "own-application", other.key)).status_code == 404
    assert cast.browser("owner").post(own(cast, "submit", other.key)).status_code == 404


@pytest.mark.parametrize(
    ("who", "name", "most"),
    [("runner", "calls", 8), ("runner", "applications", 8), ("runner", "money", 12), ("runner", "cohorts", 8),
     ("runner", "members", 10), ("runner", "mentors", 8), ("mentor", "visits", 8),
     ("runner", "planning", 9), ("runner", "offers", 8)],
)  # fmt: skip
def test_lists_take_a_fixed_number_of_queries(
    cast: Cast, who: str, name: str, most: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        cast.visited(cast.another(f"공장 {number}"))
    client = cast.browser(who)
    with django_assert_max_num_queries(most):
        assert client.get(at(cast, name)).status_code == 200


def test_call_and_ranking_take_a_fixed_number_of_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for number in range(3):
        cast.judged(cast.visited(cast.another(f"공장 {number}")), [80, 80, 80, 80, 80 + number])
    runner = cast.browser("runner")
    with django_assert_max_num_queries(9):
        assert runner.get(at(cast, "call", cast.call.key)).status_code == 200
    with django_assert_max_num_queries(11):
        assert runner.get(at(cast, "ranking", cast.call.key)).status_code == 200


def test_people_below_start_at_their_own_page(cast: Cast) -> None:
    starts = {name: cast.browser(name).get(at(cast, "programme-start")).headers["Location"]
              for name in ("runner", "auditor", "mentor")}  # fmt: skip

    assert starts == {"runner": at(cast, "portfolio"), "auditor": at(cast, "portfolio"), "mentor": at(cast, "offers")}
    assert cast.browser("coop").get("/").headers["Location"] == reverse(
        "programme:programme-start", args=[cast.coop.key]
    )


def test_factory_joins_by_the_code_of_a_co_operative(cast: Cast, person: Any) -> None:
    from jasang.web.tenants.models import Role
    from jasang.web.tenants.services import add_member, set_up_account

    lone = Factory.objects.create(name="혼자정밀")
    client = person("lone")
    add_member(user=set_up_account(user_name="lone", password=None)[0], factory=lone, role=Role.OWNER)
    support = reverse("programme:support", args=[lone.key])
    assert "가입 코드" in seen(client, support)

    client.post(reverse("programme:join-programme", args=[lone.key]), {"code": "nonsense"})
    client.post(reverse("programme:join-programme", args=[lone.key]), {"code": cast.coop.key.upper()})
    lone.refresh_from_db()
    assert lone.organisation == cast.coop
    assert cast.call.title in seen(client, support)

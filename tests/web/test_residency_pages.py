"""Pages of residencies, mentors' answers, the dossier and an operator's day: who sees them, what they do, fixed queries."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from jasang.web.programme import residencies
from jasang.web.programme.models import (
    Change,
    HandOver,
    LevelAnswer,
    LevelMark,
    Mentor,
    Proof,
    Residency,
    ResidencyNote,
    ResidencyWeek,
    Task,
)
from jasang.web.tenants.models import AuditEvent, Membership, OrganisationKind, Role
from jasang.web.tenants.services import appoint, set_up_account, set_up_organisation

pytestmark = [pytest.mark.web, pytest.mark.django_db]

PARTS = ("plan", "walk", "changes", "diary", "handover")
DEEDS = ("goal", "weeks", "task", "walk", "diary", "change", "item", "hand-over", "take")


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=None)[0]


def photo(name: str = "a.jpg") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (40, 30), (1, 2, 3)).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue())


@pytest.fixture
def scene(factory: Any, person: Any) -> dict[str, Any]:
    """Browsers of the mentor, the owner, an operator of the factory and the programme's operator; a residency under way."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    factory.organisation = coop
    factory.save()
    browsers = {
        "owner": person("owner", factory), "hand": person("hand", factory), "mentor": person("mentor"),
        "runner": person("runner"), "colleague": person("colleague"),
    }  # fmt: skip
    for name, role in (("owner", Role.OWNER), ("hand", Role.OPERATOR)):
        Membership.objects.filter(user__username=name).update(role=role)
    appoint(user=account("runner"), organisation=operator, role=Role.PROGRAMME_OPERATOR)
    for name in ("mentor", "colleague"):
        appoint(user=account(name), organisation=operator, role=Role.MENTOR)
    mentor = Mentor.objects.of(operator).create(organisation=operator, name="김멘토", user=account("mentor"))
    residency = residencies.begin_residency(
        factory=factory, mentor=mentor, starts_on=timezone.localdate() - timedelta(days=10)
    )
    return browsers | {"factory": factory, "operator": operator, "person": mentor, "residency": residency}


def address(scene: dict[str, Any], name: str, *more: Any) -> str:
    return reverse(f"programme:{name}", args=[scene["factory"].key, scene["residency"].key, *more])


def post(scene: dict[str, Any], who: str, deed: str, **told: Any) -> Any:
    return scene[who].post(address(scene, "residency-do", deed), told)


def test_mentor_writes_everything_on_the_pages(scene: dict[str, Any], hand_over: Any) -> None:
    hand_over(scene["factory"])
    finding = residencies.choices(scene["factory"])[0].lasting
    member = Membership.objects.get(user__username="hand")

    answers = [
        post(scene, "mentor", "goal", goal="불량 절반"),
        post(scene, "mentor", "weeks", **{"aim-1": "보기", "done-1": "yes", "aim-8": "인계"}),
        post(scene, "mentor", "task", text="온도 맞추기", person=member.pk, due_on="2026-12-01", lasting=finding),
        post(scene, "mentor", "walk", place="3호기", text="기름이 샌다", camera=photo(), photos=[photo("b.jpg")]),
        post(scene, "mentor", "diary", text="반장과 이야기"),
        post(scene, "mentor", "change", title="예열", lasting=finding, photos_before=photo(), photos_after=photo()),
        post(scene, "mentor", "item", text="점검표", keeper="박반장"),
        post(scene, "mentor", "hand-over", words="끝"),
    ]
    item = HandOver.objects.of(scene["factory"]).get()
    answers.append(post(scene, "owner", "take", item=item.key, accepted="yes"))

    assert {one.status_code for one in answers} == {302}
    factory = scene["factory"]
    assert (Residency.objects.of(factory).get().goal, ResidencyWeek.objects.of(factory).filter(done=True).count()) == (
        "불량 절반",
        1,
    )
    task = Task.objects.of(factory).get()
    assert (task.person.username, task.lasting) == ("hand", finding)
    assert sorted(Proof.objects.of(factory).values_list("side", flat=True)) == ["", "", "after", "before"]
    item.refresh_from_db()
    assert item.accepted_by.username == "owner"
    for part in PARTS:
        for who in ("mentor", "owner", "hand"):
            assert scene[who].get(address(scene, "residency-part", part)).status_code == 200
    page = scene["owner"].get(address(scene, "residency-part", "walk")).content.decode()
    assert "기름이 샌다" in page
    assert '<form class="form"' not in page  # the factory reads, the mentor writes


def test_photo_comes_back_as_a_picture_and_a_file_as_a_download(scene: dict[str, Any]) -> None:
    post(scene, "mentor", "walk", text="x", camera=photo())
    proof = Proof.objects.of(scene["factory"]).get()
    page = reverse("programme:proof", args=[scene["factory"].key, proof.key])

    big, small = scene["owner"].get(page), scene["owner"].get(page + "?small=1")

    assert (big["Content-Type"], small["Content-Type"]) == ("image/jpeg", "image/jpeg")
    assert Image.open(BytesIO(b"".join(big.streaming_content))).size == (40, 30)
    scene["mentor"].post(
        reverse("programme:answers", args=[scene["factory"].key]),
        {"item": "goal", "step": "3", "words": "봄", "files": SimpleUploadedFile("회의록.pdf", b"%PDF-1.7 x")},
    )
    paper = Proof.objects.of(scene["factory"]).get(photo=False)
    answer = scene["owner"].get(reverse("programme:proof", args=[scene["factory"].key, paper.key]))
    assert (answer["Content-Type"], "attachment" in answer["Content-Disposition"]) == ("application/octet-stream", True)


def test_what_is_refused_is_said_on_the_page(scene: dict[str, Any]) -> None:
    cases = [
        ("mentor", "task", {"text": ""}, "필수"),
        ("mentor", "walk", {"text": "x", "camera": SimpleUploadedFile("a.jpg", b"<script>")}, "a.jpg"),
        ("owner", "goal", {"goal": "x"}, "멘토만"),
        ("mentor", "hand-over", {"words": ""}, "먼저"),
    ]
    for who, deed, told, sentence in cases:
        page = scene[who].post(address(scene, "residency-do", deed), told, follow=True).content.decode()
        assert sentence in page, deed
    assert ResidencyNote.objects.of(scene["factory"]).count() == 0


def test_operator_ticks_a_task_from_the_page_of_the_day(scene: dict[str, Any]) -> None:
    task = residencies.add_task(
        by=account("mentor"), residency=scene["residency"], text="필터 청소", person=account("hand"),
        due_on=timezone.localdate() - timedelta(days=1),
    )  # fmt: skip
    others = residencies.add_task(
        by=account("mentor"), residency=scene["residency"], text="남의 일", person=account("owner")
    )
    day = reverse("floor:now", args=[scene["factory"].key])
    page = scene["hand"].get(day).content.decode()
    assert "필터 청소" in page
    assert others.text not in page
    assert scene["hand"].get("/").headers["Location"] == day

    answer = scene["hand"].post(
        reverse("programme:tick", args=[scene["factory"].key, task.key]), {"done": "yes", "from": "now"}
    )

    assert answer.headers["Location"] == day
    task.refresh_from_db()
    assert task.done_by.username == "hand"
    assert "필터 청소" not in scene["hand"].get(day).content.decode()


def test_day_shows_what_is_wrong_and_what_to_do(scene: dict[str, Any], hand_over: Any) -> None:
    hand_over(scene["factory"])

    page = scene["hand"].get(reverse("floor:now", args=[scene["factory"].key])).content.decode()

    assert "할 일" in page
    assert reverse("center:trouble", args=[scene["factory"].key]) in page


def test_mentor_signs_answers_and_the_data_keep_their_items(scene: dict[str, Any]) -> None:
    page = reverse("programme:answers", args=[scene["factory"].key])
    shown = scene["mentor"].get(page).content.decode()
    assert 'id="goal"' in shown
    assert 'id="uptime"' not in shown

    answer = scene["mentor"].post(page, {"item": "goal", "step": "4", "words": "달마다 본다", "files": [photo()]})

    assert answer.headers["Location"] == page + "#goal"
    kept = LevelAnswer.objects.of(scene["factory"]).get(item="goal")
    assert (kept.step, kept.by.username, kept.words, kept.signed_at is not None) == (4, "mentor", "달마다 본다", True)
    for told in ({"item": "uptime", "step": "5"}, {"item": "goal", "step": "9"}, {"item": "goal"}):
        refused = scene["mentor"].post(page, told)
        assert refused.status_code == 400
    level = scene["owner"].get(reverse("programme:level", args=[scene["factory"].key])).content.decode()
    assert "a.jpg" in level
    assert {scene[who].get(page).status_code for who in ("owner", "hand", "runner", "colleague")} == {404}


def test_dossier_tells_the_same_number_for_the_same_answers(scene: dict[str, Any]) -> None:
    page = reverse("programme:certificate", args=[scene["factory"].key])
    number = lambda: scene["owner"].get(page).context["number"]  # noqa: E731

    first = number()

    assert (number(), len(first)) == (first, 23)
    LevelAnswer.objects.of(scene["factory"]).create(
        factory=scene["factory"], item="goal", step=5, at=timezone.localdate(), source="mentor"
    )
    assert number() != first
    assert scene["owner"].get(page + "?reading=four").context["number"] != number()


def test_course_of_the_level_is_drawn(scene: dict[str, Any]) -> None:
    today = timezone.localdate()
    for number in range(5):
        LevelMark.objects.of(scene["factory"]).create(
            factory=scene["factory"],
            day=today - timedelta(days=30 * number),
            rubric="2",
            of_five=2,
            points=400 - 20 * number,
        )

    answer = scene["owner"].get(reverse("programme:level", args=[scene["factory"].key]))

    chart = answer.context["course"][1]
    assert chart["lines"][0]["y"] == [320, 340, 360, 380, 400]
    assert [mark["at"] for mark in chart["marks"]] == [200, 350, 550]


def test_programme_sees_all_and_a_mentor_the_own(scene: dict[str, Any]) -> None:
    page = reverse("programme:residency-list", args=[scene["operator"].key])
    one = reverse("programme:look-back", args=[scene["operator"].key, scene["residency"].key])

    for who, there in (("runner", True), ("mentor", True), ("colleague", False)):
        shown = scene[who].get(page)
        assert (shown.status_code, scene["factory"].name in shown.content.decode()) == (200, there)
        assert scene[who].get(one).status_code == (200 if there else 404)
    assert AuditEvent.objects.filter(factory=scene["factory"], subject=one).count() == 2
    for query in ("?state=now", "?state=due", "?state=nonsense", f"?mentor={scene['person'].key}", "?page=9"):
        assert scene["runner"].get(page + query).status_code == 200
    assert scene["runner"].get(page + "?mentor=x").status_code == 404


def test_mentor_looks_back_from_outside(scene: dict[str, Any]) -> None:
    residency = scene["residency"]
    change = Change.objects.of(scene["factory"]).create(
        factory=scene["factory"], residency=residency, title="예열", on=residency.starts_on
    )
    residency.starts_on -= timedelta(days=200)
    residency.ends_on -= timedelta(days=200)
    residency.save()
    Membership.objects.filter(user=account("mentor")).delete()
    page = reverse("programme:look-back", args=[scene["operator"].key, residency.key])

    assert "90" in scene["mentor"].get(page).content.decode()
    refused = scene["runner"].post(page, {"words": "x"}, follow=True)
    assert "멘토만" in refused.content.decode()
    assert scene["mentor"].post(page, {"words": "그대로다", f"holds-{change.key}": "yes"}).status_code == 302

    residency.refresh_from_db()
    assert (residency.look_back, residency.held) == ("그대로다", 1)


def fill(scene: dict[str, Any], count: int) -> None:
    mentor, residency = account("mentor"), scene["residency"]
    for number in range(count):
        residencies.add_task(by=mentor, residency=residency, text=f"일 {number}", person=account("hand"))
        note = residencies.add_note(by=mentor, residency=residency, kind="walk", text="x")
        residencies.add_note(by=mentor, residency=residency, kind="diary", text="x")
        change = residencies.add_change(by=mentor, residency=residency, title="x")
        for shows in ({"note": note}, {"change": change, "side": "before"}):
            Proof.objects.of(scene["factory"]).create(
                factory=scene["factory"], name="a.jpg", photo=True, size=1, sha256="", path="", **shows
            )
        residencies.add_hand_over(by=mentor, residency=residency, text="x")
        other = Mentor.objects.of(scene["operator"]).create(organisation=scene["operator"], name=f"m{number}")
        residencies.begin_residency(factory=scene["factory"], mentor=other, starts_on=timezone.localdate())


def test_pages_take_the_same_queries_for_one_row_and_for_many(
    scene: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    pages = {
        **{f"mentor {part}": ("mentor", address(scene, "residency-part", part), 24) for part in PARTS},
        "list": ("owner", reverse("programme:residencies", args=[scene["factory"].key]), 10),
        "day": ("hand", reverse("floor:now", args=[scene["factory"].key]), 12),
        "organisation": ("runner", reverse("programme:residency-list", args=[scene["operator"].key]), 12),
        "answers": ("mentor", reverse("programme:answers", args=[scene["factory"].key]), 12),
        "dossier": ("owner", reverse("programme:certificate", args=[scene["factory"].key]), 34),
        "level": ("owner", reverse("programme:level", args=[scene["factory"].key]), 30),
    }
    counts: list[dict[str, int]] = []
    for more in (1, 3):
        fill(scene, more)
        counts.append({})
        for name, (who, page, most) in pages.items():
            with django_assert_max_num_queries(most) as seen:
                assert scene[who].get(page).status_code == 200
            counts[-1][name] = len(seen.captured_queries)

    assert counts[0] == counts[1]


def test_strangers_find_nothing(scene: dict[str, Any], stranger: Any) -> None:
    post(scene, "mentor", "walk", text="x", camera=photo())
    task = residencies.add_task(by=account("mentor"), residency=scene["residency"], text="x")
    proof = Proof.objects.of(scene["factory"]).get()
    key = scene["factory"].key
    pages = [
        reverse("programme:residencies", args=[key]),
        address(scene, "residency"),
        *(address(scene, "residency-part", part) for part in PARTS),
        reverse("programme:proof", args=[key, proof.key]),
        reverse("programme:answers", args=[key]),
        reverse("programme:certificate", args=[key]),
        reverse("floor:now", args=[key]),
        reverse("programme:residency-list", args=[scene["operator"].key]),
        reverse("programme:look-back", args=[scene["operator"].key, scene["residency"].key]),
    ]
    deeds = [
        *(address(scene, "residency-do", deed) for deed in DEEDS),
        reverse("programme:tick", args=[key, task.key]),
        reverse("programme:answers", args=[key]),
        reverse("programme:look-back", args=[scene["operator"].key, scene["residency"].key]),
    ]
    for browser in (stranger, scene["colleague"]):
        own = (
            {reverse("programme:residency-list", args=[scene["operator"].key])}
            if browser is scene["colleague"]
            else set()
        )
        assert {page for page in pages if browser.get(page).status_code != 404} == own
        assert {page for page in deeds if browser.post(page, {"done": "yes"}).status_code != 404} == set()
    task.refresh_from_db()
    assert task.done_at is None


def test_rows_of_another_factory_are_not_found_by_a_member(scene: dict[str, Any], person: Any) -> None:
    from jasang.web.tenants.services import set_up_factory

    other = set_up_factory(name="남의 공장")
    browser = person("elsewhere", other)
    task = residencies.add_task(by=account("mentor"), residency=scene["residency"], text="x")

    assert browser.get(reverse("programme:residency", args=[other.key, scene["residency"].key])).status_code == 404
    assert browser.post(reverse("programme:tick", args=[other.key, task.key]), {"done": "yes"}).status_code == 404
    assert browser.get(address(scene, "residency-part", "plan").replace("plan", "nonsense")).status_code == 404
    assert post(scene, "mentor", "nonsense").status_code == 404

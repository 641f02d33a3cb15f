"""Mentors in factories: the door opens on the first day and closes after the last; photos, hand-over, look back, impact."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image

from jasang.errors import UnreadableInput
from jasang.plant.text import Text
from jasang.web.jobs.announcing import Effect
from jasang.web.notices.models import Notice
from jasang.web.programme import impact, photos, residencies, tending
from jasang.web.programme.models import Change, HandOver, Mentor, Proof, ResidencyNote, Task
from jasang.web.programme.residencies import ResidencyRefused, begin_residency
from jasang.web.tenants.models import Membership, OrganisationKind, Role
from jasang.web.tenants.queries import role_in
from jasang.web.tenants.services import add_member, set_up_account, set_up_organisation
from jasang.web.ui.checked_files import Checked

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=None)[0]


@pytest.fixture
def scene(factory: Any) -> dict[str, Any]:
    """An operator, a mentor with an account, the owner, and a residency that began a week ago."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    factory.organisation = coop
    factory.save()
    people = {name: account(name) for name in ("mentor", "owner", "other")}
    add_member(user=people["owner"], factory=factory, role=Role.OWNER)
    mentor = Mentor.objects.of(operator).create(organisation=operator, name="김멘토", user=people["mentor"])
    today = timezone.localdate()
    residency = begin_residency(factory=factory, mentor=mentor, starts_on=today - timedelta(days=7))
    return people | {"operator": operator, "factory": factory, "person": mentor, "residency": residency, "today": today}


def picture(*, kind: str = "JPEG", size: tuple[int, int] = (60, 40), **saved: Any) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **saved)
    return out.getvalue()


def seoul(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=timezone.get_default_timezone())


def test_door_opens_on_the_first_day_and_closes_after_the_last(scene: dict[str, Any]) -> None:
    first = scene["today"] + timedelta(days=3)
    newcomer = Mentor.objects.of(scene["operator"]).create(
        organisation=scene["operator"], name="박멘토", user=account("newcomer")
    )
    residency = begin_residency(factory=scene["factory"], mentor=newcomer, starts_on=first)

    seen = []
    for moment in (
        seoul(first - timedelta(days=1), 23, 59),
        seoul(first, 0, 0),
        seoul(residency.ends_on, 23, 59),
        seoul(residency.ends_on + timedelta(days=1), 0, 0),
    ):
        tending.tend_residencies(moment)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(timezone, "now", lambda at=moment: at)
            seen.append(role_in(newcomer.user, scene["factory"]))

    assert seen == [None, Role.MENTOR, Role.MENTOR, None]
    residency.refresh_from_db()
    assert residency.ended_at == seoul(residency.ends_on + timedelta(days=1), 0, 0)
    assert [one.kind for one in Notice.objects.filter(user=newcomer.user)] == ["residency"]


def test_whom_the_owner_puts_out_stays_out(scene: dict[str, Any]) -> None:
    Membership.objects.filter(user=scene["mentor"], factory=scene["factory"]).delete()

    tending.tend_residencies()

    assert role_in(scene["mentor"], scene["factory"]) is None


def test_member_of_the_factory_stays_one_and_a_later_end_counts(scene: dict[str, Any]) -> None:
    mentor = Mentor.objects.of(scene["operator"]).create(
        organisation=scene["operator"], name="이멘토", user=scene["owner"]
    )
    begin_residency(factory=scene["factory"], mentor=mentor, starts_on=scene["today"])
    later = begin_residency(factory=scene["factory"], mentor=scene["person"], starts_on=scene["today"])

    assert role_in(scene["owner"], scene["factory"]) == Role.OWNER
    assert Membership.objects.get(user=scene["mentor"]).until == residencies.last_moment(later)


def test_other_days_and_an_early_end_move_the_door(scene: dict[str, Any]) -> None:
    residency, today = scene["residency"], scene["today"]
    residencies.move(residency=residency, starts_on=today + timedelta(days=2), ends_on=today + timedelta(days=9))
    assert role_in(scene["mentor"], scene["factory"]) is None
    residencies.move(residency=residency, starts_on=today, ends_on=today + timedelta(days=9))
    assert Membership.objects.get(user=scene["mentor"]).until == residencies.last_moment(residency)
    with pytest.raises(ResidencyRefused, match="lies before the first"):
        residencies.move(residency=residency, starts_on=today, ends_on=today - timedelta(days=1))

    residencies.end_early(residency=residency)

    tending.tend_residencies()
    assert role_in(scene["mentor"], scene["factory"]) is None


def test_only_the_mentor_writes_and_only_on_the_days(scene: dict[str, Any]) -> None:
    residency = scene["residency"]
    others = (scene["owner"], scene["other"])
    deeds = {
        "note": lambda by: residencies.add_note(by=by, residency=residency, kind="walk", text="기름 샘"),
        "task": lambda by: residencies.add_task(by=by, residency=residency, text="청소"),
        "change": lambda by: residencies.add_change(by=by, residency=residency, title="금형 예열"),
        "item": lambda by: residencies.add_hand_over(by=by, residency=residency, text="점검표"),
        "week": lambda by: residencies.plan_week(by=by, residency=residency, number=1, aim="보기", done=False),
        "goal": lambda by: residencies.set_goal(by=by, residency=residency, goal="불량 절반"),
    }
    for deed in deeds.values():
        for by in others:
            with pytest.raises(ResidencyRefused, match="Only the mentor"):
                deed(by)
        deed(scene["mentor"])
    residency.ends_on = scene["today"] - timedelta(days=1)
    residency.save()
    for deed in deeds.values():
        with pytest.raises(ResidencyRefused, match="Only the mentor"):
            deed(scene["mentor"])
    counts = [model.objects.of(scene["factory"]).count() for model in (ResidencyNote, Task, Change, HandOver)]
    assert counts == [1, 1, 1, 1]


def test_photo_is_drawn_anew_and_tells_nothing_but_its_pixels(scene: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "PhoneMaker", 6  # who made it; turned a quarter
    exif.get_ifd(0x8825)[1] = "N"
    content = picture(size=(3000, 2000), exif=exif.tobytes(), comment=b"hidden words")
    note = residencies.add_note(
        by=scene["mentor"], residency=scene["residency"], kind="walk", text="보기", place="사출 3호",
        files=[Checked(name="IMG.jpg", content=content)],
    )  # fmt: skip

    proof = Proof.objects.of(scene["factory"]).get(note=note)

    folder = Path(settings.JASANG_HOME) / proof.path
    kept, small = (folder / "content").read_bytes(), (folder / "small").read_bytes()
    assert b"PhoneMaker" in content
    assert not any(word in one for word in (b"PhoneMaker", b"Exif", b"hidden words", b"GPS") for one in (kept, small))
    assert (proof.width, proof.height) == (1067, 1600)
    assert Image.open(BytesIO(small)).size == (213, 320)
    assert oct((folder / "content").stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.jpg", picture(size=(400, 400))[:900]),
        ("words.png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"),
        ("bomb.png", picture(kind="PNG", size=(9000, 9000))),
        ("gif.jpg", b"\xff\xd8\xff" + b"GIF89a" * 40),
    ],
)
def test_what_is_no_photo_is_refused_and_nothing_is_kept(scene: dict[str, Any], name: str, content: bytes) -> None:
    good = Checked(name="good.jpg", content=picture())
    with pytest.raises(UnreadableInput, match=name):
        photos.keep_proofs(
            factory=scene["factory"], files=[good, Checked(name=name, content=content)], by=scene["mentor"]
        )

    assert Proof.objects.of(scene["factory"]).count() == 0


def test_task_is_about_a_finding_and_done_by_anybody_of_the_factory(scene: dict[str, Any], hand_over: Any) -> None:
    hand_over(scene["factory"])
    finding = residencies.choices(scene["factory"])[0]
    task = residencies.add_task(
        by=scene["mentor"], residency=scene["residency"], text="압력 낮추기", who="박반장", person=scene["owner"],
        due_on=scene["today"], lasting=finding.lasting,
    )  # fmt: skip

    residencies.tick(by=scene["owner"], task=task, done=True)

    task.refresh_from_db()
    assert (task.lasting, task.about["ko"], task.done_by) == (finding.lasting, finding.title.ko, scene["owner"])
    with pytest.raises(ResidencyRefused):
        residencies.tick(by=scene["other"], task=task, done=False)
    with pytest.raises(ResidencyRefused, match="no finding"):
        residencies.add_task(by=scene["mentor"], residency=scene["residency"], text="x", lasting="nonsense")
    with pytest.raises(ResidencyRefused, match="not of the factory"):
        residencies.add_task(by=scene["mentor"], residency=scene["residency"], text="x", person=scene["other"])


def test_factory_takes_what_is_handed_over_or_says_what_is_missing(scene: dict[str, Any]) -> None:
    residency = scene["residency"]
    with pytest.raises(ResidencyRefused, match="First write"):
        residencies.hand_over(by=scene["mentor"], residency=residency, words="")
    one, two = (
        residencies.add_hand_over(by=scene["mentor"], residency=residency, text=text) for text in ("표준", "교육")
    )
    residencies.hand_over(by=scene["mentor"], residency=residency, words="끝")

    with pytest.raises(ResidencyRefused, match="Only people of the factory"):
        residencies.answer_hand_over(by=scene["mentor"], item=one, accepted=True)
    residencies.answer_hand_over(by=scene["owner"], item=one, accepted=True)
    with pytest.raises(ResidencyRefused, match="write something"):
        residencies.answer_hand_over(by=scene["owner"], item=two, accepted=False)
    residencies.answer_hand_over(by=scene["owner"], item=two, accepted=False, missing="야간조")

    rows = HandOver.objects.of(scene["factory"])
    assert [(row.accepted_at is not None, row.refused) for row in rows] == [(True, ""), (False, "야간조")]


def test_look_back_is_asked_for_once_after_ninety_days(scene: dict[str, Any]) -> None:
    residency = scene["residency"]
    change = residencies.add_change(by=scene["mentor"], residency=residency, title="예열")
    end = residency.ends_on
    with pytest.raises(ResidencyRefused, match=r"from .* on"):
        residencies.look_back(by=scene["mentor"], residency=residency, words="x", holds={})

    for after in (89, 90, 91):
        tending.tend_residencies(seoul(end + timedelta(days=after), 12).astimezone(UTC))
        assert Task.objects.of(scene["factory"]).filter(kind="look_back").count() == (after >= 90)
    told = Notice.objects.filter(kind="residency", key__contains="look-back")
    assert {one.user for one in told} == {scene["mentor"], scene["owner"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "localdate", lambda *_: end + timedelta(days=90))
        with pytest.raises(ResidencyRefused, match="Only the mentor who was there"):
            residencies.look_back(by=scene["owner"], residency=residency, words="x", holds={})
        residencies.look_back(by=scene["mentor"], residency=residency, words="그대로", holds={str(change.key): True})
        with pytest.raises(ResidencyRefused, match="already"):
            residencies.look_back(by=scene["mentor"], residency=residency, words="또", holds={})

    residency.refresh_from_db()
    assert (residency.held, Task.objects.of(scene["factory"]).get().done_by) == (1, scene["mentor"])


def effect(key: str, **told: Any) -> Effect:
    known = {
        "title": Text(ko="x", en="x"),
        "url": "",
        "stage": "verified",
        "done_on": None,
        "confirmed_at": None,
        "holds": True,
    }
    return Effect(**known | {"key": key, "won": 100.0, "low": 60.0, "high": 130.0} | told)


def test_impact_is_of_verified_effects_that_are_named_only(scene: dict[str, Any], monkeypatch: Any) -> None:
    residency, today = scene["residency"], scene["today"]
    second = begin_residency(
        factory=scene["factory"], starts_on=today,
        mentor=Mentor.objects.of(scene["operator"]).create(organisation=scene["operator"], name="둘"),
    )  # fmt: skip
    rows = {
        "alone": effect("alone", done_on=today),
        "shared": effect("shared"),
        "lost": effect("lost", holds=False),
        "before": effect("before", done_on=residency.starts_on - timedelta(days=1)),
        "unnamed": effect("unnamed"),
    }
    monkeypatch.setattr(impact, "effects", lambda _factory: tuple(rows.values()))
    for name, mine in (
        ("alone", residency),
        ("shared", residency),
        ("shared", second),
        ("lost", residency),
        ("before", residency),
    ):
        Change.objects.of(scene["factory"]).create(
            factory=scene["factory"], residency=mine, title=name, on=today, lasting=name
        )

    impact.reckon(scene["factory"])

    residency.refresh_from_db()
    second.refresh_from_db()
    assert (residency.won, residency.effects, second.won, second.effects) == (150.0, 2, 50.0, 1)
    found = impact.impact_of([residency])
    assert (found.weeks, found.a_week) == (2, 75.0)
    assert found.low == pytest.approx(150 - (40**2 + 20**2) ** 0.5)
    assert found.high == pytest.approx(150 + (30**2 + 15**2) ** 0.5)
    assert impact.impact_of([]).a_week is None

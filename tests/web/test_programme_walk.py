"""From an empty database: operator, co-operative, owner, mentor and judges walk a call to its end by clicking only."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from jasang.web.jobs.worker import work
from jasang.web.programme import planning
from jasang.web.programme.models import Application, Payment, Residency, Stage
from jasang.web.tenants import below

from .clicking import Clicker

pytestmark = [pytest.mark.web, pytest.mark.django_db(transaction=True)]

NEW = {"password1": "tests-need-a-password", "password2": "tests-need-a-password"}


def joined(boss: Clicker, name: str, **given: str) -> Clicker:
    """Invite somebody on the page one is on, who then makes an account."""
    boss.send("", **given)
    return with_link(boss, name)


def with_link(boss: Clicker, name: str) -> Clicker:
    link = re.search(r"https?://testserver(/invitation/[^\"<\s]+)", boss.page)
    assert link is not None, boss.address
    person = Clicker(link.group(1))
    person.send("", username=name, **NEW)
    return person


def test_everybody_finds_the_way_from_an_empty_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SECONDS", 1.0)
    boss = Clicker(below.said_at_start("http://testserver").rpartition("http://testserver")[2])  # from the terminal
    boss.send("", username="boss", operator="운영기관", **NEW)
    boss.send("/organisations/new/", kind="cooperative", name="금형조합")
    boss.click("/people/")
    second = joined(boss, "second", role="programme_operator")
    mentor = joined(boss, "mentor", role="mentor")
    judges = [joined(boss, f"judge{number}", role="judge") for number in range(5)]

    # The co-operative takes in a factory; its owner comes by the link.
    boss.open("/")
    boss.click("/organisations/")
    boss.click("/organisations/") if not re.search(r"/o/\w+/people/", boss.page) else None
    coop_people = list(re.findall(r'href="(/o/\w+/people/)"', boss.page))
    boss.click(coop_people[-1])
    coop = joined(boss, "coop", role="coop_operator")
    coop.open("/")
    coop.click("/organisations/")
    coop.send("/factories/new/", name="한빛금형", region="경기")
    owner = with_link(coop, "owner")

    # A call.
    today = timezone.localdate()
    boss.open("/")
    boss.click("/calls/")
    boss.click("/calls/new/")
    boss.send("", title="고도화", closes_on=str(today + timedelta(days=30)), most_won="50,000,000")
    assert boss.says("알리지 않음")
    owner.open("/")
    owner.click("/level/")
    owner.click("/support/")
    assert owner.says("지금 신청할 수 있는 공고가 없습니다")
    boss.send("/publish/")

    # The owner applies.
    owner.open("/")
    owner.click("/level/")
    owner.click("/support/")
    call = re.search(r'href="(/f/\w+/support/calls/[^"]+)"', owner.page)
    assert call is not None
    owner.click(call.group(1))
    owner.send("", wish="버가 많이 납니다", cost="90000000", asked="40000000")
    for _ in range(2):
        file = SimpleUploadedFile("plan.pdf", b"%PDF-1.7 plan")
        missing = re.search(r"서류가 빠졌습니다: ([^<]+)", owner.page)
        assert missing is not None
        owner.send(
            "/papers/",
            files=file,
            title=next(
                one
                for one in re.findall(r'name="title" value="([^"]+)"', owner.page)
                if one.startswith(missing.group(1))
            ),
        )
    owner.send("/submit/")
    assert owner.says("신청 번호는 1번입니다")

    # Visit, judges, decision, plan.
    boss.open("/")
    boss.click("/applications/")
    boss.click(re.search(r'href="(/o/\w+/applications/[^"/]+/)"', boss.page).group(1))
    option = re.search(r'<option value="(\d+)">mentor</option>', boss.page)
    boss.send("/do/visitor/", visitor=option.group(1))
    mentor.open("/")
    mentor.click("/visits/")
    mentor.click(re.search(r'href="(/o/\w+/applications/[^"/]+/)"', mentor.page).group(1))
    mentor.send("/do/report/", found="프레스 4대", words="할 만합니다", feasible="yes")
    boss.open("/")
    boss.click("/calls/")
    boss.click(re.search(r'href="(/o/\w+/calls/[0-9a-f][^"/]+/)"', boss.page).group(1))
    boss.click("/ranking/")
    boss.send("/ranking/judges/", judge=re.findall(r'name="judge" value="(\d+)"', boss.page))
    for judge in judges:
        judge.open("/")
        judge.send(re.search(r'action="([^"]+/judging/calls/[^"]+)"', judge.page).group(1), sure="yes")
        judge.click(re.search(r'href="(/o/\w+/judging/\d+/)"', judge.page).group(1))
        points = {
            name.replace("-", "__"): most
            for name, most in re.findall(r'name="(points-[\w-]+)" min="0" max="(\d+)"', judge.page)
        }
        judge.send("", **points, **{name.replace("points", "reason"): "근거가 좋습니다" for name in points})
        assert judge.says("점수를 저장했습니다")
    boss.click(re.search(r'href="(/o/\w+/calls/[^"/]+/)"', boss.page).group(1))
    boss.click("/ranking/")
    boss.send("/ranking/decide/")
    boss.click(re.search(r'href="(/o/\w+/calls/[^"/]+/)"', boss.page).group(1))
    boss.click(re.search(r'href="(/o/\w+/applications/[^"/]+/)"', boss.page).group(1))
    boss.send("/do/plan/", plan="센서부터", milestones="설치 = 40,000,000")
    boss.send("/do/go-on/")

    # Money: claimed, seen, paid by another person.
    owner.open("/")
    owner.click("/level/")
    owner.click("/support/")
    owner.click(re.search(r'href="(/f/\w+/support/applications/[^"/]+/)"', owner.page).group(1))
    owner.send("/claim/", words="달았습니다", own_paid="50000000")
    boss.open(boss.address)
    boss.send("/do/reach/")
    second.open("/")
    second.click("/money/")
    second.click(re.search(r'href="(/o/\w+/applications/[^"/]+/)"', second.page).group(1))
    second.send("/do/pay/")
    for _ in range(3):
        boss.send("/do/go-on/")
    assert Application.objects.of_every_organisation().get().stage == Stage.CLOSED
    assert Payment.objects.of_every_organisation().get().amount == 40_000_000

    # A mentor's profile, a plan, the answer, the residency.
    mentor.open("/")
    mentor.click("/offers/")
    mentor.click("/mentors/me/")
    mentor.send("", name="김멘토", region="경기", skill_process="1.0")
    boss.open("/")
    boss.click("/planning/")
    boss.send("/planning/ask/", cohort=re.search(r'<option value="([0-9a-f-]{36})"', boss.page).group(1))
    work(until_empty=True)
    boss.open(boss.address)
    boss.send("/do/offer/")
    mentor.open("/")
    mentor.click("/offers/")
    mentor.send(re.search(r'action="(/o/\w+/offers/[^"]+)"', mentor.page).group(1), answer="accept")
    boss.open(boss.address)
    boss.send("/do/take/")
    assert Residency.objects.of_every_factory().get().factory.name == "한빛금형"

    # The survey of the cohort.
    boss.open("/")
    boss.click("/cohorts/")
    boss.click(re.search(r'href="(/o/\w+/cohorts/[^"/]+/)"', boss.page).group(1))
    boss.send("/survey/")
    work(until_empty=True)
    boss.open(boss.address)
    assert boss.says("한빛금형")

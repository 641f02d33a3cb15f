"""The people of a programme for tests: operator, second person, owner, mentor, judges, co-operative, auditor, and a call."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from jasang.web.programme import applications as steps
from jasang.web.programme import calls, judging, money
from jasang.web.programme.models import Application, Call, Milestone
from jasang.web.tenants.models import Factory, OrganisationKind, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_organisation

GRANT = 40_000_000


def account(name: str) -> Any:
    """The account of that name."""
    return set_up_account(user_name=name, password=None)[0]


def browser(user: Any) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


class Cast:
    """An operator with a co-operative, its factory, and everybody who has to do with an application."""

    def __init__(self, *, documents: Any = (), budget: int | None = None) -> None:
        self.operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
        self.coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=self.operator)
        self.factory = Factory.objects.create(name="주식회사 한빛금형", organisation=self.coop, region="경기")
        names = ("owner", "engineer", "runner", "second", "mentor", "coop", "auditor")
        self.people = {name: account(name) for name in names}
        add_member(user=self.people["owner"], factory=self.factory, role=Role.OWNER)
        add_member(user=self.people["engineer"], factory=self.factory, role=Role.ENGINEER)
        for name, place, role in (
            ("runner", self.operator, Role.PROGRAMME_OPERATOR), ("second", self.operator, Role.PROGRAMME_OPERATOR),
            ("mentor", self.operator, Role.MENTOR), ("auditor", self.operator, Role.AUDITOR),
            ("coop", self.coop, Role.COOP_OPERATOR),
        ):  # fmt: skip
            appoint(user=self.people[name], organisation=place, role=role)
        self.judges = [account(f"judge{number}") for number in range(6)]
        for judge in self.judges:
            appoint(user=judge, organisation=self.operator, role=Role.JUDGE)
        self.call = self.open_call(documents=documents, budget=budget)

    def __getitem__(self, name: str) -> Any:
        return self.people[name]

    def browser(self, name: str) -> Client:
        """This person's browser."""
        return browser(self.people[name])

    def open_call(self, **more: Any) -> Call:
        """A published call that is open today."""
        today = timezone.localdate()
        call = calls.make_call(
            by=self["runner"], organisation=self.operator, cohort_name="2026", title="고도화", opens_on=today,
            closes_on=today + timedelta(days=30), most_won=50_000_000, **more,
        )  # fmt: skip
        return calls.publish_call(by=self["runner"], call=call)

    def another(self, name: str, asked: int = GRANT) -> Application:
        """Another factory of the co-operative, whose owner applied."""
        factory = Factory.objects.create(name=name, organisation=self.coop, region="부산")
        owner = account(f"owner of {name}")
        add_member(user=owner, factory=factory, role=Role.OWNER)
        return steps.apply(
            by=owner, factory=factory, call=self.call, wish=f"{name}의 불량", cost=90_000_000, asked=asked
        )

    def apply(self) -> Application:
        """The factory's application, handed in."""
        return steps.apply(
            by=self["owner"],
            factory=self.factory,
            call=self.call,
            wish="한빛금형의 치수 불량",
            cost=90_000_000,
            asked=GRANT,
        )

    def visited(self, application: Application) -> Application:
        """A mentor was there."""
        steps.send_visitor(by=self["runner"], application=application, visitor=self["mentor"])
        return steps.record_visit(
            by=self["mentor"],
            application=application,
            feasible=True,
            words="할 만합니다",
            report={"found": "프레스 4대"},
        )

    def judged(self, application: Application, points: list[int]) -> Application:
        """Judges gave these points."""
        judging.call_judges(by=self["runner"], application=application, judges=self.judges)
        for judge, whole in zip(self.judges, points, strict=False):
            judging.declare(by=judge, application=application, conflict=False)
            judging.judge(by=judge, application=application, **points_of(whole))
        return application

    def planned(self, application: Application) -> list[Milestone]:
        """From visit to plan with two milestones."""
        self.judged(self.visited(application), [70, 80, 90, 60, 75])
        judging.decide(by=self["runner"], application=application, granted=GRANT)
        day = timezone.localdate()
        steps.agree_plan(
            by=self["runner"], application=application, plan="계획",
            milestones=[("설치", 15_000_000, day), ("가동", 25_000_000, day)],
        )  # fmt: skip
        return list(Milestone.objects.of(self.operator).filter(application=application))

    def claimed(self, milestone: Milestone, own_paid: int = 50_000_000) -> Any:
        """The owner asks for the money; a mentor saw it reached."""
        made = money.claim(by=self["owner"], milestone=milestone, request=f"claim-{milestone.pk}", own_paid=own_paid)
        money.reach_milestone(by=self["mentor"], milestone=milestone)
        return made


def points_of(whole: int) -> dict[str, Any]:
    """Points by criterion that add up to this, each with a reason."""
    scores: dict[str, int] = {}
    for one in calls.CRITERIA:
        scores[one["id"]] = min(one["most"], whole - sum(scores.values()))
    return {"scores": scores, "reasons": dict.fromkeys(scores, "근거")}

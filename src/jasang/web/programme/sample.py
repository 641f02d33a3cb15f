"""A made programme: co-operatives, factories, mentors, applications and levels, the same for the same seed."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.jobs.sampling import fill_other_areas
from jasang.web.programme.calls import CRITERIA, DOCUMENTS
from jasang.web.programme.models import (
    Application,
    Call,
    Claim,
    Cohort,
    Mentor,
    Milestone,
    Payment,
    Stage,
    Standing,
)
from jasang.web.programme.sample_course import levels, residencies
from jasang.web.programme.sample_judging import judge_sample
from jasang.web.tenants.models import Factory, Organisation, OrganisationKind, Role
from jasang.web.tenants.services import appoint, set_up_organisation

NAME = "견본 스마트공장 사업"
SKILLS = ("process", "data", "equipment", "quality", "planning", "energy")
# Trades with their KSIC codes, and how the names of their factories end.
_TRADES = (
    ("금형", "C29294", ("금형", "몰드")),
    ("주물", "C24311", ("주물", "캐스팅")),
    ("도금", "C25922", ("도금", "표면처리")),
    ("사출", "C22241", ("프라텍", "폴리머")),
    ("프레스", "C25914", ("프레스", "정밀")),
    ("열처리", "C25921", ("열처리", "메탈")),
    ("전자부품", "C26299", ("전자", "일렉")),
    ("자동차부품", "C30399", ("오토텍", "모터스")),
    ("식품", "C10799", ("식품", "푸드")),
    ("섬유", "C13999", ("섬유", "텍스타일")),
    ("화장품", "C20423", ("코스메틱", "바이오")),
    ("기계", "C29199", ("기계", "엔지니어링")),
)  # fmt: skip
_HEADS = (
    "대한", "한일", "동양", "삼우", "세진", "우성", "태광", "신흥", "유진", "성원",
    "경동", "대영", "한빛", "미래", "정우", "광명",
    "대성", "삼진", "영진", "동아", "서광",
    "현대정", "금강", "청우", "보성", "진양", "남양", "화신", "일신", "동진",
)  # fmt: skip
_FAMILY, _GIVEN = (
    "김이박최정강조윤장임한오서신권황안송류홍",
    ("민준", "서연", "도윤", "지우", "하준", "수빈", "현우", "지민", "준호", "은정"),
)
# Where factories are, in per mille: most round Seoul and in the south-east.
_PLACES = {
    "경기": 340, "경남": 105, "인천": 90, "경북": 75, "부산": 70, "대구": 60, "충남": 55, "충북": 45, "서울": 40, "전북": 28,
    "광주": 25,
    "울산": 22, "전남": 18, "대전": 14, "강원": 8, "세종": 3, "제주": 2,
}  # fmt: skip
_STAGES = (
    Stage.APPLIED,
    Stage.VISITED,
    Stage.APPROVED,
    Stage.PLANNED,
    Stage.BUILDING,
    Stage.OPERATING,
    Stage.AFTERCARE,
)
_WISHES = {
    "금형": "시사출을 네댓 번 하고서야 금형이 나갑니다. 두 번으로 줄이고 싶습니다.",
    "주물": "기공 불량이 8%입니다. 어느 조건에서 생기는지 알고 싶습니다.",
    "도금": "두께가 고르지 않아 다시 도금하는 일이 많습니다.",
    "사출": "아침 첫 한 시간에 미성형이 몰립니다. 건조와 온도를 데이터로 보고 싶습니다.",
    "프레스": "금형을 바꾸는 데 한 시간 넘게 걸리고, 갑자기 서는 일이 잦습니다.",
    "열처리": "로트마다 경도가 다릅니다. 온도 기록을 손으로 적고 있습니다.",
    "전자부품": "납땜 불량을 눈으로만 찾습니다. 원인을 공정에서 잡고 싶습니다.",
    "자동차부품": "고객사가 로트 추적을 요구합니다. 지금은 종이로 찾는 데 반나절이 걸립니다.",
    "식품": "포장기 정지가 하루 스무 번입니다. 왜 서는지 기록이 없습니다.",
    "섬유": "염색 색상 차이로 되돌아오는 물량이 많습니다.",
    "화장품": "충전량이 들쭉날쭉해 원료가 더 들어갑니다.",
    "기계": "납기를 자주 넘깁니다. 작업 순서를 사람이 기억으로 정합니다.",
}
_BATCH = 1000


class SampleThere(JasangError):
    """The sample programme was made before."""


class NoSample(JasangError):
    """The sample programme was not made yet."""


@transaction.atomic
def make_sample(
    *, factories: int, mentors: int, seed: int = 1, today: date | None = None, course: bool = True
) -> Organisation:
    """Make the sample programme, whole or not at all; its operator. Without `course` no mentor has been anywhere yet and the
    other areas know nothing of the factories. Raises `SampleThere` where there is one.
    """
    if Organisation.objects.filter(name=NAME).exists():
        raise SampleThere(ko=f"'{NAME}'이(가) 이미 있습니다.", en=f"{NAME!r} is there already.")
    draw, day = Random(seed), today or timezone.localdate()
    operator = set_up_organisation(name=NAME, kind=OrganisationKind.OPERATOR)
    made = _factories(draw, operator, factories)
    cohort = Cohort.objects.of(operator).create(organisation=operator, name=f"{day.year}", year=day.year)
    call = Call.objects.of(operator).create(
        organisation=operator, cohort=cohort, title=f"{day.year} 고도화 지원", opens_on=day - timedelta(days=240),
        closes_on=day + timedelta(days=30), most_won=100_000_000, most_share=Decimal("0.5"),
        published_at=timezone.now() - timedelta(days=240), documents=list(DOCUMENTS), criteria=list(CRITERIA),
    )  # fmt: skip
    standings, known = levels(draw, made, cohort, day)
    _money(draw, made, standings, call, day)
    _mentors(draw, operator, mentors)
    if course:
        residencies(draw, operator, known, day)
        fill_other_areas(operator=operator, made=known, seed=seed, day=day)
    for standing, one in zip(standings, known, strict=True):
        holding = [action for action in one.actions if action.holds]
        standing.effects, standing.effect = len(holding), sum(action.won for action in holding)
    Standing.objects.under(operator).bulk_create(standings, batch_size=_BATCH)
    return operator


@transaction.atomic
def hand_over(user: AbstractBaseUser) -> Organisation:
    """The person runs the sample, answers at its centre, and their factories without a co-operative join one of it.

    Returns the sample's operator. Raises `NoSample` where none was made. Doing it again changes nothing.
    """
    operator = Organisation.objects.filter(name=NAME, kind=OrganisationKind.OPERATOR).first()
    if operator is None:
        raise NoSample(ko="견본 사업이 아직 없습니다.", en="There is no sample programme yet.")
    appoint(user=user, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    for centre in Organisation.objects.filter(parent=operator, kind=OrganisationKind.CENTRE):
        appoint(user=user, organisation=centre, role=Role.AGENT)
    coop = Organisation.objects.filter(parent=operator, kind=OrganisationKind.COOPERATIVE).order_by("pk").first()
    Factory.objects.filter(memberships__user=user, organisation=None).update(organisation=coop)
    return operator


def _factories(draw: Random, operator: Organisation, count: int) -> list[Factory]:
    coops = [
        (set_up_organisation(name=f"한국{trade}공업협동조합", kind=OrganisationKind.COOPERATIVE, parent=operator, industry=code),
         code, ends)
        for trade, code, ends in _TRADES
    ]  # fmt: skip
    rows, seen = [], set()
    for number in range(count):
        coop, code, ends = draw.choice(coops)
        name = f"{draw.choice(_HEADS)}{draw.choice(ends)}"
        if name in seen:
            name = f"{name} {number + 1}공장"
        seen.add(name)
        region = draw.choices(list(_PLACES), weights=list(_PLACES.values()))[0]
        people = max(5, round(draw.lognormvariate(3.4, 0.7)))
        rows.append(Factory(name=name, organisation=coop, region=region, industry=code, employees=people))
    return list(Factory.objects.bulk_create(rows, batch_size=_BATCH))


def _money(draw: Random, factories: list[Factory], standings: list[Standing], call: Call, day: date) -> None:
    operator = call.organisation
    wishes = {code: _WISHES[trade] for trade, code, _ in _TRADES}
    applications = []
    for number, factory in enumerate(factories, start=1):
        stage = draw.choice(_STAGES)
        cost = draw.randrange(20, 240) * 1_000_000
        asked = min(call.most_won, cost // 2)
        granted = 0 if stage in (Stage.APPLIED, Stage.VISITED) else asked
        applications.append(
            Application(organisation=operator, call=call, factory=factory, stage=stage, cost=cost, asked=asked,
                        granted=granted, wish=wishes[factory.industry], number=number,
                        applied_at=timezone.now() - timedelta(days=draw.randrange(200)),
                        due_on=day + timedelta(days=draw.randrange(-5, 120)))
        )  # fmt: skip
    applications = Application.objects.of(operator).bulk_create(applications, batch_size=_BATCH)
    judge_sample(Random(len(factories)), applications, call, day)
    planned = [one for one in applications if _STAGES.index(one.stage) >= _STAGES.index(Stage.PLANNED)]
    now = timezone.now()
    milestones = []
    for one in planned:
        reached = _STAGES.index(one.stage) - _STAGES.index(Stage.PLANNED)
        for place, (title, amount) in enumerate((("설치", one.granted // 2), ("가동", one.granted - one.granted // 2))):
            milestones.append(
                Milestone(organisation=operator, application=one, place=place, title=title, amount=amount,
                          due_on=one.due_on, reached_at=now if place < reached else None)
            )  # fmt: skip
    milestones = Milestone.objects.of(operator).bulk_create(milestones, batch_size=_BATCH)
    payments = [
        Payment(organisation=operator, application=one.application, milestone=one, amount=one.amount, request=f"sample-{one.pk}")
        for one in milestones
        if one.reached_at is not None
    ]  # fmt: skip
    payments = Payment.objects.of(operator).bulk_create(payments, batch_size=_BATCH)
    apart = Random(len(factories))  # of its own, so that the figures stay as they are
    for one in payments:
        one.paid_at = now - timedelta(days=apart.randrange(3, 150))
    Payment.objects.of(operator).bulk_update(payments, ["paid_at"], batch_size=200)
    waiting = [one for one in milestones if one.reached_at is None and one.application.stage == Stage.BUILDING]
    Claim.objects.of(operator).bulk_create(
        Claim(organisation=operator, application=one.application, milestone=one, request=f"sample-claim-{one.pk}",
              own_paid=one.application.cost // 4, words="설치를 마치고 시운전까지 했습니다. 거래명세서를 붙입니다.")
        for one in apart.sample(waiting, min(12, len(waiting)))
    )  # fmt: skip
    paid: dict[int, int] = {}
    for payment in payments:
        factory_id = payment.application.factory_id
        paid[factory_id] = paid.get(factory_id, 0) + payment.amount
    for application, standing in zip(applications, standings, strict=True):
        standing.granted, standing.paid = application.granted, paid.get(application.factory_id, 0)


def _mentors(draw: Random, operator: Organisation, count: int) -> None:
    regions, weights = list(_PLACES), list(_PLACES.values())
    Mentor.objects.of(operator).bulk_create(
        [
            Mentor(
                organisation=operator,
                name=f"{draw.choice(_FAMILY)}{draw.choice(_GIVEN)} {number + 1}",
                region=draw.choices(regions, weights=weights)[0],
                skills={skill: round(draw.uniform(0.5, 1.0), 2) for skill in draw.sample(SKILLS, 3)},
                languages=["ko", "en"] if draw.random() < 0.3 else ["ko"],
                days=draw.randrange(100, 220, 10),
                leads=draw.random() < 0.4,
            )
            for number in range(count)
        ],
        batch_size=_BATCH,
    )

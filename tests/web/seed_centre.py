"""A script for a portal of its own: a centre in full work, an empty one, and factories with one case, many and none."""

import os
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal_settings")
import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from jasang.mentor import shapes  # noqa: E402
from jasang.plant.text import Text  # noqa: E402
from jasang.web.center import article_services, difficulties, report, search_keeping, services, serving, visits  # noqa: E402
from jasang.web.center.models import Case, Difficulty, Queue  # noqa: E402
from jasang.web.jobs.announcing import Subject  # noqa: E402
from jasang.web.tenants.models import OrganisationKind, Role  # noqa: E402
from jasang.web.tenants.services import (  # noqa: E402
    add_member,
    appoint,
    set_up_account,
    set_up_factory,
    set_up_organisation,
)

PASSWORD = "tests-need-a-password"
TITLES = (
    "사출 3호기 제품 끝이 덜 차서 나옵니다", "도금 두께가 얇음", "PLC 연결이 자꾸 끊깁니다", "금형 온도가 아침마다 오름",
    "프레스 소음이 커졌는데 아주 긴 제목을 적는 사람도 있어서 두 줄이 넘게 적어 보면 어떻게 되는지 보려고 합니다",
)  # fmt: skip


def account(name: str) -> object:
    return set_up_account(user_name=name, password=PASSWORD)[0]


def step(rises: bool) -> bytes:
    found = shapes.profile(range(200), [float((at > 100) == rises) + 0.05 * (at % 7) for at in range(200)])
    if found is None:
        raise RuntimeError("a step has a shape")
    return shapes.packed(found)


@transaction.atomic
def main() -> None:
    """Fill the portal of JASANG_HOME."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="한국금형공업협동조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    centre = set_up_organisation(name="스마트365센터", kind=OrganisationKind.CENTRE, parent=operator)
    empty = set_up_organisation(name="새 센터", kind=OrganisationKind.CENTRE, parent=operator)
    appoint(user=account("boss"), organisation=operator, role=Role.PROGRAMME_OPERATOR)
    appoint(user=account("newboss"), organisation=empty, role=Role.PROGRAMME_OPERATOR)
    serving.set_up_centre(organisation=centre, address="help@centre.example")
    Queue.objects.of(centre).update(hours={"timezone": "Asia/Seoul", "shifts": []})
    serving.add_queue(centre=centre, name="도금 상담", skills=["도금", "SPC"], rules=["drift"], place=1)
    serving.add_macro(
        centre=centre, name="재시동", text_ko="{factory} 담당자님, 전원을 껐다 켜 주세요.", text_en="Please restart."
    )
    agents = [
        serving.add_agent(
            user=account(name), centre=centre, languages=["ko", "en"], skills=["도금", "SPC"], most_open=500
        )
        for name in ("agent", "lee")
    ]
    now = timezone.now()
    for agent in agents:
        serving.put_on_duty(agent=agent, start=now - timedelta(hours=1), end=now + timedelta(hours=9), lead=True)
    factories = [set_up_factory(name=name) for name in ("대한정밀", "가나금형", "한빛사출", "조용한공장")]
    for factory, name in zip(factories, ("worker", "second", "third", "quiet"), strict=True):
        factory.organisation = coop
        factory.save()
        add_member(user=account(name), factory=factory, role=Role.OWNER)
    fill(factories, agents[0])
    difficulties.cluster()
    for one in Difficulty.objects.of(centre):
        difficulties.answer(
            difficulty=one,
            user=agents[0].user,
            ko="핫러너 팁 온도를 10도 올리고 필터를 갈아 주세요.",
            en="Raise the tips by 10 °C.",
        )
        difficulties.set_state(difficulty=one, user=agents[0].user, state=difficulties.DifficultyState.CLOSED)
    article = article_services.write_article(
        centre=centre, user=agents[0].user, title_ko="미성형이 날 때", body_ko="보압과 팁 온도를 보세요.", title_en="Short shots",
        body_en="Look at holding pressure.",
    )  # fmt: skip
    article_services.publish(article=article, published=True)
    while report.keep_sums():
        pass
    search_keeping.catch_up()


def fill(factories: list, agent: object) -> None:
    """Thirty cases of the first factory in all states, and one difficulty of three."""
    worker = account("worker")
    about = Subject(
        kind="finding", key="x", title=Text(ko="주조 압력이 올라감", en="Casting pressure rose"), url="/", severity="act",
        document={"rule": "drift", "subject": {"column": "cast_pressure"}, "action": {"ko": "보압 확인", "en": "Look."}},
        signal=step(True),
    )  # fmt: skip
    for number in range(30):
        case = services.open_case(
            factory=factories[0], title=TITLES[number % len(TITLES)], text="언제부터인지 모르겠습니다.\n어제부터 심합니다.",
            user=worker, priority=1 + number % 4, subject=about if number % 10 == 0 else None,
        )  # fmt: skip
        if number % 3:
            services.answer(
                case=case, user=agent.user, text="보압과 온도를 확인해 주세요.", step=("asked", "solved")[number % 2]
            )
    late = Case.objects.of(factories[0]).order_by("pk")[:3]
    hours = timezone.now() - timedelta(hours=3)
    Case.objects.of(factories[0]).filter(pk__in=[one.pk for one in late]).update(due=hours, answer_due=hours)
    visits.agree(
        case=late[0],
        agent=agent,
        user=agent.user,
        kind="visit",
        start=timezone.now() + timedelta(days=1),
        minutes=60,
        place="2층",
    )
    services.note(case=late[0], user=agent.user, text="@lee 금형 담당에게 물어보세요.")
    for factory in factories[:3]:
        services.open_case(
            factory=factory,
            title="핫러너 팁 막힘",
            text="핫러너 팁이 막혀서 미성형이 나옵니다",
            user=factory.memberships.get().user,
        )


if __name__ == "__main__":
    main()

"""How fast the pages of the 365 centre are with many cases.

    JASANG_HOME=/tmp/x python benchmarks/center_pages.py [cases] [factories]

Makes the cases (each with three events) in the portal of JASANG_HOME, then asks for each page 40 times and prints median and
95th percentile in milliseconds, and the number of queries.
"""

import os
import random
import statistics
import sys
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jasang.web.settings")
os.environ["JASANG_SECOND_FACTOR"] = "off"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, reset_queries, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from jasang.web.center import serving  # noqa: E402
from jasang.web.center.clock import terms_document  # noqa: E402
from jasang.web.center.models import Agent, Case, CaseState, Event, Queue  # noqa: E402
from jasang.web.tenants.models import Factory, OrganisationKind  # noqa: E402
from jasang.web.tenants.services import add_member, set_up_account, set_up_organisation  # noqa: E402

TITLES = ("사출기가 멈춤", "치수가 커짐", "도금 두께 불량", "PLC 연결 끊김", "금형 온도가 오름", "불량률 상승")


@transaction.atomic
def fill(cases: int, factories: int) -> tuple[object, list[Agent]]:
    """A centre with 20 agents and its cases; two of a hundred are open."""
    draw = random.Random(1)
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    centre = set_up_organisation(name="365센터", kind=OrganisationKind.CENTRE, parent=operator)
    kept = serving.set_up_centre(organisation=centre, address="help@centre.example")
    coop = set_up_organisation(name="조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    made = Factory.objects.bulk_create(Factory(name=f"공장 {n:04}", organisation=coop) for n in range(factories))
    agents = [
        serving.add_agent(user=set_up_account(user_name=f"agent{n}", password=None)[0], centre=centre, languages=["ko"])
        for n in range(20)
    ]
    queue, now = Queue.objects.of(centre).get(), timezone.now()
    data = {"terms": terms_document(queue, 3)}
    for first in range(0, cases, 5000):
        rows = []
        for number in range(first, min(cases, first + 5000)):
            opened = now - timedelta(minutes=5 * (cases - number))
            open_now = draw.random() < 0.02
            rows.append(
                Case(
                    centre=centre,
                    factory=draw.choice(made),
                    number=number + 1,
                    title=draw.choice(TITLES),
                    queue=queue,
                    agent=draw.choice(agents),
                    state=CaseState.OPEN if open_now else CaseState.CLOSED,
                    opened_at=opened,
                    changed_at=opened + timedelta(hours=3),
                    answered_at=opened + timedelta(hours=1),
                    events=3,
                    due=now + timedelta(minutes=draw.randint(-600, 3000)) if open_now else None,
                    stars=None if open_now else draw.choice([None, 3, 4, 5]),
                    solve_late=draw.random() < 0.1,
                )
            )
        Case.objects.at(centre).bulk_create(rows, batch_size=500)
        events = [
            Event(
                centre=centre, factory=case.factory, case=case, place=place, kind=kind,
                at=case.opened_at + timedelta(hours=place),
                channel="page", text="보압과 금형 온도를 확인해 주세요. ", data=data if place == 0 else {}, ours=place > 0,
            )
            for case in rows
            for place, kind in enumerate(("opened", "answered", "solved"))
        ]  # fmt: skip
        Event.objects.at(centre).bulk_create(events, batch_size=800)
    kept.last_number = cases
    kept.save()
    return centre, agents


def main() -> None:
    """Fill and measure."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    factories = int(sys.argv[2]) if len(sys.argv) > 2 else 2165
    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    centre, agents = fill(cases, factories)
    connection.cursor().execute("ANALYZE")
    print(f"{cases} cases, {3 * cases} events, {factories} factories: filled in {time.perf_counter() - begun:.0f} s")
    member, desk = Client(), Client()
    user, _ = set_up_account(user_name="member", password=None)
    case = Case.objects.at(centre).order_by("-pk").first()
    add_member(user=user, factory=case.factory)
    member.force_login(user)
    desk.force_login(agents[0].user)
    own, theirs = [case.factory.key], [centre.key]
    pages = {
        "factory's list": (member, reverse("center:cases", args=own)),
        "factory's case": (member, reverse("center:case", args=[*own, case.key])),
        "desk, open": (desk, reverse("center:desk", args=theirs)),
        "desk, late": (desk, reverse("center:desk", args=theirs) + "?view=late"),
        "desk, done": (desk, reverse("center:desk", args=theirs) + "?view=done"),
        "desk, all, page 1000": (desk, reverse("center:desk", args=theirs) + "?view=all&page=1000"),
        "desk, words in all": (desk, reverse("center:desk", args=theirs) + "?view=all&words=도금"),
        "agent's case": (desk, reverse("center:agent-case", args=[*theirs, case.key])),
        "rota": (desk, reverse("center:rota", args=theirs)),
        "report": (desk, reverse("center:report", args=theirs)),
    }
    for name, (client, address) in pages.items():
        client.get(address)
        connection.force_debug_cursor = True
        reset_queries()
        client.get(address)
        queries = len(connection.queries)
        connection.force_debug_cursor = False
        times = []
        for _ in range(40):
            start = time.perf_counter()
            answer = client.get(address)
            times.append(1000 * (time.perf_counter() - start))
            assert answer.status_code == 200, (name, answer.status_code)
        print(
            f"{name:24} median {statistics.median(times):7.1f} ms  p95 {sorted(times)[37]:7.1f} ms  {queries} queries"
        )


if __name__ == "__main__":
    main()

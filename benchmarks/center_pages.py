"""How fast the pages of the 365 centre are with many cases and many people at once, asked over the loopback.

    python -m benchmarks.center_pages                       # all: 100,000 cases, 1 M events, 20 users, on SQLite
    python -m benchmarks.center_pages --postgres            # the same on a PostgreSQL of its own
    python -m benchmarks.center_pages --postgres ADDRESS    # on one that runs; filled once, used again
    python -m benchmarks.center_pages --home /tmp/x ...     # keeps the data there, and uses them again

Fills a portal, starts `jasang-portal serve` as it is, and lets that many people ask one page after another for that many seconds,
each with a pause of one second (a person reads; `--pause 0` presses as fast as it can). Prints for each page: median and
95th percentile over the loopback in milliseconds, queries, and milliseconds of processor time when it is asked alone.
"""

import argparse
import http.client
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

TITLES = ("사출기가 멈춤", "치수가 커짐", "도금 두께 불량", "PLC 연결 끊김", "금형 온도가 오름", "불량률 상승")
KINDS = ("opened", "assign", "answered", "customer", "note", "asked", "customer", "answered", "solved", "rate")
TEXT = "보압과 금형 온도를 확인해 주세요. 어제 오후부터 그렇습니다. "


def main() -> None:
    """Fill, serve, ask, print."""
    given = _arguments()
    home = Path(given.home or tempfile.mkdtemp(prefix="jasang-centre-"))
    os.environ |= {
        "JASANG_HOME": str(home), "JASANG_SECOND_FACTOR": "off", "DJANGO_SETTINGS_MODULE": "jasang.web.settings",
        "JASANG_LOG_LEVEL": "ERROR",
    }  # fmt: skip
    with _database(given.postgres) as url:
        os.environ["JASANG_DATABASE_URL"] = url
        import django  # noqa: PLC0415 - the settings read the environment

        django.setup()
        pages, cookies = _prepare(given)
        alone = _alone(pages, cookies)
        with _served(given) as port:
            answers = _ask(given, port, pages, cookies)
        _print(given, alone, answers)
    if not given.home:
        shutil.rmtree(home, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--factories", type=int, default=2165)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=1.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--postgres", nargs="?", const="own", default="", metavar="ADDRESS")
    parser.add_argument("--home", default="")
    return parser.parse_args()


@contextmanager
def _database(postgres: str) -> Iterator[str]:
    if postgres != "own":
        yield postgres
        return
    from tests.web.running import postgresql_server  # noqa: PLC0415

    yield from postgresql_server()


def _prepare(given: argparse.Namespace) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Pages (name → who, path) and the cookie of each of the two kinds of people."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415

    from jasang.web.center import report  # noqa: PLC0415
    from jasang.web.center.models import Agent, Case, Difficulty  # noqa: PLC0415
    from jasang.web.tenants.models import Organisation  # noqa: PLC0415
    from jasang.web.tenants.services import add_member, set_up_account  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    if not Organisation.objects.filter(name="365센터").exists():
        begun = time.perf_counter()
        _fill(given.cases, given.factories)
        while report.keep_sums():
            pass
        if given.postgres:  # it does so by itself sooner or later; SQLite never does, and plans better without
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        print(f"filled in {time.perf_counter() - begun:.0f} s", flush=True)
    centre = Organisation.objects.get(name="365센터")
    case = Case.objects.at(centre).order_by("-pk")[1000]
    shared = Difficulty.objects.of(centre).order_by("-factories").first()
    user, _made = set_up_account(user_name="member", password=None)
    add_member(user=user, factory=case.factory)
    cookies = {}
    for name, person in (("member", user), ("agent", Agent.objects.of(centre).first().user)):
        client = Client()
        client.force_login(person)
        cookies[name] = "; ".join(f"{key}={value.value}" for key, value in client.cookies.items())
    own, theirs = [case.factory.key], [centre.key]
    desk = reverse("center:desk", args=theirs)
    return {
        "factory's list": ("member", reverse("center:cases", args=own)),
        "factory's case": ("member", reverse("center:case", args=[*own, case.key])),
        "report a trouble": ("member", reverse("center:trouble", args=own)),
        "desk, open": ("agent", desk),
        "desk, late": ("agent", f"{desk}?view=late"),
        "desk, done": ("agent", f"{desk}?view=done"),
        "desk, all, page 1000": ("agent", f"{desk}?view=all&page=1000"),
        "desk, a word in all": ("agent", f"{desk}?view=all&words={quote('도금')}"),
        "agent's case": ("agent", reverse("center:agent-case", args=[*theirs, case.key])),
        "rota": ("agent", reverse("center:rota", args=theirs)),
        "report": ("agent", reverse("center:report", args=theirs)),
        "difficulties": ("agent", reverse("center:agent-difficulties", args=theirs)),
        "one difficulty": ("agent", reverse("center:agent-difficulty", args=[*theirs, shared.key])),
        "set up": ("agent", reverse("center:set-up", args=theirs)),
    }, cookies


def _fill(cases: int, factories: int) -> None:
    """A centre with 20 agents and its cases of ten events; two of a hundred are open, one of five has a signal's shape."""
    from django.db import transaction  # noqa: PLC0415

    from jasang.web.center import serving  # noqa: PLC0415
    from jasang.web.center.models import Queue  # noqa: PLC0415
    from jasang.web.tenants.models import Factory, OrganisationKind  # noqa: PLC0415
    from jasang.web.tenants.services import set_up_account, set_up_organisation  # noqa: PLC0415

    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    centre = set_up_organisation(name="365센터", kind=OrganisationKind.CENTRE, parent=operator)
    kept = serving.set_up_centre(organisation=centre, address="help@centre.example")
    coop = set_up_organisation(name="조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    made = Factory.objects.bulk_create(Factory(name=f"공장 {n:04}", organisation=coop) for n in range(factories))
    agents = [
        serving.add_agent(user=set_up_account(user_name=f"agent{n}", password=None)[0], centre=centre, languages=["ko"])
        for n in range(20)
    ]
    place = {"centre": centre, "queue": Queue.objects.of(centre).get(), "factories": made, "agents": agents}
    for first in range(0, cases, 5000):
        with transaction.atomic():
            _fill_some(range(first, min(cases, first + 5000)), cases, random.Random(first), **place)
    kept.last_number = cases
    kept.save()


def _fill_some(
    numbers: range, cases: int, draw: random.Random, *, centre: Any, queue: Any, factories: list, agents: list
) -> None:
    import numpy as np  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from jasang.mentor import shapes  # noqa: PLC0415
    from jasang.web.center.clock import terms_document  # noqa: PLC0415
    from jasang.web.center.models import Case, CaseState, Difficulty, Event, Sighting  # noqa: PLC0415

    now, data = timezone.now(), {"terms": terms_document(queue, 3)}
    rows = []
    for number in numbers:
        opened, active = now - timedelta(minutes=5 * (cases - number)), draw.random() < 0.02
        rows.append(
            Case(
                centre=centre, factory=draw.choice(factories), number=number + 1, title=draw.choice(TITLES), queue=queue,
                agent=draw.choice(agents), state=CaseState.OPEN if active else CaseState.CLOSED, opened_at=opened,
                changed_at=opened + timedelta(hours=3), answered_at=opened + timedelta(hours=1), events=len(KINDS),
                due=now + timedelta(minutes=draw.randint(-600, 3000)) if active else None,
                stars=None if active else draw.choice([None, 3, 4, 5]), solve_late=draw.random() < 0.1,
            )
        )  # fmt: skip
    Case.objects.at(centre).bulk_create(rows, batch_size=500)
    events = [
        Event(
            centre=centre, factory=case.factory, case=case, place=place, kind=kind, channel="page", text=TEXT,
            ours=place % 2 == 1, private=kind in ("note", "assign"), at=case.opened_at + timedelta(minutes=20 * place),
            data=data if place == 0 else {},
        )
        for case in rows
        for place, kind in enumerate(KINDS)
    ]  # fmt: skip
    Event.objects.at(centre).bulk_create(events, batch_size=900)
    random_walks = np.random.default_rng(numbers.start).normal(size=(len(rows), shapes.POINTS)).cumsum(axis=1)
    shared = [
        Difficulty.objects.of(centre).create(
            organisation=centre, title_ko=f"어려움 {numbers.start} {one}", first_at=rows[0].opened_at, last_at=rows[-1].opened_at,
            factories=draw.randint(3, 90), cases=20, words=["=금형", "=온도"],
        )
        for one in range(5)
    ]  # fmt: skip
    Sighting.objects.of_every_factory().bulk_create(
        [
            Sighting(
                centre=centre, factory=case.factory, case=case, at=case.opened_at, words=["=금형"], looked_at=True,
                difficulty=draw.choice(shared) if at % 50 == 0 else None,
                profile=shapes.packed((walk - walk.mean()) / walk.std()) if at % 5 == 0 else None,
            )
            for at, (case, walk) in enumerate(zip(rows, random_walks, strict=True))
        ],
        batch_size=500,
    )  # fmt: skip


def _alone(pages: dict[str, tuple[str, str]], cookies: dict[str, str]) -> dict[str, tuple[float, int]]:
    """Processor milliseconds (median of ten) and queries of each page, asked alone within this process."""
    from django.db import connection, reset_queries  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    found = {}
    for name, (who, path) in pages.items():
        client = Client(headers={"cookie": cookies[who]})
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {path} answers {answer.status_code}")
        connection.force_debug_cursor = True
        reset_queries()
        client.get(path)
        queries = len(connection.queries)
        connection.force_debug_cursor = False
        times = [_processor(lambda client=client, path=path: client.get(path)) for _ in range(10)]
        found[name] = (statistics.median(times), queries)
    return found


def _processor(done: Callable[[], Any]) -> float:
    begun = time.process_time()
    done()
    return 1000 * (time.process_time() - begun)


@contextmanager
def _served(given: argparse.Namespace) -> Iterator[int]:
    words = ["serve", "--port", "0", *(["--processes", str(given.processes)] if given.processes > 1 else [])]
    process = subprocess.Popen([sys.executable, "-m", "jasang.web.manage", *words], stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the server says nothing")
        line = process.stdout.readline().strip()
        yield int(line.rstrip("/").rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(timeout=60)


def _ask(
    given: argparse.Namespace, port: int, pages: dict[str, tuple[str, str]], cookies: dict[str, str]
) -> dict[str, list[float]]:
    """Milliseconds of every answer by page, after a first round that does not count."""
    found: dict[str, list[float]] = defaultdict(list)
    names = list(pages)
    over = time.monotonic() + given.seconds + 5

    def person(number: int) -> None:
        draw = random.Random(number)
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        time.sleep(draw.random() * max(given.pause, 0.2))
        counts_from = time.monotonic() + 5
        while time.monotonic() < over:
            name = draw.choice(names)
            who, path = pages[name]
            begun = time.perf_counter()
            line.request("GET", path, headers={"Cookie": cookies[who]})
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{name} answers {answer.status}")
            if time.monotonic() > counts_from:
                found[name].append(1000 * (time.perf_counter() - begun))
            time.sleep(given.pause * (0.5 + draw.random()))

    people = [threading.Thread(target=person, args=(number,)) for number in range(given.users)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return found


def _print(given: argparse.Namespace, alone: dict[str, tuple[float, int]], answers: dict[str, list[float]]) -> None:
    database = "PostgreSQL" if given.postgres else "SQLite"
    load = os.getloadavg()[0]
    print(
        f"{given.cases} cases, {len(KINDS) * given.cases} events, {given.factories} factories on {database}; "
        f"{given.users} users, pause {given.pause:g} s, {given.processes} processes; load {load:.1f}"
    )
    print("| page | median ms | 95 % ms | answers | processor ms alone | queries |\n|---|---|---|---|---|---|")
    for name, times in [*answers.items(), ("all", [one for its in answers.values() for one in its])]:
        ordered = sorted(times)
        used, queries = alone.get(name, (statistics.mean(one for one, _ in alone.values()), 0))
        print(
            f"| {name} | {statistics.median(ordered):.0f} | {ordered[int(0.95 * (len(ordered) - 1))]:.0f} | {len(ordered)} "
            f"| {used:.1f} | {queries or ''} |"
        )


if __name__ == "__main__":
    main()

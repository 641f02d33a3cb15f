"""How fast the operator's pages of the programme are with the whole sample: 2,165 factories, 200 mentors, a plan.

    python -m benchmarks.programme_pages [--factories 2165] [--mentors 200] [--times 12] [--home FOLDER]

Prints for each page the median and 95th percentile of the processor time of one call in one process, and its queries.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import date
from typing import Any


def main() -> None:
    """Make the programme (unless it is there), make a plan, call every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factories", type=int, default=2165)
    parser.add_argument("--mentors", type=int, default=200)
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--home", help="data folder, used again when it is there")
    given = parser.parse_args()
    os.environ["JASANG_HOME"] = given.home or tempfile.mkdtemp(prefix="jasang-programme-")
    os.environ |= {"JASANG_SECOND_FACTOR": "off", "DJANGO_SETTINGS_MODULE": "jasang.web.settings"}
    import django

    django.setup()
    client, pages = _made(given.factories, given.mentors)
    client.get(pages[0])  # the first call of all reads the program itself
    for page in pages:
        _measure(client, page, given.times)


def _made(factories: int, mentors: int) -> tuple[Any, list[str]]:
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from jasang.web.jobs.worker import work
    from jasang.web.programme import planning
    from jasang.web.programme.models import Application, Call, Cohort, Planning
    from jasang.web.programme.sample import NAME, make_sample
    from jasang.web.programme.sending import Wishes
    from jasang.web.tenants.models import Organisation, Role
    from jasang.web.tenants.services import appoint, set_up_account

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    operator = Organisation.objects.filter(name=NAME).first() or make_sample(factories=factories, mentors=mentors)
    user, _ = set_up_account(user_name="runner", password=None)
    appoint(user=user, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    call, cohort = Call.objects.of(operator).first(), Cohort.objects.of(operator).first()
    if not Planning.objects.of(operator).exists():
        planning.ask_for_plan(by=user, cohort=cohort, wishes=Wishes(starts_on=date(2027, 1, 4)))
        work(until_empty=True)
        planning.offer_plan(by=user, planning=Planning.objects.of(operator).get())
    client = Client()
    client.force_login(user)
    application, plan = Application.objects.of(operator).first(), Planning.objects.of(operator).first()
    pages = [
        "portfolio/", "calls/", f"calls/{call.key}/", f"calls/{call.key}/?page=40", f"calls/{call.key}/ranking/", "applications/",
        f"applications/{application.key}/", "money/", f"cohorts/{cohort.key}/", "factories/", "mentors/", "planning/",
        f"planning/{plan.key}/", "offers/",
    ]  # fmt: skip
    return client, [f"/o/{operator.key}/{page}" for page in pages]


def _measure(client: Any, page: str, times: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    spent = []
    for _ in range(times):
        with CaptureQueriesContext(connection) as queries:
            begin = time.process_time()
            answer = client.get(page)
            spent.append(1000 * (time.process_time() - begin))
        if answer.status_code != 200:
            raise SystemExit(f"{page}: status {answer.status_code}")
    spent.sort()
    late = spent[min(len(spent) - 1, round(0.95 * len(spent)))]
    sys.stdout.write(
        f"{page.split('/', 3)[3][:52]:54s}{statistics.median(spent):7.1f} ms {late:7.1f} ms {len(queries):4d}\n"
    )


if __name__ == "__main__":
    main()

"""The report's kept sums: always what the cases say, whatever happened when."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jasang.web.center import report, services
from jasang.web.center.models import Case, CentreDay

from .centre_people import account, agent_on_duty, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def from_cases(centre: Any) -> dict[str, Any]:
    """The report as if nothing were kept."""
    kept = list(CentreDay.objects.of(centre))
    CentreDay.objects.of(centre).delete()
    found = report.report(centre, timezone.now())
    CentreDay.objects.of(centre).bulk_create(kept)
    return found


def rounded(found: Any) -> Any:
    """The report with minutes to a millionth: sums in another order differ in the last digits."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return round(found, 6) if isinstance(found, float) else found


def test_kept_sums_are_those_of_the_cases_after_every_change(factory: Any, centre: Any) -> None:
    agent, draw = agent_on_duty(centre, most_open=500), random.Random(3)
    user = account("kim")
    now = timezone.now()
    for _ in range(24):
        case = opened(factory, user=user)
        at = now - timedelta(days=draw.randrange(90), hours=draw.randrange(24))
        Case.objects.of(factory).filter(pk=case.pk).update(opened_at=at, answer_late=draw.random() < 0.3)
    while report.keep_sums():
        pass
    assert rounded(report.report(centre, timezone.now())) == rounded(from_cases(centre))

    cases = list(Case.objects.of(factory).select_related("centre"))
    for number, case in enumerate(cases):
        services.answer(case=case, user=agent.user, text="x", step="solved" if number % 2 else "answered")
        if number % 3 == 0:
            services.rate(case=case, user=user, stars=1 + number % 5)
        if number % 7 == 0:
            report.keep_sums()
    services.merge(case=cases[0], into=cases[2], user=agent.user)
    found = report.report(centre, timezone.now())
    assert rounded(found) == rounded(from_cases(centre))
    assert found["all"]["answered"] > 10
    assert report.keep_sums() > 0
    assert rounded(report.report(centre, timezone.now())) == rounded(from_cases(centre))


def test_report_with_kept_sums_asks_twice(factory: Any, centre: Any) -> None:
    agent_on_duty(centre)
    opened(factory)
    while report.keep_sums():
        pass
    with CaptureQueriesContext(connection) as queries:
        found = report.report(centre, timezone.now())
    assert (len(queries), found["all"]["opened"], len(found["weeks"])) == (2, 1, 12)
    assert sum(week["opened"] for week in found["weeks"]) == 1


def test_new_centre_has_an_empty_report(centre: Any) -> None:
    found = report.report(centre, timezone.now())
    assert (found["all"]["opened"], found["stars"], found["answer_minutes"], found["queues"]) == (0, None, None, [])

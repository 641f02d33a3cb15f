"""From a finding one tap asks an analysis of its column; the address opens the form with the same choice."""

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jasang.web.floor.models import DiagnosedTable, Finding, Severity, StudyRun
from jasang.web.jobs import worker

pytestmark = [pytest.mark.web, pytest.mark.django_db]

ROWS = "".join(f"2026-03-0{1 + place // 24} {place % 24:02}:00,{10 + place * 7 % 5}\n" for place in range(192))


@pytest.fixture
def finding(factory: Any, member: Client) -> Finding:
    """A finding about a column of a diagnosed upload."""
    member.post(
        reverse("floor:files", args=[factory.key]),
        {"files": [SimpleUploadedFile("units.csv", f"time,pressure\n{ROWS}".encode())]},
    )
    worker.work(until_empty=True)
    table = DiagnosedTable.objects.of(factory).get()
    return Finding.objects.of(factory).create(
        factory=factory,
        diagnosis=table.diagnosis,
        place=900,
        rule="mean_shift",
        severity=Severity.ACT,
        table=table.file,
        column="pressure",
        text_ko="달라졌습니다.",
        text_en="It changed.",
        document={
            "evidence": [],
            "causes": [],
            "worth": None,
            "action": {"ko": "보세요.", "en": "Look.", "owner": "engineer"},
            "check": None,
        },
    )


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """Every one-tap question of a finding's page: where it goes, and what it sends."""
    found = []
    for address, body in re.findall(r'<form method="post" action="([^"]*/studies/ask/[^"]*)">(.*?)</form>', page, re.S):
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body)
        found.append((address, {name: html.unescape(value) for name, value in fields if "csrf" not in name}))
    return found


def test_one_tap_asks_and_a_second_one_asks_nothing_new(factory: Any, member: Client, finding: Finding) -> None:
    page = member.get(reverse("floor:finding", args=[factory.key, finding.key])).content.decode()
    address, fields = next(form for form in forms(page) if "/ask/chart/" in form[0])

    first = member.post(address, fields)
    second = member.post(address, fields)

    run = StudyRun.objects.of(factory).get()
    assert first.headers["Location"] == second.headers["Location"]
    assert (run.kind, run.options) == ("chart", {"table": "units.csv", "column": "pressure"})
    worker.work(until_empty=True)
    run.refresh_from_db()
    assert run.result is not None


def test_the_form_opens_with_the_choice_of_the_address(factory: Any, member: Client, finding: Finding) -> None:
    page = member.get(reverse("floor:finding", args=[factory.key, finding.key])).content.decode()
    address = html.unescape(re.search(r'href="([^"]*/ask/chart/\?[^"]*)"', page)[1])  # type: ignore[index]

    form = member.get(address).content.decode()

    assert re.findall(r"<option value=\"[^\"]*pressure\" selected>", form)


def test_an_answer_can_be_asked_again_with_another_choice(factory: Any, member: Client, finding: Finding) -> None:
    page = member.get(reverse("floor:finding", args=[factory.key, finding.key])).content.decode()
    address, fields = next(form for form in forms(page) if "/ask/chart/" in form[0])
    answer = member.post(address, fields | {"rules": "1"}).headers["Location"]
    worker.work(until_empty=True)

    again = html.unescape(re.search(r'href="([^"]*/ask/chart/\?[^"]*)"', member.get(answer).content.decode())[1])  # type: ignore[index]

    form = member.get(again).content.decode()
    assert '<option value="1" selected>' in form
    assert StudyRun.objects.of(factory).count() == 1


def test_an_older_version_is_not_looked_at_closer(factory: Any, member: Client, finding: Finding) -> None:
    member.post(
        reverse("floor:files", args=[factory.key]),
        {"files": [SimpleUploadedFile("units.csv", f"time,pressure\n{ROWS}2026-03-09 00:00,11\n".encode())]},
    )
    worker.work(until_empty=True)

    page = member.get(reverse("floor:finding", args=[factory.key, finding.key])).content.decode()

    assert forms(page) == []

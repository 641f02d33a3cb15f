"""The life of a finding on its page: taken on, done, measured by the worker, shared; new, still there or gone."""

import io
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.floor.models import Diagnosis, Finding, FindingLife, KnowHow, LifeEvent, Stage
from jasang.web.jobs import worker

from . import example

pytestmark = [pytest.mark.web, pytest.mark.django_db]

START = np.datetime64("2026-02-02T08:00", "s")
TROUBLE, MENDED = 25, 50  # days


@pytest.fixture(autouse=True)
def _quiet_worker(settings: Any) -> None:
    """The worker's heartbeat has a connection of its own, which cannot see the rows of a test's transaction."""
    settings.JOB_HEARTBEAT_SECONDS = 600


def csv(days: int, *, lost: int = 10_000) -> bytes:
    """Two machines, 80 units a day; INJ-01's mould is too cold from day 25 until it is mended on day 50."""
    rng = np.random.default_rng(4)
    out = io.StringIO()
    out.write("time,machine,mold_temp,verdict\n")
    for day in range(days):
        for unit in range(80):
            machine = "INJ-01" if unit % 2 == 0 else "INJ-02"
            bad = day >= TROUBLE and (day < MENDED or day >= lost) and machine == "INJ-01"
            moment = str(START + np.timedelta64(day * 86_400 + unit * 360, "s")).replace("T", " ")
            temperature = (57.0 if bad else 62.0) + rng.normal()
            verdict = "NG" if rng.random() < (0.08 if bad else 0.015) else "OK"
            out.write(f"{moment},{machine},{temperature:.2f},{verdict}\n")
    return out.getvalue().encode()


def upload(client: Client, factory: Any, content: bytes) -> Diagnosis:
    client.post(reverse("floor:files", args=[factory.key]), {"files": [SimpleUploadedFile("units.csv", content)]})
    worker.work(until_empty=True)
    return Diagnosis.objects.of(factory).latest("version")


def of_mould(factory: Any, diagnosis: Diagnosis) -> Finding:
    found = Finding.objects.of(factory).select_related("life").filter(diagnosis=diagnosis, column="mold_temp")
    return found.get(rule="mean_shift")


def address(name: str, factory: Any, finding: Finding) -> str:
    return reverse(f"floor:{name}", args=[factory.key, finding.key])


def act(client: Client, factory: Any, finding: Finding, day: str = "2026-03-24") -> Any:
    return client.post(address("done", factory, finding), {"done_on": day, "note": "히터를 갈았습니다"})


def stage(factory: Any, finding: Finding) -> str:
    return FindingLife.objects.of(factory).get(pk=finding.life_id).stage


def test_finding_is_taken_on_done_measured_and_kept_as_know_how(factory: Any, member: Client) -> None:
    first = of_mould(factory, upload(member, factory, csv(50)))
    assert stage(factory, first) == Stage.FOUND

    member.post(address("accept", factory, first))
    assert stage(factory, first) == Stage.ACCEPTED
    act(member, factory, first)
    worker.work(until_empty=True)
    assert stage(factory, first) == Stage.CHECKING  # the data end before the action

    upload(member, factory, csv(75))
    assert stage(factory, first) == Stage.VERIFIED  # the next upload was measured by itself
    page = member.get(address("finding", factory, first)).content.decode()
    assert "효과가 있었습니다" in page
    assert "히터를 갈았습니다" in page
    assert 'data-chart="effect-0"' in page
    record = KnowHow.objects.of(factory).get()
    assert (record.rule, record.shared) == ("mean_shift", False)


def test_after_ninety_days_the_effect_is_found_lost(factory: Any, member: Client) -> None:
    first = of_mould(factory, upload(member, factory, csv(50)))
    act(member, factory, first)
    upload(member, factory, csv(75))
    assert stage(factory, first) == Stage.VERIFIED

    upload(member, factory, csv(150, lost=105))

    assert stage(factory, first) == Stage.LOST
    assert LifeEvent.objects.of(factory).filter(life=first.life_id, lasting="lost").exists()


def test_next_version_tells_new_still_there_and_gone(factory: Any, hand_over: Any, member: Client) -> None:
    shift, stops, copies = example.findings()
    hand_over(factory, found=(shift, copies))
    second = hand_over(factory, found=(shift, stops))

    lives = {life.document["rule"]: life for life in FindingLife.objects.of(factory)}
    page = member.get(reverse("floor:findings", args=[factory.key])).content.decode()

    assert {rule: life.gone for rule, life in lives.items()} == {
        "mean_shift": False,
        "downtime": False,
        "duplicate_rows": True,
    }
    assert lives["mean_shift"].first_seen_id != second.pk == lives["downtime"].first_seen_id
    assert page.count("새로 나옴") == 1
    assert "전에 있다가 사라진 발견 1건" in page


def test_not_for_us_needs_a_reason(factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).order_by("place").first()

    refused = member.post(address("decline", factory, finding), {"reason": " "})
    assert (refused.status_code, stage(factory, finding)) == (400, Stage.FOUND)
    assert "이유를 짧게 적어 주세요" in refused.content.decode()

    member.post(address("decline", factory, finding), {"reason": "곧 바꿀 설비입니다"})
    assert stage(factory, finding) == Stage.DECLINED
    assert "곧 바꿀 설비입니다" in member.get(address("finding", factory, finding)).content.decode()


@pytest.mark.parametrize("day", ["", "soon", "1890-01-01", "tomorrow"])
def test_day_of_an_action_must_be_a_day_that_has_been(day: str, factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).order_by("place").first()
    given = str(timezone.localdate() + timedelta(days=1)) if day == "tomorrow" else day

    assert act(member, factory, finding, given).status_code == 400
    assert stage(factory, finding) == Stage.FOUND


def test_stranger_finds_nothing_and_changes_nothing(factory: Any, hand_over: Any, stranger: Client) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).order_by("place").first()
    own = stranger.get("/").headers["Location"].split("/")[2]

    answers = [
        stranger.post(
            reverse(f"floor:{name}", args=[key, finding.key]), {"done_on": "2026-03-24", "reason": "x"}
        ).status_code
        for name in ("accept", "decline", "done", "share")
        for key in (factory.key, own)
    ]
    answers += [
        stranger.get(reverse(f"floor:{name}", args=[factory.key])).status_code
        for name in ("know-how", "export-know-how")
    ]

    assert set(answers) == {404}
    assert stage(factory, finding) == Stage.FOUND


def test_know_how_is_shown_to_a_like_factory_only_with_consent_and_without_names(
    factory: Any, member: Client, stranger: Client
) -> None:
    first = of_mould(factory, upload(member, factory, csv(50)))
    act(member, factory, first)
    upload(member, factory, csv(75))
    key = stranger.get("/").headers["Location"].split("/")[2]
    from jasang.web.tenants.models import Factory

    elsewhere = Factory.objects.get(key=key)
    other = of_mould(elsewhere, upload(stranger, elsewhere, csv(50)))

    before = stranger.get(address("finding", elsewhere, other)).content.decode()
    member.post(address("share", factory, first), {"shared": "yes"})
    after = stranger.get(address("finding", elsewhere, other)).content.decode()
    member.post(address("share", factory, first), {"shared": "yes", "words": "히터가 끊어져 있었습니다"})
    in_words = stranger.get(address("finding", elsewhere, other)).content.decode()
    member.post(address("share", factory, first), {"shared": "no"})
    taken_back = stranger.get(address("finding", elsewhere, other)).content.decode()

    assert ["다른 공장에서" in page for page in (before, after, taken_back)] == [False, True, False]
    assert "히터가 끊어져 있었습니다" in in_words
    assert factory.name not in in_words
    assert "히터를 갈았습니다" not in after  # what people wrote stays at home


def test_records_are_saved_and_taken_in(factory: Any, member: Client, stranger: Client) -> None:
    first = of_mould(factory, upload(member, factory, csv(50)))
    act(member, factory, first)
    upload(member, factory, csv(75))
    saved = member.get(reverse("floor:export-know-how", args=[factory.key])).content
    key = stranger.get("/").headers["Location"].split("/")[2]
    page = reverse("floor:know-how", args=[key])

    assert [document["format"] for document in json.loads(saved)] == ["jasang.knowhow/1"]
    for number in (1, 1):  # the second time nothing is new
        assert stranger.post(page, {"file": SimpleUploadedFile("know-how.json", saved)}).status_code == 302
        assert stranger.get(page).content.decode().count("파일에서") == number
    assert stranger.post(page, {"file": SimpleUploadedFile("a.json", b"{}")}).status_code == 400


def test_list_of_findings_takes_the_same_number_of_queries(
    factory: Any, hand_over: Any, member: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    shift, stops, copies = example.findings()
    hand_over(factory, found=(shift,))
    page = reverse("floor:findings", args=[factory.key])
    with CaptureQueriesContext(connection) as one:
        member.get(page)
    hand_over(factory, found=(shift, stops, copies))
    with django_assert_num_queries(len(one)):
        member.get(page)

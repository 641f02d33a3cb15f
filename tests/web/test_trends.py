"""Trends over any span: what is asked for, how large the answer is, gaps and bad values, notes and findings in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse

from jasang.plant.reading import Reading, Signal
from jasang.store import open_store
from jasang.web.floor.models import Annotation
from jasang.web.floor.notes import annotate
from jasang.web.tenants.models import Membership, Role

pytestmark = [pytest.mark.web, pytest.mark.django_db]

START = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def collected(factory: Any, tmp_path: Path) -> Any:
    """Two hours at 1 Hz of a temperature (10 min missing, 1 min bad), and a set point that changed once."""
    store = open_store(tmp_path / "store")
    store.describe(
        [Signal(name="A-1.temp", asset="A-1", unit="°C"), Signal(name="A-1.set", asset="A-1", unit="°C")]
        + [Signal(name=f"B-1.s{n}", asset="B-1", unit="bar") for n in range(12)]
    )
    seconds = [n for n in range(7200) if not 3000 <= n < 3600]
    times = pa.array([START + n * SECOND for n in seconds], pa.timestamp("us", tz="UTC"))
    quality = pa.array([0x80000000 if 600 <= n < 660 else 0 for n in seconds], pa.uint32())
    columns = {"source_time": times, "number": pa.array([200.0 + n % 7 for n in seconds]), "quality": quality}
    store.append_table(pa.table({"signal": pa.array(["A-1.temp"] * len(seconds))} | columns))
    for n in range(12):
        store.append_table(pa.table({"signal": pa.array([f"B-1.s{n}"] * len(seconds))} | columns))
    moment = START + timedelta(minutes=1)
    store.append([Reading(signal="A-1.set", source_time=moment, receive_time=moment, value=205.0)])
    store.close()
    factory.store = str(tmp_path / "store")
    factory.save()
    return factory


def ask(client: Client, factory: Any, start: datetime, end: datetime, *names: str, points: int = 600) -> dict[str, Any]:
    address = reverse("floor:trends-data", args=[factory.key])
    given = {"from": start.isoformat(), "to": end.isoformat(), "signal": names, "points": points}
    answer = client.get(address, given)
    assert answer.status_code == 200
    assert len(answer.content) < 200_000
    return answer.json()


def test_buckets_carry_extremes_and_mean(collected: Any, member: Client) -> None:
    answer = ask(member, collected, START, START + 2 * timedelta(hours=1), "A-1.temp", points=100)
    signal = answer["signals"][0]
    place = signal["at"].index(10)

    assert answer["format"] == "jasang.trends/1"
    assert (answer["buckets"], answer["step"]) == (100, 72000.0)
    assert (signal["low"][place], signal["high"][place]) == (200.0, 206.0)
    assert signal["mean"][place] == pytest.approx(203.0, abs=0.1)
    assert signal["bad"] == [8, 9]


def test_a_pause_is_wider_than_the_gap_that_is_told(collected: Any, member: Client) -> None:
    signal = ask(member, collected, START, START + timedelta(hours=2), "A-1.temp")["signals"][0]
    widest = max(after - before for before, after in zip(signal["at"], signal["at"][1:], strict=False))
    others = sorted(after - before for before, after in zip(signal["at"], signal["at"][1:], strict=False))[:-1]

    assert widest > signal["gap"] > others[-1]


def test_a_second_has_the_readings_around_it(collected: Any, member: Client) -> None:
    start = START + timedelta(minutes=30)
    answer = ask(member, collected, start + 0.2 * SECOND, start + 0.8 * SECOND, "A-1.temp")
    signal = answer["signals"][0]
    times = [answer["start"] + place * answer["step"] for place in signal["at"]]

    assert min(times) < answer["from"] < answer["to"] < max(times)
    assert signal["low"] is None


def test_a_set_point_holds_from_before_the_span(collected: Any, member: Client) -> None:
    signal = ask(member, collected, START + timedelta(hours=1), START + timedelta(hours=2), "A-1.set")["signals"][0]

    assert (signal["steps"], signal["held"], signal["at"]) == (True, 205.0, [])


def test_many_signals_and_points_stay_below_200_kb(collected: Any, member: Client) -> None:
    names = [f"B-1.s{n}" for n in range(12)]
    answer = ask(member, collected, START, START + timedelta(hours=2), *names, "A-1.temp", points=99999)

    assert [signal["name"] for signal in answer["signals"]] == names


@pytest.mark.parametrize("given", [{}, {"from": "x", "to": "y"}, {"from": "2026-03-01", "to": "2025-01-01T00:00:00Z"}])
def test_nonsense_shows_the_last_hour_with_readings(collected: Any, member: Client, given: dict[str, str]) -> None:
    answer = member.get(reverse("floor:trends-data", args=[collected.key]), given | {"signal": "A-1.temp"}).json()

    assert answer["to"] == (START + timedelta(seconds=7200)).timestamp() * 1000
    assert answer["to"] - answer["from"] == 3601_000


def test_unknown_signals_are_left_out(collected: Any, member: Client) -> None:
    assert ask(member, collected, START, START + timedelta(hours=1), "no such")["signals"] == []


def test_without_a_store_there_is_nothing_to_draw(factory: Any, member: Client) -> None:
    assert ask(member, factory, START, START + SECOND, "a")["signals"] == []
    page = member.get(reverse("floor:trends", args=[factory.key])).content.decode()
    assert "아직 그릴 것이 없습니다" in page


def test_notes_are_kept_shown_and_taken_away(collected: Any, member: Client, teammate: Client) -> None:
    address = reverse("floor:add-note", args=[collected.key])
    start = (START + timedelta(minutes=5)).timestamp() * 1000
    made = member.post(address, {"text": "금형 교환", "start": start, "end": start + 60000, "signal": ["A-1.temp"]})
    assert made.status_code == 201
    span = (START, START + timedelta(hours=1))

    assert [note["text"] for note in ask(teammate, collected, *span, "A-1.temp")["notes"]] == ["금형 교환"]
    assert ask(teammate, collected, *span, "B-1.s0")["notes"] == []
    assert ask(teammate, collected, START + timedelta(hours=1), START + timedelta(hours=2), "A-1.temp")["notes"] == []
    away = reverse("floor:delete-note", args=[collected.key, made.json()["key"]])
    assert teammate.post(away).status_code == 404
    assert member.post(away).status_code == 204
    assert Annotation.objects.of(collected).count() == 0


def test_the_owner_may_take_any_note_away(collected: Any, member: Client, teammate: Client) -> None:
    note = annotate(factory=collected, user=None, text="x", start=START)
    Membership.objects.filter(user__username="teammate").update(role=Role.OWNER)
    away = reverse("floor:delete-note", args=[collected.key, note.key])

    assert member.post(away).status_code == 404
    assert teammate.post(away).status_code == 204


@pytest.mark.parametrize("given", [{"text": ""}, {"text": "x", "start": "soon"}, {"text": "x", "start": 5, "end": 5}])
def test_a_note_without_sense_is_refused(collected: Any, member: Client, given: dict[str, Any]) -> None:
    answer = member.post(reverse("floor:add-note", args=[collected.key]), {"start": 1e12} | given)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_findings_that_begin_in_the_span_are_marks_with_a_link(collected: Any, member: Client, hand_over: Any) -> None:
    from jasang.web.floor.models import Finding

    hand_over(collected)
    found = Finding.objects.of(collected).exclude(since=None).order_by("severity", "place").first()
    answer = ask(member, collected, found.since - SECOND, found.since + SECOND, "A-1.temp")

    assert reverse("floor:finding", args=[collected.key, found.key]) in [one["url"] for one in answer["findings"]]
    assert ask(member, collected, START - SECOND, START, "A-1.temp")["findings"] == []


def test_strangers_find_neither_page_nor_data(collected: Any, member: Client, stranger: Client) -> None:
    note = annotate(factory=collected, user=None, text="x", start=START)

    assert stranger.get(reverse("floor:trends", args=[collected.key])).status_code == 404
    assert stranger.get(reverse("floor:trends-data", args=[collected.key])).status_code == 404
    assert stranger.post(reverse("floor:add-note", args=[collected.key]), {"text": "x", "start": 1}).status_code == 404
    assert stranger.post(reverse("floor:delete-note", args=[collected.key, note.key])).status_code == 404


def test_the_page_asks_a_fixed_number_of_queries(
    collected: Any, member: Client, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        annotate(factory=collected, user=None, text="x", start=START)
    with django_assert_num_queries(3):
        member.get(reverse("floor:trends", args=[collected.key]))
    with django_assert_num_queries(5):
        ask(member, collected, START, START + timedelta(hours=1), "A-1.temp")

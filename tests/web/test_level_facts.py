"""The level from what the portal really has: kept days, files, cases; it falls as data stops; every fact leads to its proof."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from jasang.connect.status import CollectorStatus, ConnectionStatus, write_status
from jasang.plant.reading import Reading, Signal
from jasang.store import open_store
from jasang.web.center import services, serving
from jasang.web.center import told as told_by_centre
from jasang.web.center.models import Event
from jasang.web.floor import fact_keeping, told
from jasang.web.floor.fact_models import SLOTS, CollectedDay, FactTurn, KeptFact
from jasang.web.floor.models import Diagnosis
from jasang.web.programme import levels, tending
from jasang.web.programme.models import LevelAnswer, LevelMark
from jasang.web.tenants.models import Factory, OrganisationKind
from jasang.web.tenants.services import set_up_account, set_up_organisation

pytestmark = [pytest.mark.web, pytest.mark.django_db]

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # half past midnight of the 23rd in Seoul
FULL = "f" * (SLOTS // 4)


def collected(factory: Any, folder: Path, hours: list[tuple[datetime, datetime]]) -> None:
    """A store with a reading every five minutes of those spans, each a second late."""
    store = open_store(folder)
    store.describe([Signal(name=f"INJ-0{number}.melt", asset=f"INJ-0{number}", unit="°C") for number in (1, 2)])
    for begin, end in hours:
        moments = [begin + number * timedelta(minutes=5) for number in range(int((end - begin) / timedelta(minutes=5)))]
        store.append(
            [
                Reading(
                    signal=f"INJ-0{machine}.melt", source_time=at, receive_time=at + timedelta(seconds=1), value=200.0
                )
                for at in moments
                for machine in (1, 2)
            ]
        )
    store.close()
    factory.store = str(folder)
    factory.save()


def test_days_are_kept_from_the_store(factory: Any, tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 20, 15, tzinfo=UTC)  # the 21st begins in Seoul
    collected(factory, tmp_path, [(midnight, midnight + timedelta(hours=12)), (midnight + timedelta(days=1), NOW)])

    assert fact_keeping.keep_facts(NOW) == 1

    days = {one.day: one for one in CollectedDay.objects.of(factory)}
    assert {day: round(one.covered, 4) for day, one in days.items()} == {
        date(2026, 11, 21): 0.5, date(2026, 11, 22): 1.0, date(2026, 11, 23): round(3 / 144, 4),
    }  # fmt: skip
    assert {one.latency for one in days.values()} == {1.0}
    machines = KeptFact.objects.of(factory).get(name="machines_connected")
    assert (machines.value, machines.at, machines.detail["telling"]) == (1.0, date(2026, 11, 23), ["INJ-01", "INJ-02"])
    assert KeptFact.objects.of(factory).get(name="records_not_typed").value == 0.2  # of five kinds only machines tell
    assert fact_keeping.keep_facts(NOW) == 0
    assert fact_keeping.keep_facts(NOW + fact_keeping.AGAIN_AFTER) == 1
    assert CollectedDay.objects.of(factory).count() == 3


def test_connection_that_stands_is_no_gap_although_nothing_changes(factory: Any, tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 21, 15, tzinfo=UTC)
    collected(factory, tmp_path, [(midnight, midnight + timedelta(minutes=5))])
    noon = midnight + timedelta(hours=12)
    one = ConnectionStatus(name="m", protocol="opcua", url="opc.tcp://m", state="connected", since=midnight)
    lost = ConnectionStatus(name="n", protocol="opcua", url="opc.tcp://n", state="lost", since=midnight)
    write_status(
        tmp_path,
        CollectorStatus(
            pid=1, started=midnight - timedelta(days=1), updated=noon, stopped=False, stored=1, waiting=0, dropped=0,
            connections=(one, lost),
        ),
    )  # fmt: skip

    fact_keeping.keep_facts(NOW)

    assert CollectedDay.objects.of(factory).get(day=date(2026, 11, 22)).covered == pytest.approx(73 / 144)


def test_broken_store_is_passed_over_and_does_not_stop_the_others(factory: Any, tmp_path: Path, stranger: Any) -> None:
    other = Factory.objects.get(name="다른 공장")
    collected(other, tmp_path / "good", [(NOW - timedelta(hours=1), NOW)])
    (tmp_path / "bad").mkdir()
    factory.store = str(tmp_path / "bad")
    factory.save()

    assert fact_keeping.keep_facts(NOW) == 2
    assert FactTurn.objects.of_every_factory().count() == 2
    assert CollectedDay.objects.of(other).exists()
    assert not CollectedDay.objects.of(factory).exists()


def level_after(factory: Any, today: date, days: int) -> Any:
    """The level marked so many days later, on the portal's clock of that day."""
    then = today + timedelta(days=days)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "localdate", lambda *args: then)
        return levels.mark_level(factory=factory, today=then)


def test_level_falls_day_by_day_when_data_stops_and_rises_when_it_returns(factory: Any) -> None:
    today = timezone.localdate()

    def came(first: int, last: int) -> None:
        CollectedDay.objects.of(factory).bulk_create(
            CollectedDay(factory=factory, day=today + timedelta(days=number), slots=FULL, readings=1, latency=0.5)
            for number in range(first, last)
        )

    came(-119, 1)
    for name in ("records_not_typed", "lots_traceable", "machines_connected"):
        KeptFact.objects.of(factory).create(factory=factory, name=name, value=1.0, at=today)
    rubric = levels.latest_rubric()
    for item in rubric.asked:
        LevelAnswer.objects.of(factory).create(factory=factory, item=item.id, step=4, at=today, source="mentor")

    seen = []
    for after in (0, 7, 14, 21, 28, 35):
        level = level_after(factory, today, after)
        uptime = next(one for one in level.items if one.item.id == "uptime")
        seen.append((round(level.points), level.number, round(uptime.answer.value, 3), round(uptime.step, 2)))

    points = [one for one, *_ in seen]
    assert points == sorted(points, reverse=True)
    assert points[0] - points[-1] > 250
    assert [(value, step) for *_, value, step in seen] == [
        (1.0, 5), (0.922, 3), (0.844, 2), (0.767, 1.0), (0.689, 0), (0.611, 0),
    ]  # fmt: skip
    numbers = [number for _, number, *_ in seen]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] < numbers[0]

    came(36, 140)  # somebody mended the collector
    risen = []
    for after in (40, 60, 90, 130):
        KeptFact.objects.of(factory).update(at=today + timedelta(days=after))
        level = level_after(factory, today, after)
        risen.append(round(level.points))
    assert risen == sorted(risen)
    assert (risen[0] > points[-1], risen[-1], level.number) == (True, points[0], numbers[0])


def test_page_opens_no_store_and_takes_a_fixed_number_of_queries(
    factory: Any, member: Any, tmp_path: Path, hand_over: Any, monkeypatch: Any, django_assert_max_num_queries: Any
) -> None:
    collected(factory, tmp_path / "store", [(NOW - timedelta(hours=1), NOW)])
    hand_over(factory)
    fact_keeping.keep_facts_of(factory=factory, now=timezone.now())
    monkeypatch.setattr(
        "jasang.store.embedded.EmbeddedReader.__init__", lambda *_: pytest.fail("a page opened a store")
    )

    for name in ("floor:measured", "programme:level"):
        with django_assert_max_num_queries(30):
            assert member.get(reverse(name, args=[factory.key])).status_code == 200


def test_every_fact_leads_to_the_part_of_the_page_that_shows_it(factory: Any, member: Any, hand_over: Any) -> None:
    hand_over(factory, "a.csv")
    hand_over(factory, "a.csv")
    today = timezone.localdate()
    CollectedDay.objects.of(factory).create(factory=factory, day=today, slots=FULL, readings=1, latency=0.5)
    for name in ("records_not_typed", "lots_traceable", "machines_connected"):
        KeptFact.objects.of(factory).create(factory=factory, name=name, value=0.5, at=today)
    facts = told.live_facts(factory)
    known = {
        name: getattr(facts, name)
        for name in type(facts).__slots__
        if name not in ("open_worth", "case_reaction_hours")
    }

    page = member.get(reverse("floor:measured", args=[factory.key])).content.decode()

    assert all(one is not None for one in known.values())
    for one in known.values():
        address, anchor = one.evidence.split("#")
        assert (address, f'id="{anchor}"' in page) == (reverse("floor:measured", args=[factory.key]), True)


def test_files_that_come_again_stand_and_files_once_do_not(factory: Any, hand_over: Any) -> None:
    for name in ("a.csv", "a.csv", "b.csv"):
        hand_over(factory, name)
    rows = Diagnosis.objects.of(factory).filter(title="a.csv").order_by("version")
    job = rows[0].job
    job.finished_at -= timedelta(days=3)
    job.save()

    assert told.live_facts(factory).standing_analyses.value == 1


def test_stranger_sees_nothing_of_what_was_measured(stranger: Any, factory: Any) -> None:
    assert stranger.get(reverse("floor:measured", args=[factory.key])).status_code == 404


def test_only_the_latest_live_answers_are_kept(factory: Any) -> None:
    today = timezone.localdate()
    for back in (3, 2, 1):
        CollectedDay.objects.of(factory).create(
            factory=factory, day=today - timedelta(days=back), slots=FULL, readings=1, latency=0.5
        )
        levels.mark_level(factory=factory)

    rows = LevelAnswer.objects.of(factory).filter(source="live").order_by("item")
    assert [(row.item, row.at) for row in rows] == [(item, today - timedelta(days=1)) for item in ("latency", "uptime")]
    assert LevelMark.objects.of(factory).count() == 1


def test_levels_are_marked_once_a_day_by_the_workers(factory: Any, hand_over: Any, stranger: Any) -> None:
    hand_over(factory)

    assert tending.mark_levels() == 1  # the stranger's factory has no data and is in no programme
    assert tending.mark_levels() == 0
    assert tending.mark_levels(timezone.now() + timedelta(days=1)) == 1
    assert LevelMark.objects.of(factory).count() == 2


def test_reaction_is_measured_from_questions_of_the_centre(factory: Any) -> None:
    centre = set_up_organisation(name="365", kind=OrganisationKind.CENTRE)
    serving.set_up_centre(organisation=centre)
    agent, owner = (set_up_account(user_name=name, password=None)[0] for name in ("agent", "boss"))
    serving.add_agent(user=agent, centre=centre)
    assert told_by_centre.live_facts(factory).case_reaction_hours is None
    case = services.open_case(factory=factory, title="x", text="x", user=owner)
    services.customer_word(case=case, text="더", user=owner)
    assert told_by_centre.live_facts(factory).case_reaction_hours is None  # nothing was asked
    services.answer(case=case, user=agent, text="몇 도입니까?", step="asked")
    waiting = told_by_centre.live_facts(factory).case_reaction_hours
    assert 0 <= waiting.value < 0.1
    assert [one.url for one in told_by_centre.waiting_cases(factory, owner)] == [
        reverse("center:case", args=[factory.key, case.key])
    ]

    services.customer_word(case=case, text="40도", user=owner)

    rows = Event.objects.of(factory).filter(case=case)
    latest = rows.order_by("-place").first()
    latest.at += timedelta(hours=5)
    latest.save()
    told_now = told_by_centre.live_facts(factory).case_reaction_hours
    assert told_now.value == pytest.approx(5, abs=0.1)
    assert told_now.evidence == reverse("center:cases", args=[factory.key])
    assert told_by_centre.waiting_cases(factory, owner) == []

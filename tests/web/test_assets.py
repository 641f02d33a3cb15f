"""Machines as a tree, like machines, the signal browser, connections in words, and the test of the connections."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jasang.connect.status import CollectorStatus, ConnectionStatus, ForwardStatus, write_status
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text
from jasang.store import open_store
from jasang.web.floor.assets import place_assets
from jasang.web.floor.assets_data import guessed
from jasang.web.floor.models import AssetPlace, ConnectionTrial
from jasang.web.jobs.models import State
from jasang.web.jobs.services import claim_next_job
from jasang.web.jobs.worker import run
from jasang.web.tenants.models import Membership, Role

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def page(client: Client, factory: Any, name: str, **given: Any) -> str:
    answer = client.get(reverse(f"floor:{name}", args=[factory.key]), given)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def collected(factory: Any, tmp_path: Path) -> Any:
    """Two like presses, one without its oil temperature, and a lathe with a bad value."""
    now = datetime.now(UTC)
    store = open_store(tmp_path / "store")
    has = {
        "PRESS-1": ["force", "oil", "speed", "state"],
        "PRESS-2": ["force", "speed", "state"],
        "부산/LATHE-7": ["rpm"],
    }
    store.describe(
        Signal(name=f"{asset}.{name}", asset=asset, unit=None if name == "state" else "u")
        for asset, names in has.items()
        for name in names
    )
    store.append(
        [
            Reading(
                signal=f"{asset}.{name}", source_time=now, receive_time=now,
                value="down" if name == "state" else 12.5, quality=0x80000000 if name == "rpm" else 0,
            )
            for asset, names in has.items()
            for name in names
        ]
    )  # fmt: skip
    store.close()
    factory.store = str(tmp_path / "store")
    factory.save()
    return factory


@pytest.mark.parametrize(
    ("asset", "levels"),
    [
        ("INJ-01", {"kind": "INJ"}),
        ("사출기 3호", {}),
        ("서울 / 1동 / A라인 / INJ-2", {"site": "서울", "area": "1동", "line": "A라인", "kind": "INJ"}),
        ("B/M", {"line": "B"}),
        ("", {}),
    ],
)
def test_levels_are_guessed_from_names(asset: str, levels: dict[str, str]) -> None:
    assert guessed(asset) == levels


def test_like_machines_are_told_with_what_one_lacks(collected: Any, member: Client) -> None:
    shown = page(member, collected, "machines")

    assert "같은 종류: PRESS-2" in shown
    assert "다른 기계에는 있는데 여기 없는 것: oil" in shown
    assert shown.count("비정지") == 0
    assert "품질 나쁨 1개" in shown


def test_places_are_kept_and_make_the_tree(collected: Any, member: Client) -> None:
    columns = {"site": ["본사", "", ""], "area": ["1동", "", ""], "line": ["", "", ""], "name": ["큰 프레스", "", ""]}
    given = {"asset": ["PRESS-1", "부산/LATHE-7", "no such"], "kind": ["press", "", ""]} | columns
    answer = member.post(reverse("floor:place-machines", args=[collected.key]), given)
    shown = page(member, collected, "machines")

    assert answer.status_code == 302
    assert "<h3>본사</h3>" in shown
    assert "<h4>1동</h4>" in shown
    assert "큰 프레스" in shown
    assert sorted(AssetPlace.objects.of(collected).values_list("asset", flat=True)) == ["PRESS-1", "부산/LATHE-7"]


def test_unchanged_places_are_not_written(factory: Any) -> None:
    place = {"A": {"site": "x", "kind": " k "}}

    assert place_assets(factory=factory, places=place) == 1
    assert place_assets(factory=factory, places=place) == 0


def test_a_table_with_missing_cells_is_refused(collected: Any, member: Client) -> None:
    assert member.post(reverse("floor:place-machines", args=[collected.key]), {"asset": ["A"]}).status_code == 404


def test_an_operator_looks_but_does_not_change(collected: Any, member: Client) -> None:
    Membership.objects.update(role=Role.OPERATOR)

    assert "place-machines" not in page(member, collected, "machines")
    assert member.post(reverse("floor:place-machines", args=[collected.key]), {"asset": ["A"]}).status_code == 404


def test_signals_are_found_by_name_machine_and_unit(collected: Any, member: Client) -> None:
    def names(**given: str) -> list[str]:
        shown = page(member, collected, "signals", **given)
        return [name for name in ("force", "oil", "speed", "state", "rpm") if f">{name}<" in shown]

    assert names() == ["force", "oil", "speed", "state", "rpm"]
    assert names(q="press-1 oil") == ["oil"]
    assert names(asset="부산/LATHE-7") == ["rpm"]
    assert names(q="nothing of the sort") == []


def test_a_signal_shows_value_unit_quality_and_rate(collected: Any, member: Client) -> None:
    shown = page(member, collected, "signals", q="rpm")

    assert "<b>12.5</b> u" in shown
    assert 'data-quality="bad"' in shown
    assert "시간당 1회" in shown


def test_troubled_connections_come_first_in_plain_words(collected: Any, member: Client) -> None:
    now = datetime.now(UTC)
    good = ConnectionStatus(name="A", protocol="opcua", url="opc.tcp://a", state="connected", since=now, signals=3)
    refused = ConnectionStatus(
        name="B", protocol="modbus", url="modbus-tcp://b", state="refused", since=now - timedelta(minutes=5),
        last_error=Text(ko="비밀번호가 틀립니다", en="wrong password"), doubts=(Text(ko="시계가 앞섭니다", en="clock"),),
    )  # fmt: skip
    status = CollectorStatus(
        pid=1, started=now, updated=now, stopped=False, stored=5, waiting=0, dropped=0, connections=(good, refused)
    )
    write_status(Path(collected.store), status)
    shown = page(member, collected, "machines")

    assert shown.index("modbus-tcp://b") < shown.index("opc.tcp://a")
    assert '<p class="wrong">비밀번호가 틀립니다</p>' in shown
    assert "◆ 시계가 앞섭니다" in shown


def test_the_test_of_connections_says_what_is_wrong(collected: Any, member: Client, tmp_path: Path) -> None:
    address = reverse("floor:test-connections", args=[collected.key])
    assert member.post(address).status_code == 404  # the collector's file is not known
    (tmp_path / "collect.toml").write_text(
        'store = "store"\n[[connections]]\nname = "M"\nprotocol = "opcua"\nurl = "opc.tcp://127.0.0.1:9"\n', "utf-8"
    )

    assert member.post(address).status_code == 302
    assert member.post(address).status_code == 302
    trial = ConnectionTrial.objects.of(collected).select_related("job").get()  # asked twice, tried once
    job = claim_next_job()
    assert job is not None
    run(job)
    trial.refresh_from_db()

    assert trial.job.state == State.DONE
    assert [(one["name"], one["ok"]) for one in trial.outcomes] == [("M", False)]
    assert "127.0.0.1:9" in trial.outcomes[0]["error"]["ko"]
    assert trial.outcomes[0]["error"]["ko"] in page(member, collected, "machines").replace("&#x27;", "'")


def test_strangers_find_no_machines(collected: Any, member: Client, stranger: Client) -> None:
    for name in ("machines", "signals", "connection-trial"):
        assert stranger.get(reverse(f"floor:{name}", args=[collected.key])).status_code == 404
    for name in ("place-machines", "test-connections"):
        assert stranger.post(reverse(f"floor:{name}", args=[collected.key])).status_code == 404


def test_without_a_store_the_pages_say_so(factory: Any, member: Client) -> None:
    assert "아직 설비가 없습니다" in page(member, factory, "machines")
    assert "아직 신호가 없습니다" in page(member, factory, "signals")


def test_queries_do_not_grow(collected: Any, member: Client, django_assert_num_queries: Any) -> None:
    place_assets(factory=collected, places={name: {"kind": "x"} for name in ("PRESS-1", "PRESS-2")})
    with django_assert_num_queries(5):
        page(member, collected, "machines")
    with django_assert_num_queries(4):
        page(member, collected, "signals")


def forwarded(**changes: Any) -> ForwardStatus:
    now = datetime.now(UTC)
    told = {
        "url": "https://server.example:8443", "sender": "line1-3f9a", "state": "connected", "since": now - timedelta(hours=2),
        "sent": 1234, "waiting": 0, "spool_bytes": 1_200_000, "spool_limit": 10_000_000_000, "clock_offset": 0.004,
        "clock_within": 0.011, "acknowledged_at": now - timedelta(seconds=30),
    }  # fmt: skip
    return ForwardStatus(**(told | changes))


def collector_with(forward: ForwardStatus | None) -> CollectorStatus:
    now = datetime.now(UTC)
    return CollectorStatus(
        pid=1, started=now, updated=now, stopped=False, stored=0, waiting=0, dropped=0, connections=(), forward=forward
    )


def test_forwarding_in_order_is_told_without_alarm(collected: Any, member: Client) -> None:
    write_status(Path(collected.store), collector_with(forwarded()))
    shown = page(member, collected, "machines")

    assert "보내는 중" in shown
    assert "0.011초 안에서 같음" in shown
    assert "1.2 MB" in shown
    assert 'class="one good"' in shown
    assert "버렸습니다" not in shown


def test_a_server_that_is_away_is_told_with_what_waits_and_how_long(collected: Any, member: Client) -> None:
    now = datetime.now(UTC)
    told = forwarded(
        state="lost", last_error=Text(ko="서버에 닿지 않습니다", en="no answer"), last_error_at=now, waiting=48_231_900,
        waiting_since=now - timedelta(days=3), spool_bytes=9_600_000_000, lost=120_345, lost_from=now - timedelta(days=5),
        lost_to=now - timedelta(days=4), clock_offset=-83.25, acknowledged_at=now - timedelta(hours=7),
    )  # fmt: skip
    write_status(Path(collected.store), collector_with(told))
    shown = page(member, collected, "machines")

    for words in (
        "연결이 안 됩니다",
        "서버에 닿지 않습니다",
        "48,231,900",
        "3일 전",
        "7시간 전",
        "9.6 GB",
        "96 %",
        "83.2초 느림",
        "120,345",
    ):
        assert words in shown, words
    assert "spool_limit" in shown


def test_a_status_of_an_earlier_release_and_of_no_forwarding(collected: Any, member: Client) -> None:
    write_status(Path(collected.store), collector_with(None))
    assert "서버로 보내기" not in page(member, collected, "machines")

    write_status(Path(collected.store), collector_with(forwarded(acknowledged_at=None, clock_offset=None)))
    file = Path(collected.store) / "status.json"
    file.write_text(file.read_text("utf-8").replace(', "acknowledged_at": null', ""), "utf-8")
    assert "서버로 보내기" in page(member, collected, "machines")


def test_how_far_polling_has_got_is_no_signal_of_a_machine(collected: Any, member: Client) -> None:
    now = datetime.now(UTC)
    store = open_store(Path(collected.store))
    store.describe([
        Signal(name="PRESS-1.mark_of_mes", asset="PRESS-1", address="mark"), Signal(name="X.mark", asset="X", address="mark")
    ])  # fmt: skip
    store.append([
        Reading(signal=name, source_time=now, receive_time=now, value="{}") for name in ("PRESS-1.mark_of_mes", "X.mark")
    ])  # fmt: skip
    store.close()

    for name in ("signals", "quality"):
        shown = page(member, collected, name)
        assert "mark_of_mes" not in shown
    assert ">mark<" in page(member, collected, "signals"), "a column of that name is a signal like any other"
    live = member.get(reverse("floor:readings", args=[collected.key])).json()
    assert "PRESS-1.force" in [one["name"] for one in live["signals"]]
    assert "PRESS-1.mark_of_mes" not in [one["name"] for one in live["signals"]]

"""What the pages say, in both languages, with none, one and several rows, in a fixed number of queries."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jasang.connect.status import CollectorStatus, ConnectionStatus, write_status
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text
from jasang.store import open_store
from jasang.web.floor.models import Finding, Severity
from jasang.web.floor.services import hand_over_path
from jasang.web.floor.showing import first_sentence
from jasang.web.floor.sketch import MOST_POINTS, sketch
from jasang.web.jobs.models import Job, State
from jasang.web.tenants.services import set_up_factory

from . import example

pytestmark = [pytest.mark.web, pytest.mark.django_db]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def english(client: Client) -> Client:
    client.post("/language/", {"language": "en", "next": "/"})
    return client


@pytest.mark.parametrize("count", [1, 3])
def test_findings_need_a_fixed_number_of_queries(
    factory: Any, hand_over: Any, member: Client, count: int, django_assert_num_queries: Any
) -> None:
    for place in range(count):
        hand_over(factory, f"units{place}.csv", example.findings()[:count])

    with django_assert_num_queries(11):
        assert member.get(reverse("floor:findings", args=[factory.key])).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_files_need_a_fixed_number_of_queries(
    factory: Any, hand_over: Any, member: Client, count: int, django_assert_num_queries: Any
) -> None:
    for place in range(count):
        hand_over(factory, f"units{place}.csv")

    with django_assert_num_queries(5):
        assert member.get(reverse("floor:files", args=[factory.key])).status_code == 200


@pytest.mark.parametrize("count", [2, 4])
def test_start_needs_a_fixed_number_of_queries(
    hand_over: Any, person: Any, count: int, django_assert_num_queries: Any
) -> None:
    factories = [set_up_factory(name=f"공장 {place}") for place in range(count)]
    for one in factories:
        hand_over(one)
    client = person("boss", *factories)

    with django_assert_num_queries(7):
        assert client.get("/").status_code == 200


def test_one_finding_needs_few_queries(
    factory: Any, hand_over: Any, member: Client, django_assert_num_queries: Any
) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).get(severity=Severity.ACT)

    with django_assert_num_queries(10):
        assert member.get(reverse("floor:finding", args=[factory.key, finding.key])).status_code == 200


def test_findings_are_ranked_by_severity_then_worth_then_strength(factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)

    page = member.get(reverse("floor:findings", args=[factory.key])).content.decode()

    places = [page.index(finding.text.ko) for finding in example.findings()]
    assert places == sorted(places)


def test_findings_say_worth_in_manwon_in_korean_and_in_won_in_english(
    factory: Any, hand_over: Any, member: Client
) -> None:
    hand_over(factory)
    address = reverse("floor:findings", args=[factory.key])

    assert "1년에 <b>1,840만 원</b>" in member.get(address).content.decode()
    assert "<b>₩18,400,000</b> a year" in english(member).get(address).content.decode()


def test_findings_filtered_by_severity_and_file(factory: Any, hand_over: Any, member: Client) -> None:
    shift, stops, _copies = example.findings()
    first = hand_over(factory, "a.csv", (shift,))
    hand_over(factory, "b.csv", (stops,))
    address = reverse("floor:findings", args=[factory.key])

    act = member.get(address, {"severity": "act"}).content.decode()
    file = member.get(address, {"file": str(first.key)}).content.decode()

    assert (shift.text.ko in act, stops.text.ko in act) == (True, False)
    assert (shift.text.ko in file, stops.text.ko in file) == (True, False)


def test_sixty_notes_of_one_kind_are_one_entry(factory: Any, hand_over: Any, member: Client) -> None:
    shift, _stops, copies = example.findings()
    many = tuple(
        replace(copies, text=Text(ko=f"{n}번 열이 흔들립니다.", en=f"Column {n} wanders."), strength=50.0 - n)
        for n in range(60)
    )
    hand_over(factory, "many.csv", (*many, shift))

    page = member.get(reverse("floor:findings", args=[factory.key])).content.decode()

    assert page.count('<li class="card found') == 2
    assert page.index(shift.text.ko) < page.index("60건") < page.index("0번 열이") < page.index("59번 열이")
    assert 'rel="next"' not in page


def test_only_what_an_earlier_diagnosis_did_not_have_is_new(factory: Any, hand_over: Any, member: Client) -> None:
    shift, stops, copies = example.findings()
    address = reverse("floor:findings", args=[factory.key])
    broken = hand_over(factory, "a.csv", (stops,))
    Job.objects.of(factory).filter(pk=broken.job_id).update(state=State.FAILED)

    hand_over(factory, "a.csv", (shift,))
    second = member.get(address).content.decode()
    hand_over(factory, "a.csv", (shift, copies))
    third = member.get(address).content.decode()

    assert ("새로 나옴" in second, third.count("새로 나옴")) == (False, 1)


def test_senseless_filter_does_not_filter(factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)

    answer = member.get(
        reverse("floor:findings", args=[factory.key]), {"severity": "' or 1=1", "file": "x", "page": "-7"}
    )

    assert answer.status_code == 200
    assert example.findings()[2].text.ko in answer.content.decode()


def test_new_version_of_a_file_replaces_its_findings_and_keeps_the_old(
    factory: Any, hand_over: Any, member: Client
) -> None:
    shift, stops, _ = example.findings()
    old = hand_over(factory, "a.csv", (shift,))
    new = hand_over(factory, "a.csv", (stops,))
    address = reverse("floor:findings", args=[factory.key])

    page = member.get(address).content.decode()
    earlier = member.get(address, {"file": str(old.key)}).content.decode()

    assert (old.version, new.version) == (1, 2)
    listed, gone = page.split("전에 있다가 사라진 발견 1건")
    assert (shift.text.ko in listed, stops.text.ko in listed, shift.text.ko in gone) == (False, True, True)
    assert shift.text.ko in earlier


def test_quiet_factory_is_told_so(factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory, "quiet.csv", ())

    assert "오류가 아니라 좋은 소식입니다" in member.get(reverse("floor:findings", args=[factory.key])).content.decode()


def test_factory_without_files_is_led_to_the_upload(factory: Any, member: Client) -> None:
    page = member.get(reverse("floor:findings", args=[factory.key])).content.decode()

    assert "아직 진단한 파일이 없습니다" in page


def test_one_finding_shows_everything_in_both_languages(factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).get(severity=Severity.ACT)
    address = reverse("floor:finding", args=[factory.key, finding.key])

    korean = member.get(address).content.decode()
    other = english(member).get(address).content.decode()

    for words in (
        "3.2 bar", "2.9 ~ 3.5 bar", "4.6 %", "4 ~ 5.2 %", "12,000 행", "= S3", "+2.1 %p", "180–195 유지", "1,840만 원",
        "1,210만 원 ~ 2,500만 원", "한 해 불량 15,300개 × 1,200원", "공정 엔지니어", "14일 뒤 불량률", "2026-03-23 03:00부터",
        "2026-03-20 09:00 – 2026-03-24 09:00",
    ):  # fmt: skip
        assert words in korean
    for words in ("2.9 to 3.5 bar", "hold 180 to 195", "+2.1 %-points", "process engineer", "since 2026-03-23 03:00"):
        assert words in other


def test_texts_of_a_file_cannot_bring_their_own_markup(factory: Any, hand_over: Any, member: Client) -> None:
    from dataclasses import replace

    evil = "</script><script>alert(1)</script>"
    shift = example.findings()[0]
    chart = replace(shift.charts[0], title=Text(ko=evil, en=evil))
    hand_over(factory, "evil.csv", (replace(shift, text=Text(ko=evil, en=evil), charts=(chart,)),))
    finding = Finding.objects.of(factory).get()

    for address in (
        reverse("floor:findings", args=[factory.key]),
        reverse("floor:finding", args=[factory.key, finding.key]),
    ):
        assert "<script>alert(1)" not in member.get(address).content.decode()


def test_every_answer_carries_the_content_policy(factory: Any, member: Client) -> None:
    for address in ("/sign-in/", reverse("floor:live", args=[factory.key]), "/no-such-page/", "/static/ui/frame.css"):
        answer = member.get(address)
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_have_no_inline_script_or_style(factory: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).first()

    for name, rest in (("live", []), ("findings", []), ("finding", [finding.key]), ("files", [])):
        page = member.get(reverse(f"floor:{name}", args=[factory.key, *rest])).content.decode()
        assert (" style=" in page, "<style" in page, " onclick=" in page) == (False, False, False)


def test_korean_is_first_whatever_the_browser_speaks(factory: Any, member: Client) -> None:
    address = reverse("floor:files", args=[factory.key])

    first = member.get(address, headers={"Accept-Language": "en-US"}).content.decode()
    second = english(member).get(address, headers={"Accept-Language": "ko"}).content.decode()

    assert '<html lang="ko"' in first
    assert '<html lang="en"' in second


def test_language_switch_leads_nowhere_else(member: Client) -> None:
    answer = member.post("/language/", {"language": "en", "next": "https://example.com/"})

    assert answer.headers["Location"] == "/"


def test_missing_page_is_told_in_the_users_language(member: Client) -> None:
    answer = member.get("/no-such-page/")

    assert answer.status_code == 404
    assert "그런 화면이 없습니다" in answer.content.decode()


def test_live_without_a_collector_says_how_to_start_one(factory: Any, member: Client) -> None:
    page = member.get(reverse("floor:live", args=[factory.key])).content.decode()

    assert "jasang collect collect.toml" in page


def test_live_readings_tell_values_units_quality_and_age(factory: Any, member: Client, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with_store = set_up_factory(name=factory.name, store=tmp_path / "store")
    store = open_store(tmp_path / "store")
    try:
        store.describe(
            [Signal(name="INJ-01.melt", asset="INJ-01", unit="°C"), Signal(name="INJ-01.state", asset="INJ-01")]
        )
        moments = [now - timedelta(seconds=seconds) for seconds in range(300, 2, -3)]
        values = [
            Reading(signal="INJ-01.melt", source_time=at, receive_time=at, value=230.0 + place)
            for place, at in enumerate(moments)
        ]
        values[-1] = Reading(
            signal="INJ-01.melt", source_time=moments[-1], receive_time=moments[-1], value=329.5, quality=0x80000000
        )
        states = [Reading(signal="INJ-01.state", source_time=moments[0], receive_time=moments[0], value="down")]
        store.append(values + states)

        shown = json.loads(member.get(reverse("floor:readings", args=[with_store.key])).content)
    finally:
        store.close()

    melt, state = shown["signals"]
    assert shown["status"] == {"state": "here", "words": "수집 중"}
    assert (melt["short"], melt["value"], melt["unit"], melt["quality"]) == ("melt", "330", "°C", "bad")
    assert 3 <= int(melt["age"].removesuffix("초 전")) < 60
    assert (state["value"], state["chart"]) == ("고장 정지", False)
    assert shown["machines"] == [{"asset": "INJ-01", "state": "고장 정지", "kind": "down", "since": "5분 전"}]
    assert [entry["name"] for entry in shown["charts"]] == ["INJ-01.melt"]


def test_live_readings_say_that_the_collector_is_away(factory: Any, member: Client, tmp_path: Path) -> None:
    set_up_factory(name=factory.name, store=tmp_path / "store")
    store = open_store(tmp_path / "store")
    at = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    store.append([Reading(signal="m", source_time=at, receive_time=at, value=1.0)])
    store.close()

    shown = json.loads(member.get(reverse("floor:readings", args=[factory.key])).content)

    assert shown["status"] == {"state": "away", "words": "수집이 멈췄습니다. 마지막 값은 2시간 전에 들어왔습니다."}


@pytest.mark.parametrize("state", ["connected", "lost"])
def test_a_last_value_is_held_only_while_its_machine_is_there(
    factory: Any, member: Client, tmp_path: Path, state: str
) -> None:
    set_up_factory(name=factory.name, store=tmp_path / "store")
    store = open_store(tmp_path / "store")
    at = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    store.append([Reading(signal="m", source_time=at, receive_time=at, value=1.0)])
    store.close()
    write_status(tmp_path / "store", collector(datetime.now(UTC), ("A", state)))

    shown = json.loads(member.get(reverse("floor:readings", args=[factory.key])).content)

    line = shown["charts"][0]["chart"]["lines"][0]["y"]
    assert line == ([1.0, 1.0] if state == "connected" else [None, None])


def test_live_readings_of_a_folder_that_is_no_store_say_so(factory: Any, member: Client, tmp_path: Path) -> None:
    set_up_factory(name=factory.name, store=tmp_path / "nothing")

    shown = json.loads(member.get(reverse("floor:readings", args=[factory.key])).content)

    assert shown["status"]["state"] == "away"
    assert "jasang collect" in shown["status"]["error"]["ko"]


def test_sketch_keeps_the_extremes_of_a_long_line() -> None:
    y = [0.0] * 1500
    y[777], y[1200] = 50.0, -40.0
    chart = {"x_kind": "number", "x": list(range(1500)), "lines": [{"y": y}]}

    small = sketch(chart)

    assert len(small["x"]) <= MOST_POINTS + 2
    assert (max(small["lines"][0]["y"]), min(small["lines"][0]["y"])) == (50.0, -40.0)
    assert small["x"] == sorted(small["x"])


def collector(at: datetime, *states: tuple[str, str], stopped: bool = False) -> CollectorStatus:
    """The status that a collector wrote at that moment."""
    connections = tuple(
        ConnectionStatus(
            name=name,
            protocol="opcua",
            url="opc.tcp://cell",
            state=state,  # type: ignore[arg-type]
            since=at,
            last_error=None if state == "connected" else Text(ko="응답이 없습니다", en="no answer"),
        )
        for name, state in states
    )
    return CollectorStatus(
        pid=1, started=at, updated=at, stopped=stopped, stored=0, waiting=0, dropped=0, connections=connections
    )


@pytest.mark.parametrize(
    ("states", "state", "words", "trouble"),
    [
        ([("A", "connected")], "here", "수집 중", []),
        ([("A", "connected"), ("B", "lost")], "part", "수집 중이지만 연결되지 않은 설비가 있습니다", ["B"]),
        ([("A", "refused"), ("B", "lost")], "away", "수집기는 켜져 있지만 연결된 설비가 없습니다", ["A", "B"]),
    ],
)
def test_live_status_names_each_machine_that_is_not_connected(
    factory: Any, member: Client, tmp_path: Path, states: Any, state: str, words: str, trouble: list[str]
) -> None:
    set_up_factory(name=factory.name, store=tmp_path)
    open_store(tmp_path).close()
    write_status(tmp_path, collector(datetime.now(UTC), *states))

    status = json.loads(member.get(reverse("floor:readings", args=[factory.key])).content)["status"]

    assert (status["state"], status["words"]) == (state, words)
    assert [one["name"] for one in status.get("trouble", [])] == trouble


def test_live_status_says_that_the_collector_is_switched_off(factory: Any, member: Client, tmp_path: Path) -> None:
    set_up_factory(name=factory.name, store=tmp_path)
    open_store(tmp_path).close()
    write_status(tmp_path, collector(datetime.now(UTC) - timedelta(minutes=3), ("A", "connected")))

    status = json.loads(member.get(reverse("floor:readings", args=[factory.key])).content)["status"]

    assert status == {"state": "away", "words": "수집기가 꺼져 있습니다. 마지막 기록은 3분 전입니다."}


def test_findings_say_that_a_diagnosis_is_under_way(
    factory: Any, hand_over: Any, member: Client, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text("time,a\n2026-03-01 00:00,1\n", "utf-8")
    hand_over_path(factory=factory, path=file)

    assert (
        "끝나면 새 결과가 여기에 나옵니다" in member.get(reverse("floor:findings", args=[factory.key])).content.decode()
    )


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("3.2 bar 높습니다. 함께 움직입니다.", "3.2 bar 높습니다."),
        ("Press No. 3 is 4.5 bar too high. It moves with S3.", "Press No. 3 is 4.5 bar too high."),
        ("One sentence only.", "One sentence only."),
    ],
)
def test_first_sentence_of_a_text(text: str, first: str) -> None:
    assert first_sentence(text)[0] == first

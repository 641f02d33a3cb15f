"""The MCP server, asked by the SDK's own client: over stdio, over HTTP on loopback, and in the same process."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import httpx2
import numpy as np
import polars as pl
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from jasang.assistant.bounds import MOST_CHARACTERS
from jasang.assistant.loopback import serve
from jasang.assistant.places import Places, state_of
from jasang.assistant.server import build
from jasang.assistant.working import Desk
from jasang.errors import ConfigurationError
from jasang.mentor.diagnose import diagnose
from jasang.mentor.study_catalog import STUDIES

ROOT = Path(__file__).resolve().parents[2]
JASANG = [sys.executable, "-m", "jasang.cli.main"]
WRITING = {"write_factory_toml", "write_diagnosis_report"}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A press whose pressure jumped, with three quiet columns beside it."""
    folder = tmp_path_factory.mktemp("mcp") / "대한정밀"
    folder.mkdir()
    random = np.random.default_rng(7)
    rows = 400
    times = np.datetime64("2026-03-01T00:00:00", "ms") + np.arange(rows) * np.timedelta64(60, "s")
    columns: dict[str, Any] = {"time": times, "machine": ["INJ-01"] * rows}
    columns |= {f"temp_{number}": random.normal(200, 2, rows).round(3) for number in range(3)}
    columns["pressure"] = (random.normal(50, 1, rows) + np.where(np.arange(rows) > 250, 6, 0)).round(3)
    columns["defect"] = (random.random(rows) < np.where(np.arange(rows) > 250, 0.2, 0.02)).astype(int)
    pl.DataFrame(columns).write_csv(folder / "units.csv")
    (folder / "level.json").write_text(json.dumps({"format": "jasang.level-answers/1", "answers": []}), "utf-8")
    return folder


def asked(plant: Path, do: Callable[[Client], Coroutine[Any, Any, Any]], **desk: Any) -> Any:
    """What `do` gets from a client of a server in this process."""

    async def run() -> Any:
        async with Client(build(Desk(places=Places([plant]), **desk))) as client:
            return await do(client)

    return anyio.run(run)


def called(plant: Path, *calls: tuple[str, dict[str, Any]], **desk: Any) -> list[Any]:
    async def do(client: Client) -> list[Any]:
        return [await client.call_tool(name, arguments) for name, arguments in calls]

    found: list[Any] = asked(plant, do, **desk)
    return found


def test_whole_way_over_stdio(plant: Path) -> None:
    told: list[float] = []

    async def watch(share: float, total: float | None, words: str | None) -> None:
        told.append(share)
        assert words is not None
        assert " / " in words

    async def run() -> None:
        started = StdioServerParameters(command=JASANG[0], args=[*JASANG[1:], "mcp", str(plant)], env=dict(os.environ))
        async with Client(started) as client:
            listed = await client.call_tool("list_files", {})
            assert [one["name"] for one in listed.structured_content["items"]] == [
                "대한정밀/level.json",
                "대한정밀/units.csv",
            ]
            found = await client.call_tool("diagnose_data", {"severity": "act"}, progress_callback=watch)
            assert found.structured_content["format"] == "jasang.findings/1"
            assert "pressure" in {one["subject"]["column"] for one in found.structured_content["findings"]}
            page = await client.read_resource("jasang://docs/rules/mean_shift.ko")
            assert page.contents[0].text.startswith("# ")
            refused = await client.call_tool("diagnose_data", {"path": "/etc"})
            assert (refused.is_error, "열어 준 폴더" in refused.content[0].text) == (True, True)

    anyio.run(run)
    assert told == sorted(told)
    assert told[-1] == 100


def test_loopback_lets_in_only_who_has_the_token(plant: Path, tmp_path: Path) -> None:
    token = "a-token-of-more-than-24-letters"
    (tmp_path / "token").write_text(f"{token}\n")
    command = [*JASANG, "mcp", str(plant), "--http", "0", "--token-file", str(tmp_path / "token"), "--lang", "en"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stderr is not None
            said = serving.stderr.readline()
            assert said.startswith("MCP address: http://127.0.0.1:")
            address = said.removeprefix("MCP address: ").strip()
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            bearer = {"authorization": f"Bearer {token}"}
            cases: list[tuple[dict[str, str], int]] = [
                ({}, 401),
                ({"authorization": "Bearer wrong"}, 401),
                ({"authorization": f"Basic {token}"}, 401),
                (bearer | {"host": "evil.example"}, 421),
                (bearer | {"origin": "http://evil.example"}, 403),
            ]
            with httpx2.Client(timeout=60) as http:
                answers = [http.post(address, json=body, headers=headers).status_code for headers, _ in cases]
            assert answers == [status for _, status in cases]
            assert anyio.run(_tools_over_http, address, bearer) >= 20
        finally:
            serving.terminate()
            serving.wait(60)


async def _tools_over_http(address: str, headers: dict[str, str]) -> int:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        return len((await client.list_tools()).tools)


def test_token_that_is_too_short_is_refused(plant: Path) -> None:
    server = build(Desk(places=Places([plant])))
    with pytest.raises(ConfigurationError) as refused:
        serve(server, token="short", port=0, ready=lambda _address: None)
    assert refused.value.en == "The token must have at least 24 letters and digits without blanks, found 5."


def test_no_path_leads_out(plant: Path, tmp_path: Path) -> None:
    opened, outside = tmp_path / "opened", tmp_path / "opened-not"
    (opened / "below" / "deep").mkdir(parents=True)
    outside.mkdir()
    for folder in (opened, outside, opened / "below"):
        (folder / "units.csv").write_text("time,a\n" + "".join(f"2026-01-{day:02},{day}\n" for day in range(1, 29)))
    (opened / "link.csv").symlink_to(outside / "units.csv")
    (opened / "below" / "deep" / "out").symlink_to(outside)
    (opened / "circle").symlink_to(opened / "circle")
    os.mkfifo(opened / "pipe.csv")
    ways = [
        "..", "../opened-not/units.csv", "opened/../../opened-not", "below/../../opened-not/units.csv", str(outside),
        f"{opened}-not", f"{opened}/../opened-not/units.csv", "/etc/passwd", "/", "~", "~root", "link.csv", "below",
        ".", "circle", "pipe.csv", "below/deep/out/units.csv", "units.csv\0.txt", "..\\opened-not", "%2e%2e/opened-not",
        "file:///etc/passwd", "nothing.csv", "x" * 5000, "9" * 400, "\ud800.csv",
    ]  # fmt: skip
    tools = [
        "list_files",
        "inspect_data",
        "diagnose_data",
        "study_losses",
        "plan_schedule",
        "factory_level",
        "list_signals",
    ]
    answers = called(opened, *((tool, {"path": way}) for way in ways for tool in tools))

    assert [one.is_error for one in answers] == [True] * len(answers)
    assert not any("Traceback" in one.content[0].text or "root:" in one.content[0].text for one in answers)
    assert [one.content[0].text for one in answers if not re.search("[가-힣]", one.content[0].text)] == []
    fine = called(
        opened, *(("inspect_data", {"path": way}) for way in ("units.csv", "opened/units.csv", f"{opened}/units.csv"))
    )
    assert [one.is_error for one in fine] == [False] * 3


def test_odd_words_are_answered_in_words(plant: Path) -> None:
    odd = ["\ud800", "9" * 400, "\u202e", "%s{0.__class__}", "'; DROP TABLE x;--", "../../x.html", "a\nb.html"]
    calls: list[tuple[str, dict[str, Any]]] = []
    for word in odd:
        calls += [
            ("write_diagnosis_report", {"path": ".", "target": word}), ("read_document", {"name": word}),
            ("get_finding", {"path": "units.csv", "number": 1, "cursor": word}), ("list_files", {"cursor": word}),
            ("study_chart", {"path": "units.csv", "column": word}), ("study_losses", {"path": "units.csv", "from_day": word}),
            ("read_readings", {"path": ".", "signal": word}), ("no_such_tool", {"path": word}),
        ]  # fmt: skip
    answers = called(plant, *calls, allow_write=True)
    for asked_for, answer in zip(calls, answers, strict=True):
        text = answer.content[0].text
        worded = re.search("[가-힣]", text) or "validation error" in text or text.startswith("Unknown tool")
        assert not answer.is_error or worded, (asked_for, text[:300])
    assert sorted(one.name for one in plant.iterdir() if one.suffix != ".toml") == ["level.json", "units.csv"]


def test_inner_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("time,a\n2026-01-01,1\n")
    (tmp_path / "again").symlink_to(tmp_path / "units.csv")
    assert Places([tmp_path]).resolve("again") == (tmp_path / "units.csv").resolve()
    assert Places([tmp_path]).resolve(".") == tmp_path.resolve()


def test_pages_of_an_answer_together_are_the_whole(plant: Path) -> None:
    whole = diagnose(plant).to_json()["findings"]

    async def every_page(client: Client) -> list[Any]:
        seen, cursor = [], None
        while True:
            answer = (await client.call_tool("diagnose_data", {"limit": 2, "cursor": cursor})).structured_content
            seen += answer["findings"]
            cursor = answer["next"]
            if cursor is None:
                return seen

    assert asked(plant, every_page) == whole
    wrong = called(plant, ("diagnose_data", {"cursor": "999999"}), ("diagnose_data", {"cursor": "-1"}))
    assert ["next" in one.content[0].text for one in wrong] == [True, True]


def test_reading_tools_change_nothing_and_stay_small(plant: Path) -> None:
    before = state_of(plant)

    async def everything(client: Client) -> list[Any]:
        tools = (await client.list_tools()).tools
        assert not WRITING & {one.name for one in tools}
        assert all(one.annotations and one.annotations.read_only_hint for one in tools)
        first = (await client.call_tool("diagnose_data", {})).structured_content["findings"][0]["id"]
        given: dict[str, dict[str, Any]] = {
            "get_finding": {"id": first},
            "study_chart": {"column": "pressure", "charts": True},
            "study_capability": {"column": "pressure", "lower": 40, "upper": 60},
            "study_pareto": {"column": "defect"},
            "search_documents": {"query": "관리도"},
            "read_document": {"name": "rules/drift", "language": "ko"},
            "factory_level": {"path": "level.json"},
        }
        slow = {"study_similar", "study_batches", "study_recommend", "recommend_settings", "study_causes", "study_warn"}
        return [
            (one.name, await client.call_tool(one.name, given.get(one.name, {})))
            for one in tools
            if one.name not in slow
        ]

    answers = dict(asked(plant, everything))
    assert state_of(plant) == before
    assert max(len(one.content[0].text) for one in answers.values()) < 3 * MOST_CHARACTERS
    assert [
        name for name in ("get_finding", "study_chart", "study_capability", "factory_level") if answers[name].is_error
    ] == []
    charts = answers["study_chart"].structured_content["studies"][0]["charts"]
    assert max(len(one["x"]) for one in charts) <= 200
    unexpected = [name for name, one in answers.items() if one.is_error and "\n" not in one.content[0].text]
    assert unexpected == []  # an error says what is wrong in both languages


def test_writing_is_there_only_when_allowed_and_stays_inside(plant: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "units.csv").write_bytes((plant / "units.csv").read_bytes())
    refused = called(folder, ("write_factory_toml", {}))[0]
    assert (refused.is_error, (folder / "factory.toml").exists()) == (True, False)

    answers = called(
        folder,
        ("write_factory_toml", {}),
        ("write_factory_toml", {}),
        ("write_factory_toml", {"replace": True}),
        ("write_diagnosis_report", {"target": "report.html"}),
        ("write_diagnosis_report", {"target": "../report.html"}),
        ("write_diagnosis_report", {"target": "units.csv", "replace": True}),
        allow_write=True,
    )
    assert [one.is_error for one in answers] == [False, True, False, False, True, True]
    assert sorted(one.name for one in folder.iterdir()) == ["factory.toml", "report.html", "units.csv"]
    assert not (tmp_path / "report.html").exists()


def test_every_question_of_the_catalogue_is_a_tool_with_its_fields(plant: Path) -> None:
    async def tools(client: Client) -> Any:
        return {one.name: one for one in (await client.list_tools()).tools}

    found = asked(plant, tools)
    for kind in STUDIES:
        properties = found[f"study_{kind.name}"].input_schema["properties"]
        names = {{"from": "from_day", "to": "to_day"}.get(one.name, one.name) for one in kind.options}
        assert set(properties) == names | {"path", "table", "charts", "rows"}
        required = {one.name for one in kind.options if one.required}
        assert set(found[f"study_{kind.name}"].input_schema.get("required", [])) == required
    for tool in found.values():
        assert any("가" <= letter <= "힣" for letter in tool.description)
        assert any("a" <= letter <= "z" for letter in tool.description)
        assert tool.output_schema is not None


def test_plan_and_promise_of_the_example_folder() -> None:
    plan, rest, promise = called(
        ROOT / "examples" / "schedule",
        ("plan_schedule", {"seconds": 2, "limit": 5}),
        ("plan_schedule", {"seconds": 2, "limit": 5, "cursor": "5"}),
        ("promise_date", {"product": "없는 제품", "quantity": 10, "seconds": 2}),
    )
    first, second = plan.structured_content, rest.structured_content
    assert (first["plan"]["format"], first["plan"]["kind"], len(first["operations"]), first["next"]) == (
        "jasang.schedule/1", "plan", 5, "5",
    )  # fmt: skip
    assert first["plan"] == second["plan"]  # the same plan, kept
    assert first["operations"][0] != second["operations"][0]
    assert (promise.is_error, "없는 제품" in promise.content[0].text) == (True, True)


def test_readings_of_a_store_are_summed_up(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from jasang.plant.reading import Reading, Signal
    from jasang.store import open_store

    start = datetime(2026, 3, 1, tzinfo=UTC)
    owner = open_store(tmp_path / "store")
    try:
        owner.describe([Signal(name="INJ-01.pressure", asset="INJ-01", unit="bar")])
        owner.append(
            [
                Reading(
                    signal="INJ-01.pressure", source_time=start + timedelta(seconds=second),
                    receive_time=start + timedelta(seconds=second), value=float(second), quality=0,
                )
                for second in range(100)
            ]
        )  # fmt: skip
    finally:
        owner.close()
    span = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-01T00:01:40Z", "buckets": 2}
    listed, read, unknown = called(
        tmp_path,
        ("list_signals", {"path": "store"}),
        ("read_readings", {"path": "store", "signals": ["INJ-01.pressure"]} | span),
        ("read_readings", {"path": "store", "signals": ["no"]}),
    )
    assert listed.structured_content["items"][0] == {
        "signal": "INJ-01.pressure", "asset": "INJ-01", "unit": "bar", "value": 99.0,
        "at": "2026-03-01T00:01:39+00:00", "quality": 0,
    }  # fmt: skip
    buckets = read.structured_content["signals"][0]["buckets"]
    assert [(one["minimum"], one["maximum"], one["readings"]) for one in buckets] == [(0, 49, 50), (50, 99, 50)]
    assert (unknown.is_error, "list_signals" in unknown.content[0].text) == (True, True)

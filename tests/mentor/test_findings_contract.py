"""`--json` keeps the contract of docs/schema/findings-1.schema.json, on factories with every kind of problem."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.factories.generator import make_factory

from jasang.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
LOUDNESS = {"act": 0, "watch": 1, "note": 2}
SMALL = (630, 627, 603, 606, 609, 614)  # small factories with nine kinds of problem, for the time they take


@cache
def validator() -> Draft202012Validator:
    schema = json.loads((ROOT / "docs/schema/findings-1.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command prints for the folder; it must be strict JSON (no NaN)."""
    assert main(["diagnose", str(folder), "--json", "--lang", "ko"]) == 0

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    document: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=refuse)
    return document


@pytest.mark.parametrize("seed", SMALL)
def test_json_of_a_made_factory_keeps_the_contract(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_factory(seed, tmp_path)

    document = printed(made.folder, capsys)

    assert [error.json_path + ": " + error.message for error in validator().iter_errors(document)] == []
    loudness = [LOUDNESS[finding["severity"]] for finding in document["findings"]]
    assert loudness == sorted(loudness)
    files = {path.name for path in made.folder.iterdir()}
    assert {table["file"] for table in document["tables"]} <= files
    assert {finding["subject"]["table"] for finding in document["findings"]} <= files


@pytest.mark.parametrize("seed", SMALL[:2])
def test_intervals_hold_their_value_and_times_lie_in_the_record(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_factory(seed, tmp_path)

    document = printed(made.folder, capsys)

    assert document["findings"]
    spans = {table["file"]: table for table in document["tables"]}
    for finding in document["findings"]:
        for item in [*finding["evidence"], *([finding["worth"]] if finding["worth"] else [])]:
            value = item.get("value", item.get("amount"))
            assert item["low"] is None or item["low"] <= value, (finding["rule"], item)
            assert item["high"] is None or value <= item["high"], (finding["rule"], item)
        span = spans[finding["subject"]["table"]]
        for name in ("since", "until"):
            if finding[name] is not None and span["from"] is not None:
                moment = datetime.fromisoformat(finding[name])
                assert datetime.fromisoformat(span["from"]) <= moment <= datetime.fromisoformat(span["to"]), finding


def test_a_healthy_factory_prints_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_factory(603, tmp_path, ())

    document = printed(made.folder, capsys)

    assert [error.message for error in validator().iter_errors(document)] == []
    assert sum(table["rows"] for table in document["tables"] if table["kind"] == "units") == made.rows

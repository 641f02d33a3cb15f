"""Know-how leaves the house without names, comes back as it was, and finds its like."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from jasang.diagnose.know_how import (
    ALIKE,
    KnowHow,
    know_how_from_json,
    know_how_json,
    similarity,
    situation_of,
)
from jasang.errors import JasangError
from jasang.plant.text import Text

SCHEMA = Path(__file__).resolve().parents[2] / "docs/schema/knowhow-1.schema.json"

SITUATION = situation_of(
    rule="mean_shift",
    metric="대한정밀_금형온도_mean",
    column="대한정밀_금형온도",
    role="sensor",
    unit="°C",
    industry="C22241",
    asset="사출기 3호(김대리)",
    other_columns=("사출압력", "고객사 코드", "판정"),
)
RECORD = KnowHow(
    situation=SITUATION,
    action=Text(ko="냉각수 필터를 청소했습니다.", en="The filter of the cooling water was cleaned."),
    owner="maintenance",
    effect=-0.42,
    low=-0.55,
    high=-0.3,
    days=21,
    month="2026-05",
    lasting=True,
)


def test_nothing_in_a_record_names_anybody() -> None:
    text = json.dumps(know_how_json(RECORD), ensure_ascii=False)

    assert [name for name in ("대한", "김대리", "3호", "고객사") if name in text] == []
    assert SITUATION.words == ("mould", "temperature")
    assert SITUATION.machine == "injection moulding"


def test_record_keeps_its_schema_and_comes_back_as_it_was() -> None:
    document = json.loads(json.dumps(know_how_json(RECORD)))

    assert [
        error.message for error in Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).iter_errors(document)
    ] == []
    assert know_how_from_json(document) == RECORD


def test_same_trouble_in_english_on_a_like_machine_is_alike() -> None:
    other = situation_of(
        rule="mean_shift",
        metric="mold_temp_2_mean",
        column="mold_temp_2",
        role="sensor",
        unit="°C",
        industry="C22249",
        asset="INJ-07",
        other_columns=("inj_pressure", "verdict"),
    )

    assert similarity(SITUATION, other) > 0.9
    assert similarity(SITUATION, replace(other, rule="drift")) == 0.0


def test_another_quantity_on_another_machine_is_not_alike() -> None:
    other = situation_of(
        rule="mean_shift", metric="vib_mean", column="vib", role="sensor", unit="mm/s", industry="C25924", asset="CNC-1"
    )

    assert similarity(SITUATION, other) < ALIKE


@pytest.mark.parametrize(
    "spoiled",
    [
        {},
        {"format": "jasang.findings/1"},
        know_how_json(RECORD) | {"effect": {}},
        know_how_json(RECORD) | {"symptom": "none"},
        know_how_json(RECORD) | {"effect": {"relative": 1, "low": 2, "high": 3, "days": 1, "month": "2026-05"}},
    ],
)
def test_what_is_no_record_is_refused(spoiled: dict[str, object]) -> None:
    with pytest.raises(JasangError):
        know_how_from_json(spoiled)


def test_words_that_could_be_names_do_not_come_in() -> None:
    document = know_how_json(RECORD)
    document["symptom"]["words"] = ["temperature", "대한정밀"]

    assert know_how_from_json(document).situation.words == ("temperature",)

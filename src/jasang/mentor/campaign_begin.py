"""A campaign begun from choices made on a page: settings with their limits, a goal, and the table that holds the record."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from jasang.errors import WrongArguments
from jasang.mentor.asked_data import asked_table, open_evidence
from jasang.mentor.campaign import ask_campaign, campaign_status, new_campaign, tell_campaign
from jasang.mentor.campaign import take_back as take_back_of_file
from jasang.mentor.campaign_json import status_json
from jasang.mentor.campaign_study import status_result
from jasang.mentor.study_json import result_json

MOST_RECORDS = 60


def campaign_toml(choices: Mapping[str, Any]) -> str:
    """The campaign's TOML file of plain dicts: `campaign`, `settings`, `goals`, `specifications` as docs/campaigns.md has."""
    lines = ["[campaign]", *_entries(choices.get("campaign", {}))]
    for part in ("settings", "goals", "specifications"):
        for name, row in choices.get(part, {}).items():
            # JSON's strings and numbers are TOML's too.
            lines += ["", f"[{part}.{json.dumps(name, ensure_ascii=False)}]", *_entries(row)]
    return "\n".join(lines) + "\n"


def _entries(row: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in row.items() if value not in (None, "")]


def records_csv(path: Path, table: str | None, settings: Sequence[str], outcomes: Sequence[str]) -> str:
    """The record as operating points: rows of the same settings become their mean; the latest `MOST_RECORDS`, oldest first.

    Raises
    ------
    WrongArguments
        Fewer than two operating points.
    UnreadableInput
        The data cannot be read.
    """
    with open_evidence(path) as evidence:
        data = asked_table(evidence, table=table, column=outcomes[0])
        points = np.column_stack([data.numbers(name) for name in settings])
        values = np.column_stack([data.clean(name) for name in outcomes])
        file = data.table.file
    there = np.isfinite(points).all(axis=1) & np.isfinite(values).any(axis=1)
    points, values = points[there], values[there]
    _, group = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    group = group.reshape(-1)
    places = [np.flatnonzero(group == one) for one in range(int(group.max(initial=-1)) + 1)]
    if len(places) < 2:
        raise WrongArguments(
            ko=f"{file}: 설정이 서로 다른 기록이 {len(places)}개뿐입니다. 2개 이상 필요합니다.",
            en=f"{file}: found {len(places)} operating points; expected at least two that differ.",
        )
    places.sort(key=lambda rows: int(rows[-1]))
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([*settings, *outcomes])
    for rows in places[-MOST_RECORDS:]:
        known = values[rows]
        means = [float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else "" for column in known.T]
        writer.writerow([*(float(one) for one in points[rows[-1]]), *means])
    return made.getvalue()


def begin(path: Path, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a campaign and ask for its first trial; the campaign's document.

    `choices`: `table`, and `campaign`, `settings`, `goals`, `specifications` as the TOML file has them. Errors as `new_campaign`.
    """
    outcomes = list(dict.fromkeys([*choices["goals"], *choices.get("specifications", {})]))
    with TemporaryDirectory(prefix="jasang-campaign-") as folder:
        plan, records = Path(folder) / "campaign.toml", Path(folder) / "records.csv"
        plan.write_text(campaign_toml(choices), "utf-8")
        records.write_text(records_csv(path, choices.get("table"), list(choices["settings"]), outcomes), "utf-8")
        _, target = new_campaign(plan, history=records)
        ask_campaign(target)
        return _document(target)


def ask(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with a trial to make."""
    with TemporaryDirectory(prefix="jasang-campaign-") as folder:
        file = _written(folder, document)
        ask_campaign(file)
        return _document(file)


def tell(
    document: Mapping[str, Any], trial: int, values: Mapping[str, float], *, failed: bool = False, drop: bool = False
) -> dict[str, Any]:
    """The document with the result of an open trial; `drop` takes the trial back. Errors as `tell_campaign`."""
    with TemporaryDirectory(prefix="jasang-campaign-") as folder:
        file = _written(folder, document)
        words = [f"{name}={float(value)!r}" for name, value in values.items()]
        tell_campaign(file, values=words, trial=trial, failed=failed, drop=drop)
        return _document(file)


def take_back(document: Mapping[str, Any], place: int) -> dict[str, Any]:
    """The document without the result at `place` (from 1), which was told wrongly. Errors as `campaign.take_back`."""
    with TemporaryDirectory(prefix="jasang-campaign-") as folder:
        file = _written(folder, document)
        take_back_of_file(file, place)
        return _document(file)


def status(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """How the campaign stands: `jasang.campaign-status/1`, and in words `jasang.study/1`."""
    with TemporaryDirectory(prefix="jasang-campaign-") as folder:
        found = campaign_status(_written(folder, document))
        return status_json(found), result_json(status_result(found))


def _written(folder: str, document: Mapping[str, Any]) -> Path:
    file = Path(folder) / "campaign.json"
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return file


def _document(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found

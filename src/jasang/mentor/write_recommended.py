"""The settings of a recommendation (`jasang recommend --json`) as a proposal takes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jasang.errors import UnreadableInput, WriteRefused
from jasang.mentor.recipe_json import FORMAT


def recommended_settings(path: Path, *, product: str | None = None, machine: str | None = None) -> dict[str, float]:
    """The settings that a recommendation would move, by their names; those that stay as they are, are left out.

    Raises `UnreadableInput` for another file, `WriteRefused` when there is not exactly one recommendation for this product and
    machine, or when it would move something that is no number.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
        if found["format"] != FORMAT:
            raise ValueError(found["format"])
        all_of_them = [one for one in found["recommendations"] if one["status"] == "recommend"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(
            ko=f"{path}: 'jasang recommend --json'의 결과({FORMAT})가 아닙니다: {error}",
            en=f"{path}: is not what 'jasang recommend --json' prints ({FORMAT}): {error}",
        ) from error
    fitting = [one for one in all_of_them if product in (None, one["product"]) and machine in (None, one["machine"])]
    if len(fitting) != 1:
        listed = ", ".join(f"{one['product'] or '-'} / {one['machine'] or '-'}" for one in all_of_them) or "-"
        raise WriteRefused(
            ko=f"{path}: 추천이 하나여야 하는데 {len(fitting)}개입니다. --product와 --machine으로 고르세요: {listed}",
            en=f"{path}: expected one recommendation, found {len(fitting)}; choose with --product and --machine: {listed}",
        )
    (one,) = fitting
    settings: dict[str, float] = {}
    for name, value in one["recommended"].items():
        if value == one["now"].get(name):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise WriteRefused(
                ko=f"{path}: 설정 {name!r} 의 추천 값 {value!r} 은(는) 숫자가 아니라 쓸 수 없습니다.",
                en=f"{path}: the recommended {value!r} of setting {name!r} is no number and cannot be written",
            )
        settings[name] = float(value)
    return settings


def settings_of_study(document: Mapping[str, Any]) -> dict[str, float]:
    """The settings that a study of `jasang recommend` (one of `jasang.study/1`) would move, to the numbers it shows.

    Empty where it recommends nothing. What is no number cannot be written and is left out.
    """
    if document["kind"] != "recommend":
        return {}
    settings: dict[str, float] = {}
    for table in document["tables"]:
        if table["title"]["en"] != "Settings":
            continue
        for name, _now, to, *_rest in table["rows"]:
            try:
                settings[name] = float(to.replace(",", "")) if isinstance(to, str) else float(to)
            except (TypeError, ValueError):
                continue  # unchanged, not recommended, or a word
    return settings

"""What people choose for a campaign, an experiment or a schedule, read from the form into plain dicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jasang.errors import WrongArguments
from jasang.mentor.wording import typed_number
from jasang.web.floor.models import DiagnosedTable

USES = ("", "setting", "min", "max", "keep")
MOST_FACTORS = 8
MOST_OUTCOMES = 3
_NEVER = ("time", "id", "product", "asset", "context", "reason", "state")  # roles that are no number to set or improve
_WHOLE = ("runs", "centre", "repeats", "blocks", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChoice:
    """One column in the form of a new campaign, with what was chosen."""

    place: int
    name: str
    use: str
    low: str
    high: str


def column_choices(table: DiagnosedTable, posted: Mapping[str, str] | None) -> list[ColumnChoice]:
    """The columns that may be set, improved or kept; before anything is chosen, settings are settings and qualities are kept."""
    usual = {"setting": "setting", "defect": "min", "energy": "min"}
    found = []
    for place, column in enumerate(table.columns):
        if column["role"] in _NEVER:
            continue
        given = posted or {}
        found.append(
            ColumnChoice(
                place=place,
                name=column["name"],
                use=given.get(f"use-{place}", "") if posted else usual.get(column["role"], ""),
                low=given.get(f"low-{place}", ""),
                high=given.get(f"high-{place}", ""),
            )
        )
    return found


def campaign_choices(table: DiagnosedTable, columns: list[ColumnChoice], posted: Mapping[str, str]) -> dict[str, Any]:
    """The choices of a campaign as `campaign_begin.begin` takes them.

    Raises
    ------
    WrongArguments
        No setting, no goal, a limit missing or no number.
    """
    settings, goals, kept = {}, {}, {}
    for one in columns:
        low, high = number(one.low, one.name), number(one.high, one.name)
        limits = {key: value for key, value in (("low", low), ("high", high)) if value is not None}
        if one.use == "setting":
            if len(limits) < 2 or limits["low"] >= limits["high"]:
                raise WrongArguments(
                    ko=f"'{one.name}': 설정에는 안전한 하한과 그보다 큰 상한이 필요합니다.",
                    en=f"{one.name!r}: a setting needs a safe lower limit and a higher upper one.",
                )
            settings[one.name] = limits
        elif one.use in ("min", "max"):
            goals[one.name] = {"direction": one.use}
            if limits:
                kept[one.name] = limits
        elif one.use == "keep" and limits:
            kept[one.name] = limits
    if not settings or not goals:
        raise WrongArguments(
            ko="바꿀 설정과 좋게 할 결과를 하나 이상 고르세요.",
            en="Choose at least one setting to change and one result to improve.",
        )
    about: dict[str, Any] = {"name": posted.get("name", "").strip() or next(iter(goals))}
    for key in ("promise", "trial_cost", "gain_value"):
        value = number(posted.get(key, ""), key)
        if value is not None:
            about[key] = value / 100 if key == "promise" else value
    return {"table": table.file, "campaign": about, "settings": settings, "goals": goals, "specifications": kept}


def experiment_request(posted: Mapping[str, str]) -> dict[str, Any]:
    """The plan of an experiment as `optimise.plan_experiment` takes it; raises WrongArguments."""
    factors: dict[str, Any] = {}
    for place in range(MOST_FACTORS):
        name = posted.get(f"factor-{place}", "").strip()
        if not name:
            continue
        row: dict[str, Any] = {}
        levels = [part.strip() for part in posted.get(f"levels-{place}", "").split(",") if part.strip()]
        if levels:
            row["levels"] = levels
        else:
            row = {key: number(posted.get(f"{key}-{place}", ""), name) for key in ("low", "high")}
            if None in row.values():
                raise WrongArguments(
                    ko=f"'{name}': 하한과 상한을 적거나 수준을 쉼표로 적으세요.",
                    en=f"{name!r}: give a low and a high setting, or levels with commas.",
                )
        unit = posted.get(f"unit-{place}", "").strip()
        factors[name] = row | ({"unit": unit} if unit else {})
        if posted.get(f"hard-{place}"):
            factors[name]["hard_to_change"] = True
    outcomes: dict[str, Any] = {}
    for place in range(MOST_OUTCOMES):
        name = posted.get(f"outcome-{place}", "").strip()
        if not name:
            continue
        given = {key: number(posted.get(f"{key}-{place}", ""), name) for key in ("target", "effect", "sigma")}
        outcomes[name] = {"goal": posted.get(f"goal-{place}", "max")}
        outcomes[name] |= {key: value for key, value in given.items() if value is not None}
    if not factors or not outcomes:
        raise WrongArguments(
            ko="인자와 결과를 하나 이상 적으세요.", en="Give at least one factor and one outcome."
        )  # fmt: skip
    about: dict[str, Any] = {"name": posted.get("name", "").strip() or next(iter(outcomes))}
    about |= {key: posted[key] for key in ("design", "model") if posted.get(key)}
    for key in _WHOLE:
        value = number(posted.get(key, ""), key)
        if value is not None:
            about[key] = int(value)
    return {"about": about, "factors": factors, "outcomes": outcomes}


def result_values(posted: Mapping[str, str], outcomes: list[str]) -> dict[str, float]:
    """The results of one trial or run, by the fields `result-0`, `result-1`, …; blanks are left out; raises WrongArguments."""
    found = {name: number(posted.get(f"result-{place}", ""), name) for place, name in enumerate(outcomes)}
    return {name: value for name, value in found.items() if value is not None}


def number(text: str, name: str) -> float | None:
    """A number as people type it; `None` for a blank."""
    plain = text.strip()
    if not plain:
        return None
    try:
        value = typed_number(plain)
    except ValueError:
        value = float("nan")
    if abs(value) > 1e15 or value != value:
        raise WrongArguments(
            ko=f"'{name}': 숫자가 필요한데 '{text}'입니다.", en=f"{name!r}: expected a number, found {text!r}."
        )
    return value

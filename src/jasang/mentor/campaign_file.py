"""A campaign on disk: one JSON file, written whole or not at all, with the suggested trials that are still to be told."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jasang.errors import JasangError, UnreadableInput
from jasang.optimize.campaigns import Campaign, Suggestion, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrial:
    """A suggested trial whose result is not yet told, with its number in the campaign."""

    number: int
    settings: Mapping[str, Value]
    chance: float
    gain: float
    change_cost: float
    expected: Mapping[str, Mapping[str, float]]  # outcome -> value, low, high

    @classmethod
    def of(cls, number: int, suggestion: Suggestion) -> "OpenTrial":
        """The suggestion with its number."""
        return cls(
            number=number,
            settings=dict(suggestion.settings),
            chance=suggestion.chance,
            gain=suggestion.gain,
            change_cost=suggestion.change_cost,
            expected={
                name: {"value": one.value, "low": one.low, "high": one.high}
                for name, one in suggestion.expected.items()
            },
        )

    def record(self) -> dict[str, Any]:
        """The trial as plain data for JSON."""
        return {
            "trial": self.number,
            "settings": dict(self.settings),
            "chance": self.chance,
            "gain": self.gain,
            "change_cost": self.change_cost,
            "expected": {name: dict(one) for name, one in self.expected.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCampaign:
    """A campaign, its name, the open trials, and how many trials were ever suggested."""

    name: str
    campaign: Campaign
    open_trials: tuple[OpenTrial, ...] = ()
    suggested: int = 0


def write_campaign(path: Path, saved: SavedCampaign) -> None:
    """Write the file whole or not at all.

    Raises
    ------
    JasangError
        The folder is not there or cannot be written.
    """
    record = saved.campaign.to_record() | {
        "name": saved.name,
        "open": [one.record() for one in saved.open_trials],
        "suggested": saved.suggested,
    }
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(record, file, ensure_ascii=False, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise JasangError(
            ko=f"{path}: 캠페인 파일을 쓸 수 없습니다({error.strerror}). 있는 폴더의 파일 이름을 주세요.",
            en=f"{path}: the campaign cannot be written ({error.strerror}). Expected a file name in an existing folder.",
        ) from error


def read_campaign(path: Path) -> SavedCampaign:
    """Read a file of `write_campaign`.

    Raises
    ------
    UnreadableInput
        No such file, no campaign, of another format, or damaged; says which.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableInput(
            ko=f"{path}: 캠페인 파일을 읽을 수 없습니다({error.strerror}). 먼저 jasang campaign new로 만드세요.",
            en=f"{path}: the campaign cannot be read ({error.strerror}). Make one with jasang campaign new.",
        ) from error
    except ValueError as error:
        raise _damaged(path, f"JSON: {error}") from error
    if not isinstance(record, dict):
        raise _damaged(path, f"expected an object, found {type(record).__name__}")
    try:
        return SavedCampaign(
            name=str(record.get("name", path.stem)),
            campaign=Campaign.from_record(record),
            open_trials=tuple(_open_trial(row) for row in record.get("open", [])),
            suggested=int(record.get("suggested", 0)),
        )
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise _damaged(path, reason) from error


def _open_trial(row: Mapping[str, Any]) -> OpenTrial:
    rest = {name: row[name] for name in ("settings", "chance", "gain", "change_cost", "expected")}
    return OpenTrial(number=int(row["trial"]), **rest)


def _damaged(path: Path, reason: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"{path}: jasang.campaign/1 형식의 캠페인 파일이 아니거나 손상되었습니다({reason}).",
        en=f"{path}: no campaign of the format jasang.campaign/1, or damaged: {reason}.",
    )

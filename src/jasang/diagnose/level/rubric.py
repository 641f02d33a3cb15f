"""Rubrics as data: what a level asks for. A rubric that was used once never changes; a new wording or weight is a new version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from jasang.errors import ConfigurationError
from jasang.plant.text import Text

RUBRICS = ("1", "2")  # versions, oldest first; the file is rubric_<version>.toml beside this module
MOST_STEPS = 5
_FORMAT = "jasang.rubric/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQuestion:
    """What of `LiveFacts` answers an item, and from which value each step counts (falling values: less is better)."""

    fact: str
    steps: tuple[float, ...]
    unit: str
    mentor_too: bool = False  # while the data say nothing, a mentor's word counts

    def step_of(self, value: float) -> int:
        """0 to 5."""
        falling = self.steps[-1] < self.steps[0]
        return sum(value <= limit if falling else value >= limit for limit in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing a factory does to a degree of 0 to 5 steps. `cost`: won for one step up, low and high."""

    id: str
    module: str
    weight: float
    text: Text
    cost: tuple[float, float]
    live: LiveQuestion | None = None
    rules: tuple[str, ...] = ()  # findings whose worth this item opens


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the five levels: the points it asks for, and the least step of some items (`gates`)."""

    number: int
    points: float
    name: Text
    gates: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A way to count levels: `steps[n - 1]` is the level of five that its n-th step is."""

    id: str
    name: Text
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """The whole rubric; `fresh_days` says how long a live answer and a mentor's answer count in full."""

    version: str
    modules: Mapping[str, Text]
    items: tuple[Item, ...]
    levels: tuple[Step, ...]
    readings: tuple[Reading, ...]
    fresh_days: Mapping[str, int]

    @property
    def asked(self) -> tuple[Item, ...]:
        """The items that a mentor may answer."""
        return tuple(item for item in self.items if item.live is None or item.live.mentor_too)

    def item(self, name: str) -> Item | None:
        """The item of that id."""
        return next((item for item in self.items if item.id == name), None)

    def reading(self, name: str) -> Reading:
        """The reading of that id; WRONG ones are told."""
        for reading in self.readings:
            if reading.id == name:
                return reading
        known = ", ".join(reading.id for reading in self.readings)
        raise ConfigurationError(
            ko=f"읽는 법 {name!r}은(는) 없습니다. {known} 가운데 하나여야 합니다.",
            en=f"there is no reading {name!r}; expected one of {known}",
        )


def latest_rubric() -> Rubric:
    """The rubric in use."""
    return rubric(RUBRICS[-1])


@cache
def rubric(version: str) -> Rubric:
    """The rubric of that version."""
    if version not in RUBRICS:
        raise ConfigurationError(
            ko=f"평가표 {version!r}판은 없습니다. {', '.join(RUBRICS)} 가운데 하나여야 합니다.",
            en=f"there is no rubric {version!r}; expected one of {', '.join(RUBRICS)}",
        )
    name = f"rubric_{version}.toml"
    return read_rubric(files("jasang.diagnose.level").joinpath(name).read_text("utf-8"), file=name)


def read_rubric(text: str, *, file: str = "rubric.toml") -> Rubric:
    """A rubric from TOML; ConfigurationError names the file and what is wrong in it."""
    try:
        raw = tomllib.loads(text)
        if raw.get("format") != _FORMAT:
            raise _wrong(file, f"format = {raw.get('format')!r}", f'"{_FORMAT}"')
        made = _made(raw)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(file, str(error), "TOML") from error
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(file, f"{type(error).__name__} {error}", "the keys of docs/level.md") from error
    _check(made, file)
    return made


def _made(raw: Mapping[str, Any]) -> Rubric:
    return Rubric(
        version=str(raw["version"]),
        modules={module["id"]: Text(**module["name"]) for module in raw["modules"]},
        items=tuple(_item(item) for item in raw["items"]),
        levels=tuple(
            Step(number=one["number"], points=one["points"], name=Text(**one["name"]), gates=one.get("gates", {}))
            for one in raw["levels"]
        ),
        readings=tuple(
            Reading(id=one["id"], name=Text(**one["name"]), steps=tuple(one["steps"])) for one in raw["readings"]
        ),
        fresh_days=raw["fresh_days"],
    )


def _item(raw: Mapping[str, Any]) -> Item:
    live = raw.get("live")
    low, high = raw["cost"]
    return Item(
        id=raw["id"],
        module=raw["module"],
        weight=float(raw["weight"]),
        text=Text(**raw["text"]),
        cost=(float(low), float(high)),
        live=None if live is None else LiveQuestion(**live | {"steps": tuple(live["steps"])}),
        rules=tuple(raw.get("rules", ())),
    )


def _check(made: Rubric, file: str) -> None:
    names = [item.id for item in made.items]
    for item in made.items:
        if names.count(item.id) > 1:
            raise _wrong(file, f"item {item.id!r} twice", "every id once")
        if item.module not in made.modules:
            raise _wrong(file, f"item {item.id!r}: module {item.module!r}", f"one of {', '.join(made.modules)}")
        if not item.weight > 0:
            raise _wrong(file, f"item {item.id!r}: weight {item.weight}", "a weight above 0")
        if item.live is not None and len(item.live.steps) != MOST_STEPS:
            raise _wrong(file, f"item {item.id!r}: {len(item.live.steps)} live steps", f"{MOST_STEPS} steps")
    if [one.number for one in made.levels] != list(range(1, len(made.levels) + 1)):
        raise _wrong(file, "levels out of order", "levels 1, 2, 3 … in this order")
    for one in made.levels:
        for gate in set(one.gates) - set(names):
            raise _wrong(file, f"level {one.number}: gate {gate!r}", "the id of an item")


def _wrong(file: str, found: str, expected: str) -> ConfigurationError:
    return ConfigurationError(
        ko=f"{file}: {found}을(를) 읽을 수 없습니다. 있어야 할 것: {expected}",
        en=f"{file}: found {found}; expected {expected}",
    )

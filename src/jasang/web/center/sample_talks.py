"""What is said at a sample's centre: read from `sample.toml`, which lies beside this."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A difficulty as factories tell it and as the centre sees to it. `{n}`, `{v}`, `{m}`: machine, value, minutes."""

    topic: str
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    ask: str
    reply: str
    answer: str
    solved: str
    words: tuple[str, ...]  # meanings by which difficulties of several factories are told
    tags: tuple[str, ...]
    queue: int = 0  # 0 process and quality, 1 machines and connections
    english: bool = False


@lru_cache(maxsize=1)
def said() -> dict[str, list[dict[str, Any]]]:
    """Agents, ready answers, articles and difficulties of the sample."""
    return tomllib.loads((Path(__file__).parent / "sample.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def talks() -> tuple[Talk, ...]:
    """Everything that factories of the sample ask about."""
    return tuple(
        Talk(**{name: tuple(value) if isinstance(value, list) else value for name, value in one.items()})
        for one in said()["talks"]
    )

"""Where a value stands in a JSON message: `$.data.temp`, `$.zones[0]`, `$["odd key"]`; `@` begins at one sample of an array."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jasang.connect.contract import WrongField

_STEP = re.compile(r"""\.(?P<word>[^.\[\]"']+)|\[(?P<index>-?\d{1,9})\]|\[(?P<quote>["'])(?P<text>.*?)(?P=quote)\]""")
DEEPEST = 32

Leaf = float | int | str | bool | None


class NotThere(LookupError):
    """The message has nothing at this place."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Steps from the whole message (`$`) or, when `in_sample`, from the sample at hand."""

    text: str
    in_sample: bool
    steps: tuple[str | int, ...]

    def find(self, message: Any, sample: Any) -> Any:
        """What stands there; `NotThere` when nothing does."""
        place = sample if self.in_sample else message
        for step in self.steps:
            kind: type[Any] = list if isinstance(step, int) else dict
            if not isinstance(place, kind):
                raise NotThere(self.text)
            try:
                place = place[step]
            except (KeyError, IndexError) as error:
                raise NotThere(self.text) from error
        return place


def json_path(text: str) -> JsonPath:
    """Read a path; `WrongField` for what is none."""
    if text[:1] not in ("$", "@"):
        raise WrongField(
            "",
            f"{text!r} 은(는) 자리가 아닙니다. 예: '$.temp', '$.zones[0]', '@.value'",
            f"{text!r} is no path; expected for example '$.temp', '$.zones[0]' or '@.value'",
        )
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise WrongField(
                "",
                f'{text!r}: {text[at:]!r} 부터 읽을 수 없습니다. .이름, [번호], ["이름"] 으로 씁니다',
                f'{text!r} cannot be read from {text[at:]!r} on; expected .name, [number] or ["name"]',
            )
        index = found["index"]
        steps.append(int(index) if index is not None else found["word"] or found["text"] or "")
        at = found.end()
    return JsonPath(text=text, in_sample=text[0] == "@", steps=tuple(steps))


def leaves(place: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Leaf]]:
    """Every single value below a place with its name: `zones[0].temp`; `ValueError` when nested too deeply."""
    if depth > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    if isinstance(place, dict):
        for key, value in place.items():
            word = clean(key)
            yield from leaves(value, f"{name}.{word}" if name else word, depth + 1)
    elif isinstance(place, list):
        for index, value in enumerate(place):
            yield from leaves(value, f"{name}[{index}]", depth + 1)
    else:
        yield name, place


def clean(word: str) -> str:
    """A text as part of a signal's name: nothing that cannot be shown or written."""
    shown = "".join(sign if sign.isprintable() else "_" for sign in word)
    return shown.encode("utf-8", "replace").decode("utf-8").strip() or "_"

"""What looked wrong in messages: each kind once with its first example, and how often in powers of ten.

A sentence that changed with every message would fill the log; one that changes at 10, 100, 1000 does not.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from jasang.plant.text import Text

MOST_KINDS = 50


@dataclass(slots=True)
class Doubts:
    """Counts kinds of doubt; `note` the first of a kind and every further one."""

    _first: dict[Hashable, Text] = field(default_factory=dict)
    _counts: dict[Hashable, int] = field(default_factory=dict)

    def note(self, kind: Hashable, ko: str, en: str) -> None:
        """One more of a kind; only the first one's sentence is kept."""
        if kind not in self._first:
            if len(self._first) >= MOST_KINDS:
                return
            self._first[kind] = Text(ko=ko, en=en)
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def texts(self) -> tuple[Text, ...]:
        """A sentence for each kind."""
        return tuple(_told(text, self._counts[kind]) for kind, text in self._first.items())


def _told(text: Text, count: int) -> Text:
    bound = 10 ** (len(str(count)) - 1)
    if bound == 1:
        return text
    return Text(ko=f"{text.ko} ({bound}번 이상)", en=f"{text.en} ({bound} times or more)")

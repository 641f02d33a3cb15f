"""A sentence in Korean and English. Nothing that a user sees exists in one language only."""

from collections.abc import Callable
from dataclasses import dataclass

from jasang.errors import Language
from jasang.korean import with_particles


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same sentence in Korean and in English. Of "이(가)" and its like in the Korean one, the fitting particle is kept."""

    ko: str
    en: str

    def __post_init__(self) -> None:
        if not self.ko.strip() or not self.en.strip():
            raise ValueError(f"a text needs both languages, got ko={self.ko!r}, en={self.en!r}")
        object.__setattr__(self, "ko", with_particles(self.ko))

    def in_language(self, language: Language) -> str:
        """The Korean (`"ko"`) or English (`"en"`) sentence."""
        return self.ko if language == "ko" else self.en


# Called by long work with what it is doing and the share done, 0 to 1. Raising from it stops the work.
Progress = Callable[[Text, float], None]


def silent(stage: Text, share: float) -> None:
    """The `Progress` of somebody who does not watch."""

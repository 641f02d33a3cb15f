"""What can go wrong, said so that the person at the machine can mend it.

Every error carries one sentence in Korean and one in English that names what was given, what was found and what was expected.
"""

from typing import Literal

from jasang.korean import with_particles

Language = Literal["ko", "en"]


class JasangError(Exception):
    """An error with a sentence for the user in both languages; `str()` gives the English one."""

    exit_status = 1

    def __init__(self, *, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko = with_particles(ko)
        self.en = en

    def in_language(self, language: Language) -> str:
        """The sentence in Korean (`"ko"`) or English (`"en"`)."""
        return self.ko if language == "ko" else self.en


class UnreadableInput(JasangError):
    """A file or folder cannot be read as a factory's data; names the file, the row or field, found and expected."""


class ConfigurationError(JasangError):
    """A settings file (factory.toml, collect.toml) is wrong; raised before any connection is made."""


class WrongArguments(JasangError):
    """A command was called with arguments it does not take."""

    exit_status = 2


class ConnectionFailed(JasangError):
    """A machine cannot be reached or refuses; `permanent` when trying again will not help (wrong password, no such node)."""

    def __init__(self, *, ko: str, en: str, permanent: bool = False) -> None:
        super().__init__(ko=ko, en=en)
        self.permanent = permanent


class StoreError(JasangError):
    """Readings cannot be kept or read back; what was acknowledged before is still there."""


class WriteRefused(JasangError):
    """A setting is not written to a machine: limits, rate, approval, audit trail or the machine itself stand against it."""

"""What `jasang --help` and a mistyped command show: every command in its group, and the nearest name."""

import difflib
import shutil
import textwrap
import unicodedata

from jasang.cli.catalog import COMMANDS, GROUPS
from jasang.errors import Language, WrongArguments

_NAME_WIDTH = 14
_WIDEST, _NARROWEST = 100, 40
_FIRST_STEPS = {
    "ko": (
        "처음이면:  jasang diagnose 우리공장/      폴더째, 또는 CSV·엑셀 파일 하나\n"
        "자세히:    jasang 명령 --help            문서: docs/README.ko.md"
    ),
    "en": (
        "Begin with:  jasang diagnose my-factory/   a folder, or one CSV or Excel file\n"
        "More:        jasang COMMAND --help         documentation: docs/README.md"
    ),
}


def commands_by_group(language: Language) -> str:
    """All commands with what they do, below the headings of their groups, fit to the terminal's width."""
    room = max(_NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)) - _NAME_WIDTH - 2
    lines: list[str] = []
    for heading, names in GROUPS:
        lines += [f"{heading.in_language(language)}:"]
        for name in names:
            first, *more = _wrapped(COMMANDS[name].in_language(language), room)
            lines += [f"  {name:<{_NAME_WIDTH - 2}}  {first}", *(" " * (_NAME_WIDTH + 2) + line for line in more)]
        lines += [""]
    return "\n".join([*lines, _FIRST_STEPS[language]])


def unknown_command(word: str) -> WrongArguments:
    """The error for a command that does not exist, with the nearest that do."""
    near = difflib.get_close_matches(word, COMMANDS, n=3, cutoff=0.6)
    meant = ", ".join(near)
    return WrongArguments(
        ko=f"{word!r}: 이런 명령은 없습니다. "
        + (f"혹시 {meant}? " if near else "")
        + "모든 명령은 `jasang --help`로 봅니다.",
        en=f"{word!r}: there is no such command. "
        + (f"Did you mean {meant}? " if near else "")
        + "`jasang --help` lists them.",
    )


def _wrapped(sentence: str, room: int) -> list[str]:
    """The sentence in lines of at most `room` columns of a terminal, where a Korean letter takes two."""
    if sentence.isascii():
        return textwrap.wrap(sentence, room)
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _columns(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _columns(words: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words)

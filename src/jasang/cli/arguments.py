"""An argument parser that speaks Korean and English."""

import argparse
import re
import sys
from typing import NoReturn

from jasang.errors import Language
from jasang.plant.text import Text

# What argparse says in English, as patterns, and the same in Korean.
_KOREAN = (
    (r"the following arguments are required: (.+)", r"빠진 값이 있습니다: \1"),
    (r"unrecognized arguments: (.+)", r"모르는 값입니다: \1"),
    (r"argument (.+): invalid choice: (.+) \(choose from (.+)\)", r"\1에 쓸 수 없는 값 \2입니다. 쓸 수 있는 값: \3"),
    (r"argument (.+): expected one argument", r"\1 뒤에 값이 하나 필요합니다"),
    (r"argument (.+): expected at least one argument", r"\1 뒤에 값이 하나 이상 필요합니다"),
    (r"argument (.+): invalid (\w+) value: (.+)", r"\1에 쓸 수 없는 값 \3입니다(\2이어야 합니다)"),
    (r"argument (.+): not allowed with argument (.+)", r"\1와(과) \2은(는) 함께 쓸 수 없습니다"),
)


class Parser(argparse.ArgumentParser):
    """`argparse.ArgumentParser` whose help and errors come in the chosen language; wrong arguments exit with status 2."""

    language: Language = "en"

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments and exit with status 2."""
        if self.language == "ko":
            for pattern, korean in _KOREAN:
                message = re.sub(pattern, korean, message)
        self.print_usage(sys.stderr)
        head = "잘못된 명령입니다" if self.language == "ko" else "Wrong arguments"
        self.exit(2, f"{self.prog}: {head}: {message}\n")

    def format_usage(self) -> str:
        """The usage line in the chosen language."""
        return self._translated(super().format_usage())

    def format_help(self) -> str:
        """The help page in the chosen language."""
        return self._translated(super().format_help())

    def _translated(self, page: str) -> str:
        if self.language != "ko":
            return page
        page = re.sub(r"^usage:", "사용법:", page)
        for english, korean in (
            ("\npositional arguments:", "\n값:"),
            ("\noptions:", "\n선택:"),
            ("show this help message and exit", "이 도움말을 보여 줍니다"),
            ("show program's version number and exit", "버전을 보여 줍니다"),
        ):
            page = page.replace(english, korean)
        return page


def say(text: Text) -> str:
    """The text in the language of the parser that is being built; for `help=`."""
    return text.in_language(Parser.language)

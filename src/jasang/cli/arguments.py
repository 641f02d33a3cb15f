"""An argument parser that speaks Korean and English."""

import argparse
import contextlib
import ctypes
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from jasang.errors import Language, WrongArguments
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


def add_solver_options(parser: argparse.ArgumentParser, *, seconds: float | None) -> None:
    """`--seconds`, `--seed`, `--json` and `--csv` of a command that searches for a plan."""
    words = Text(ko="쓸 수 있는 시간(초), 시작 시간도 셉니다", en="seconds it may take, its own start included")
    parser.add_argument("--seconds", type=float, default=seconds, metavar="S", help=say(words))
    parser.add_argument("--seed", type=int, default=0, help=say(Text(ko="난수의 씨앗", en="seed of the search")))
    parser.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로 출력", en="print JSON")))
    parser.add_argument(
        "--csv", type=Path, metavar="OUT.csv", help=say(Text(ko="표를 CSV로 씁니다", en="write the table as CSV"))
    )


def seconds_left(seconds: float) -> float:
    """What is left of the time a command was given, now that it has started: what Python spent on loading libraries counts."""
    if not seconds > 0:
        raise WrongArguments(
            ko=f"--seconds {seconds:g}: 0보다 큰 숫자여야 합니다.",
            en=f"--seconds {seconds:g}: expected a number above 0.",
        )
    # A third more, because a busy machine waits while it loads.
    return max(0.5, seconds - 1.3 * time.process_time())


@contextlib.contextmanager
def solver_lines_aside() -> Iterator[None]:
    """What a solver's library prints by itself stays out of our output: HiGHS does so whatever its options say."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no output to keep clean
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        # The C library holds lines back where the output is no terminal; they must leave before the output is ours again.
        with contextlib.suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def write_beside(path: Path, content: str) -> None:
    """Write a table that a spreadsheet opens with Korean letters as they are."""
    if path.is_dir() or not path.parent.is_dir():
        raise WrongArguments(
            ko=f"--csv {path}: 쓸 수 없습니다. 있는 폴더 안의 파일 이름을 주세요.",
            en=f"--csv {path}: cannot be written; expected a file name in an existing folder.",
        )
    path.write_text(content, encoding="utf-8-sig")

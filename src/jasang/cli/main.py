"""`jasang`: reads the arguments, runs one command, and turns every known error into one sentence and an exit status.

Exit status: 0 done, 1 cannot be read or done (the sentence says why), 2 wrong arguments, 130 stopped with Ctrl-C.
"""

import argparse
import contextlib
import os
import signal
import sys
from types import FrameType

from jasang import __version__
from jasang.cli.arguments import Parser, say
from jasang.cli.catalog import COMMANDS, command_module
from jasang.cli.front_page import commands_by_group, unknown_command
from jasang.cli.language import language_of_arguments
from jasang.errors import JasangError, Language
from jasang.plant.text import Text


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _in_order(sys.argv[1:] if argv is None else argv)
    language = language_of_arguments(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
            raise unknown_command(arguments[0])
        parser = _parser(language, arguments)
        if not arguments or arguments[0].startswith("--lang"):
            parser.print_help(sys.stderr)
            return 2
        chosen = parser.parse_args(arguments)
        status: int = chosen.run(chosen, language)
        sys.stdout.flush()
    except JasangError as error:
        sys.stderr.write(f"jasang: {error.in_language(language)}\n")
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("\n중단했습니다.\n" if language == "ko" else "\nStopped.\n")
        return 130
    except BrokenPipeError:
        # The reader of our output (`| head`) went away; nothing is wrong, and Python must not complain at exit either.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _stop(_number: int, _frame: FrameType | None) -> None:
    """A polite request to stop is treated as Ctrl-C, so that everything half done is cleaned up."""
    raise KeyboardInterrupt


def _in_order(words: list[str]) -> list[str]:
    """`--lang ko diagnose …` and `help diagnose` as the parser wants them: the command first."""
    count = 2 if words[:1] == ["--lang"] else 1 if words and words[0].startswith("--lang=") else 0
    chosen, rest = words[:count], words[count:]
    if rest[:1] == ["help"]:
        rest = [*rest[1:2], "--help"]
    return [*rest[:1], *chosen, *rest[1:]]


def _parser(language: Language, arguments: list[str]) -> argparse.ArgumentParser:
    Parser.language = language
    called = [word for word in arguments[:1] if word in COMMANDS]
    parser = Parser(
        prog="jasang",
        # With a command, argparse puts this line before the command's own name; it is replaced below.
        usage=None
        if called
        else say(Text(ko="jasang [-h] [--version] 명령 ...", en="jasang [-h] [--version] COMMAND ...")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=commands_by_group(language),
        description=say(
            Text(
                ko="자상: 작은 공장의 멘토. 공장 데이터를 읽고 무엇이 잘못됐는지, 무엇을 하면 되는지 알려 줍니다.",
                en="Jasang, the mentor of small factories: reads a factory's data, says what is wrong and what to do.",
            )
        ),
    )
    parser.add_argument("--version", action="version", version=f"jasang {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar=say(Text(ko="명령", en="COMMAND")), help=argparse.SUPPRESS
    )
    for name in called:
        command_module(name).add(commands)
    for name, command in commands.choices.items():
        command.add_argument(
            "--lang",
            choices=("ko", "en"),
            default=language,
            help=say(
                Text(ko="말: ko 또는 en(없으면 컴퓨터의 언어)", en="language: ko or en (default: that of the machine)")
            ),
        )
        command.prog = f"jasang {name}"
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

"""`jasang connect test|browse|add`: look at a machine before collecting from it, and write its connection down."""

import argparse
import json
import logging
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.trust import add_trust, run_trust
from jasang.errors import Language, WrongArguments
from jasang.mentor.connect import Added, Asked, Tried, add_connection, browse_machine, try_connections
from jasang.mentor.connect_model import add_model
from jasang.plant.reading import Reading
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

MOST_LINES = 200  # of a new block in the terminal
MOST_SHOWN = 40  # signals of one connection in the terminal
QUIET = ("asyncua", "pymodbus", "httpx", "httpcore")  # what matters comes as our own sentence


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "connect",
        help=say(COMMANDS["connect"]),
        description=say(
            Text(
                ko="기계가 내주는 값을 보고(browse), collect.toml에 연결을 적고(add), 연결을 한 번 시험합니다(test).",
                en="List what a machine offers (browse), write it into a collect.toml (add), try each connection once (test).",
            )
        ),
    )
    kinds = parser.add_subparsers(dest="what", required=True, metavar="browse|add|test|trust")
    look = kinds.add_parser("browse", help=say(Text(ko="기계의 값 목록", en="list a machine's variables")))
    write = kinds.add_parser("add", help=say(Text(ko="collect.toml에 연결을 적습니다", en="write a connection for it")))
    for kind in (look, write):
        _add_machine(kind, optional=kind is write)
    write.add_argument(
        "--model", type=Path, metavar="PATH",
        help=say(Text(ko="KAMP 인터페이스 모델(AASX, 노드셋, 태그 목록)에서", en="from a KAMP interface model: file or folder")),
    )  # fmt: skip
    write.add_argument(
        "--file", type=Path, default=Path("collect.toml"), metavar="collect.toml",
        help=say(Text(ko="적을 파일(없으면 만듭니다)", en="the file to write to; made when it is not there")),
    )  # fmt: skip
    write.add_argument("--name", help=say(Text(ko="연결의 이름", en="the connection's name")))
    check = kinds.add_parser("test", help=say(Text(ko="연결을 한 번 시험", en="try each connection once")))
    check.add_argument("file", type=Path, metavar="collect.toml")
    add_trust(kinds)
    for kind in kinds.choices.values():
        kind.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로", en="as JSON")))
    for kind in kinds.choices.values():
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_machine(parser: argparse.ArgumentParser, *, optional: bool) -> None:
    parser.add_argument(
        "url",
        nargs="?" if optional else None,
        metavar="URL",
        help="opc.tcp://192.168.0.20:4840, modbus-tcp://…:502, http://…:5000, postgresql://…/mes, file:///data/export …",
    )
    parser.add_argument("--protocol", help=say(Text(ko="주소로 알 수 없을 때", en="where the address does not tell")))
    parser.add_argument(
        "--node",
        metavar="ADDRESS",
        help=say(Text(ko="이 노드(주소, 테이블, 파일) 아래만", en="only below this node, table, file")),
    )
    parser.add_argument("--user", metavar="NAME")
    parser.add_argument(
        "--password-env", metavar="VARIABLE",
        help=say(Text(ko="비밀번호가 든 환경 변수", en="environment variable with the password")),
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", dest="fields",
        help=say(Text(ko="프로토콜의 항목, 예: unit_id=2", en="a field of the protocol, for example unit_id=2")),
    )  # fmt: skip
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS")


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Look, write or try; tells by the exit status whether every signal is there."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    console = Console(highlight=False)
    if arguments.what == "browse":
        return _browse(arguments, language, console)
    if arguments.what == "add":
        return _add(arguments, language)
    if arguments.what == "trust":
        return run_trust(arguments, language)
    return _test(arguments, language, console)


def _asked(arguments: argparse.Namespace) -> Asked:
    fields = {}
    for pair in arguments.fields:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise WrongArguments(
                ko=f"--set {pair}: 항목=값 으로 적으세요. 예: --set unit_id=2",
                en=f"--set {pair}: expected FIELD=VALUE, for example --set unit_id=2",
            )
        try:
            fields[key.strip()] = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            fields[key.strip()] = value  # a text without quotes
    if not 0.1 <= arguments.timeout <= 600.0:
        raise WrongArguments(
            ko=f"--timeout {arguments.timeout:g}: 0.1에서 600 사이의 초를 주세요.",
            en=f"--timeout {arguments.timeout:g}: expected 0.1 to 600 seconds",
        )
    return Asked(
        url=arguments.url,
        protocol=arguments.protocol,
        username=arguments.user,
        password_env=arguments.password_env,
        fields=fields,
        timeout=arguments.timeout,
    )


def _browse(arguments: argparse.Namespace, language: Language, console: Console) -> int:
    protocol, variables = browse_machine(_asked(arguments), arguments.node)
    if arguments.json:
        found = [
            {
                "address": variable.address,
                "path": variable.path,
                "data_type": variable.data_type,
                "unit": variable.unit,
                "low": variable.low,
                "high": variable.high,
                "writable": variable.writable,
                "value": variable.value,
                "within": variable.within,
            }
            for variable in variables
        ]
        _write_json(
            {"format": "jasang.connect.browse/1", "url": arguments.url, "protocol": protocol, "variables": found}
        )
        return 0
    if not variables:
        nothing = Text(
            ko="연결은 되지만 값을 찾지 못했습니다. 아직 아무것도 보내지 않았는지, 볼 곳이 맞는지(--node) 보세요.",
            en="connected, but nothing was found; does it send yet, is the place to look at (--node) right?",
        )
        sys.stderr.write(nothing.in_language(language) + "\n")
    titles = Text(
        ko="이름 주소 형식 단위 범위 쓰기 값 설비형식", en="name address type unit range writable value within"
    ).in_language(language)
    rows = [
        (
            variable.path,
            variable.address,
            variable.data_type,
            variable.unit or "",
            "" if variable.low is None or variable.high is None else f"{variable.low:g} … {variable.high:g}",
            "✓" if variable.writable else "",
            "" if variable.value is None else _shown(variable.value),
            variable.within or "",
        )
        for variable in variables
    ]
    if not console.is_terminal:  # for a file or another program: tabs, nothing folded
        sys.stdout.writelines("\t".join(row) + "\n" for row in [tuple(titles.split()), *rows])
        return 0
    table = Table(*(Column(title, overflow="fold") for title in titles.split()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    return 0


def _add(arguments: argparse.Namespace, language: Language) -> int:
    if arguments.model is not None:
        given = {"url": arguments.url, "name": arguments.name}
        all_added = add_model(arguments.model, arguments.file, **given, language=language)
    elif arguments.url is None:
        raise WrongArguments(
            ko="기계의 주소(URL)나 --model 중 하나가 필요합니다.", en="the machine's address (URL) or --model is needed"
        )
    else:
        all_added = (
            add_connection(
                _asked(arguments), arguments.file, name=arguments.name, node=arguments.node, language=language
            ),
        )
    for added in all_added:
        _show_added(added, arguments.json, language)
    return 0


def _show_added(added: Added, as_json: bool, language: Language) -> None:
    if as_json:
        _write_json(
            {
                "format": "jasang.connect.add/1",
                "file": str(added.file),
                "new_file": added.new_file,
                "name": added.name,
                "found": added.found,
                "block": added.block,
                "to_do": [_both(text) for text in added.to_do],
            }
        )
        return
    said = Text(
        ko=f"{added.file} 에 연결 {added.name!r} 을(를) 적었습니다(찾은 값 {added.found}개):",
        en=f"{'wrote' if added.new_file else 'added to'} {added.file}: connection {added.name!r}"
        f" ({added.found} variables found):",
    )
    lines = added.block.splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], "…"]
    sys.stdout.write(f"{said.in_language(language)}\n\n" + "\n".join(lines) + "\n\n")
    for text in added.to_do:
        sys.stdout.write(f"→ {text.in_language(language)}\n")
    after = Text(ko="다음: jasang connect test", en="next: jasang connect test")
    sys.stdout.write(f"{after.in_language(language)} {added.file}\n")


def _test(arguments: argparse.Namespace, language: Language, console: Console) -> int:
    tried = try_connections(arguments.file)
    complete = all(one.complete for one in tried)
    if arguments.json:
        connections = [_as_json(one) for one in tried]
        _write_json(
            {"format": "jasang.connect.test/1", "file": str(arguments.file), "ok": complete, "connections": connections}
        )
        return 0 if complete else 1
    for one in tried:
        _print_tried(one, language, console)
    return 0 if complete else 1


def _print_tried(one: Tried, language: Language, console: Console) -> None:
    def line(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    if one.error is not None:
        line(f"✗ {one.error.in_language(language)} ({one.elapsed:.1f} s)")
        return
    found = Text(ko=f"신호 {len(one.signals)}개가 옵니다", en=f"{len(one.signals)} signals come")
    line(f"{'✓' if one.complete else '△'} {one.link.name}: {found.in_language(language)} ({one.elapsed:.1f} s)")
    for signal in one.signals[:MOST_SHOWN]:
        reading = one.latest.get(signal.name)
        line(f"    {signal.name}: {_latest(reading, signal.unit, language)}")
    if len(one.signals) > MOST_SHOWN:
        more = len(one.signals) - MOST_SHOWN
        line(Text(ko=f"    이 밖에 {more}개", en=f"    and {more} more").in_language(language))
    for text in one.missing:
        line(f"  ✗ {text.in_language(language)}")
    for text in one.doubts:
        line(f"  ? {text.in_language(language)}")


def _latest(reading: Reading | None, unit: str | None, language: Language) -> str:
    if reading is None:
        return Text(ko="아직 값이 없습니다", en="no value yet").in_language(language)
    shown = "-" if reading.value is None else _shown(reading.value)
    quality = "" if reading.quality == 0 else f" (quality 0x{reading.quality:08X})"
    when = reading.source_time.astimezone().isoformat(sep=" ", timespec="milliseconds")
    return f"{shown}{' ' + unit if unit and reading.value is not None else ''}{quality}  {when}"


def _shown(value: float | int | str | bool) -> str:
    if isinstance(value, float):
        return f"{value:.7g}"
    text = str(value).replace("\n", " ").replace("\t", " ")
    return text if len(text) <= 80 else text[:79] + "…"


def _as_json(one: Tried) -> dict[str, Any]:
    signals = []
    for signal in one.signals:
        reading = one.latest.get(signal.name)
        signals.append(
            {
                "name": signal.name,
                "asset": signal.asset,
                "unit": signal.unit,
                "address": signal.address,
                "value": None if reading is None else reading.value,
                "quality": None if reading is None else reading.quality,
                "source_time": None if reading is None else reading.source_time.isoformat(),
            }
        )
    return {
        "name": one.link.name,
        "protocol": one.link.protocol,
        "url": one.link.url,
        "ok": one.complete,
        "elapsed_s": round(one.elapsed, 3),
        "error": None if one.error is None else _both(one.error),
        "signals": signals,
        "missing": [_both(text) for text in one.missing],
        "doubts": [_both(text) for text in one.doubts],
    }


def _both(text: Text) -> dict[str, str]:
    return {"ko": text.ko, "en": text.en}


def _write_json(found: dict[str, Any]) -> None:
    # A machine may say NaN or infinity, which JSON has no words for: they become texts.
    sys.stdout.write(json.dumps(_finite(found), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and value - value != 0.0:
        return str(value)
    return value

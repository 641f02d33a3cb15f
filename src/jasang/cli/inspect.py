"""`jasang inspect PATH`: the guessed role of every column with its reason, and a ready factory.toml to correct."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import Language
from jasang.mentor.inspect import FACTORY_TOML, InspectedTable, Inspection, inspect, save_factory_toml
from jasang.plant.factory import Role
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

SHOWN = 60  # columns of a table shown in full; the others are counted by role
PIPED_WIDTH = 160
UNSURE = 0.6
KINDS = {
    "units": Text(ko="생산 기록", en="units"),
    "signals": Text(ko="신호", en="signals"),
    "states": Text(ko="설비 상태", en="machine states"),
    "orders": Text(ko="주문·작업지시", en="orders"),
    "gauge": Text(ko="측정 시스템 분석", en="gauge study"),
    "other": Text(ko="기타", en="other"),
}
ROLES = {
    Role.TIME: Text(ko="시각", en="time"),
    Role.ASSET: Text(ko="설비", en="machine"),
    Role.PRODUCT: Text(ko="제품", en="product"),
    Role.ID: Text(ko="번호", en="number of the row or unit"),
    Role.SETTING: Text(ko="설정값", en="setting"),
    Role.SENSOR: Text(ko="센서", en="sensor"),
    Role.CONTEXT: Text(ko="조건·환경", en="context"),
    Role.QUALITY: Text(ko="품질 측정", en="quality measure"),
    Role.DEFECT: Text(ko="불량 판정", en="good or bad"),
    Role.COUNT: Text(ko="수량·횟수", en="count"),
    Role.ENERGY: Text(ko="에너지", en="energy"),
    Role.STATE: Text(ko="설비 상태", en="machine state"),
    Role.REASON: Text(ko="사유", en="reason"),
    Role.START: Text(ko="시작", en="start"),
    Role.END: Text(ko="종료", en="end"),
    Role.SIGNAL: Text(ko="신호 이름", en="name of the signal"),
    Role.VALUE: Text(ko="값", en="value"),
    Role.IGNORE: Text(ko="쓰지 않음", en="not used"),
}


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "inspect",
        help=say(COMMANDS["inspect"]),
        description=say(
            Text(
                ko="파일이나 폴더를 읽고 열마다 무엇인지(설비, 제품, 센서, 불량 …) 짐작한 것과 이유를 보여 줍니다. "
                "폴더이고 factory.toml이 없으면 고쳐 쓸 수 있는 factory.toml을 만들어 줍니다.",
                en="Read a file or folder and show what each column was guessed to be (machine, product, sensor, defect …) "
                "and why. In a folder without a factory.toml it writes one, ready to correct.",
            )
        ),
    )
    parser.add_argument("path", type=Path, metavar="PATH", help=say(Text(ko="파일 또는 폴더", en="file or folder")))
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help=say(Text(ko="factory.toml을 이 이름으로 씁니다", en="write the factory.toml under this name")),
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help=say(Text(ko="이미 있는 factory.toml을 덮어씁니다", en="replace a factory.toml that is there already")),
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help=say(Text(ko="열이 많아도 모두 보여 줍니다", en="show every column of wide tables too")),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Inspect, write factory.toml where asked or where a folder has none, and print the guesses."""
    inspection = inspect(arguments.path)
    target = _target(arguments, inspection)
    if target is not None:
        save_factory_toml(inspection, target, language, replace=arguments.force)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    print_inspection(inspection, language, console, everything=arguments.all)
    sys.stdout.write(_closing(arguments, inspection, target).in_language(language) + "\n")
    return 0


def _target(arguments: argparse.Namespace, inspection: Inspection) -> Path | None:
    """Where to write: the name given, or the folder's own factory.toml when it has none (or --force)."""
    if arguments.write is not None:
        written: Path = arguments.write
        return written / FACTORY_TOML if written.is_dir() else written
    if arguments.path.is_dir() and (arguments.force or not inspection.stated):
        folder: Path = arguments.path
        return folder / FACTORY_TOML
    return None


def _closing(arguments: argparse.Namespace, inspection: Inspection, target: Path | None) -> Text:
    if target is not None:
        return Text(
            ko=f"{target}을(를) 썼습니다. 틀린 곳을 고친 뒤 jasang diagnose를 실행하세요.",
            en=f"Wrote {target}. Correct what is wrong, then run jasang diagnose.",
        )
    if inspection.stated:
        return Text(
            ko="factory.toml이 있어 그대로 두었습니다. 새로 만들려면 --force를 붙이세요.",
            en="There is a factory.toml, left as it is. Add --force to write it anew.",
        )
    return Text(
        ko=f"고칠 것이 있으면 jasang inspect {arguments.path} --write factory.toml로 파일을 만들어 고치세요.",
        en=f"To correct a guess, write a file with jasang inspect {arguments.path} --write factory.toml and edit it.",
    )


def print_inspection(inspection: Inspection, language: Language, console: Console, *, everything: bool = False) -> None:
    """Print every table with its guesses, then what was repaired or skipped."""
    for table in inspection.tables:
        _print_table(table, language, console, everything=everything)
    for notice in inspection.notices:
        rows = (f"{notice.rows:,}행: " if language == "ko" else f"{notice.rows:,} rows: ") if notice.rows else ""
        console.print(Styled(f"{notice.file}: {rows}{notice.text.in_language(language)}", style="dim"))
    if inspection.notices:
        console.print()


def _print_table(inspected: InspectedTable, language: Language, console: Console, *, everything: bool) -> None:
    ko = language == "ko"
    guess, table = inspected.guess, inspected.guess.table
    kind = f"{KINDS[table.kind.value].in_language(language)} ({table.kind.value})" if ko else table.kind.value
    head = Styled(table.file, style="bold")
    head.append(
        f" · {kind} {guess.kind_confidence:.0%} · " + (f"{inspected.rows:,}행" if ko else f"{inspected.rows:,} rows")
    )
    console.print(head)
    lines = [guess.kind_reason.in_language(language), guess.axis_reason.in_language(language)]
    if table.bad_values:
        values = ", ".join(table.bad_values)
        lines.append(f"불량을 뜻하는 값: {values}" if ko else f"values that mean a defect: {values}")
    for line in lines:
        console.print(Padding(Styled(line, style="dim"), (0, 0, 0, 2)))
    titles = ("열", "역할", "단위", "확신", "이유") if ko else ("column", "role", "unit", "sure", "reason")
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title, fold in zip(titles, ("fold", "fold", "fold", "crop", "fold"), strict=True):
        grid.add_column(
            title, overflow="crop" if fold == "crop" else "fold", justify="right" if fold == "crop" else "left"
        )
    shown = guess.guesses if everything else guess.guesses[:SHOWN]
    for one in shown:
        role = f"{ROLES[one.role].ko} ({one.role})" if ko else one.role.value
        style = "yellow" if one.confidence < UNSURE else ""
        cells = (
            one.column,
            role,
            table.column(one.column).unit or "",
            f"{one.confidence:.0%}",
            one.reason.in_language(language),
        )
        grid.add_row(*(Styled(cell, style=style) for cell in cells))
    console.print(Padding(grid, (0, 0, 0, 2)))
    rest = guess.guesses[len(shown) :]
    if rest:
        counts = Counter(ROLES[one.role].in_language(language) for one in rest)
        words = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        text = (
            f"… 이 밖에 {len(rest):,}열: {words} (--all로 모두 보기)"
            if ko
            else f"… {len(rest):,} more: {words} (--all shows them)"
        )
        console.print(Padding(Styled(text, style="dim"), (0, 0, 0, 2)))
    console.print()

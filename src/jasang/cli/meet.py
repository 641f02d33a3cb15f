"""`jasang meet PATH`: who meets whom at the expo, and the plan anew when somebody does not come."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from jasang.cli.arguments import add_solver_options, say, seconds_left, solver_lines_aside, write_beside
from jasang.cli.catalog import COMMANDS
from jasang.errors import Language, WrongArguments
from jasang.mentor.meet import Met, meet, meet_again, met_csv, met_json
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["meet"]
    parser = commands.add_parser("meet", help=say(words), description=say(words))
    path = Text(ko="jasang.meetings/1 JSON 또는 CSV 폴더", en="jasang.meetings/1 JSON, or a folder of CSV files")
    parser.add_argument("path", type=Path, metavar="PATH", help=say(path))
    add_solver_options(parser, seconds=None)
    plan = Text(
        ko="전에 --json으로 받은 계획: 이 계획을 다시 짭니다",
        en="a plan printed before with --json, to be planned anew",
    )
    parser.add_argument("--plan", type=Path, metavar="PLAN.json", help=say(plan))
    absent = Text(ko="오지 않은 참가자(쉼표로 구분)", en="who did not come, with commas between")
    parser.add_argument("--absent", default="", metavar="ID,ID", help=say(absent))
    now = Text(ko="지금 시간대 일.시간대(예: 2.3)", en="the present slot as day.slot, for example 2.3")
    parser.add_argument("--now", default="1.1", metavar="1.1", help=say(now))
    moved = Text(ko="시간을 옮겨도 되는 만남의 비율", en="share of staying meetings that may change their slot")
    parser.add_argument("--max-moved", type=float, default=0.05, metavar="0.05", help=say(moved))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Plan and show; exit status 1 where the pinned meetings cannot all take place."""
    if arguments.plan is None:
        if arguments.absent:
            raise WrongArguments(
                ko="--absent에는 다시 짤 계획이 있어야 합니다: --plan PLAN.json",
                en="--absent needs the plan that is to be planned anew: --plan PLAN.json",
            )
        with solver_lines_aside():
            met = meet(arguments.path, seconds=seconds_left(arguments.seconds or 60.0), seed=arguments.seed)
    else:
        absent = [name.strip() for name in arguments.absent.split(",") if name.strip()]
        with solver_lines_aside():
            met = meet_again(
                arguments.path, arguments.plan, absent=absent, now=_slot(arguments.now),
                seconds=seconds_left(arguments.seconds or 5.0), max_moved=arguments.max_moved, seed=arguments.seed,
            )  # fmt: skip
    if arguments.csv is not None:
        write_beside(arguments.csv, met_csv(met))
    if arguments.json:
        sys.stdout.write(json.dumps(met_json(met), ensure_ascii=False, indent=1) + "\n")
    else:
        _show(met, language)
    return 1 if met.plan.status == "infeasible" else 0


def _slot(text: str) -> tuple[int, int]:
    day, _, slot = text.partition(".")
    if not day.isdigit() or not slot.isdigit():
        raise WrongArguments(
            ko=f"--now {text}: 일.시간대 꼴이어야 합니다(예: 2.3).",
            en=f"--now {text}: expected day.slot, for example 2.3.",
        )
    return int(day), int(slot)


def _show(met: Met, language: Language) -> None:
    console, plan, ko = Console(soft_wrap=False, highlight=False), met.plan, language == "ko"
    title = "고정한 만남을 모두 지킬 수 없습니다" if plan.status == "infeasible" else "상담 시간표"
    english = "the pinned meetings cannot all take place" if plan.status == "infeasible" else "meetings"
    console.print(Styled(title if ko else english, style="bold"))
    console.print(
        f"만남 {len(plan.meetings):,}건 · 점수 {plan.objective:,.1f} · 상한 {plan.bound:,.1f} · 차이 {plan.gap:.2%} · "
        f"{plan.seconds:.1f}초"
        if ko
        else f"{len(plan.meetings):,} meetings · score {plan.objective:,.1f} · bound {plan.bound:,.1f} · gap {plan.gap:.2%} · "
        f"{plan.seconds:.1f} s"
    )
    if plan.cancelled or plan.moved:
        gone = len(plan.cancelled)
        console.print(f"취소 {gone:,}건, 옮김 {plan.moved:,}건" if ko else f"{gone:,} cancelled, {plan.moved:,} moved")
    for demand in plan.conflict:
        console.print(f"· {demand.text.in_language(language)}")
    for text in met.broken:
        console.print(Styled(text.in_language(language), style="bold red"))
    headings = (
        ("시간대", "만남", "남는 테이블", "예상 노쇼", "대기")
        if ko
        else ("slot", "meetings", "spare tables", "no-shows", "stand-by")
    )
    sheet = Table(box=None, pad_edge=False)
    for heading in headings:
        sheet.add_column(heading)
    for use in plan.slots:
        waiting = sum(one.slot == use.slot for one in plan.stand_by)
        day, slot = use.slot
        sheet.add_row(
            f"{day}.{slot}", str(use.meetings), str(use.spare_tables), f"{use.expected_no_shows:.1f}", str(waiting)
        )
    console.print(sheet)

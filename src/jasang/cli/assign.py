"""`jasang assign PATH`: which mentor, or team of three, goes to which factory."""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from jasang.cli.arguments import add_solver_options, say, seconds_left, solver_lines_aside, write_beside
from jasang.cli.catalog import COMMANDS
from jasang.errors import Language, WrongArguments
from jasang.mentor.assign import Assigned, assign, assigned_csv, assigned_json
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

# Rows shown on the terminal; --csv writes all.
_SHOWN = 20
_STATUS = {
    "optimal": Text(ko="더 나은 배정은 없습니다", en="no better assignment exists"),
    "feasible": Text(ko="모두 배정했습니다", en="everybody is served"),
    "incomplete": Text(ko="다 배정하지 못했습니다", en="no complete assignment was found"),
    "infeasible": Text(ko="요구를 모두 지킬 수 없습니다", en="the demands cannot all be met"),
}


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["assign"]
    parser = commands.add_parser("assign", help=say(words), description=say(words))
    path = Text(ko="jasang.assignment/1 JSON 또는 CSV 폴더", en="jasang.assignment/1 JSON, or a folder of CSV files")
    parser.add_argument("path", type=Path, metavar="PATH", help=say(path))
    add_solver_options(parser, seconds=20.0)
    why = Text(ko="이 공장의 배정 이유", en="why this factory gets whom it gets")
    parser.add_argument("--why", metavar="FACTORY", help=say(why))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Solve and show; exit status 1 where the demands cannot all be met."""
    with solver_lines_aside():
        assigned = assign(arguments.path, seconds=seconds_left(arguments.seconds), seed=arguments.seed)
    if arguments.csv is not None:
        write_beside(arguments.csv, assigned_csv(assigned))
    if arguments.json:
        sys.stdout.write(json.dumps(assigned_json(assigned), ensure_ascii=False, indent=1) + "\n")
    else:
        _show(assigned, arguments.why, language)
    return 0 if assigned.answer.status in ("optimal", "feasible") else 1


def _show(assigned: Assigned, why: str | None, language: Language) -> None:
    console, answer, ko = Console(soft_wrap=False, highlight=False), assigned.answer, language == "ko"
    console.print(Styled(_STATUS[answer.status].in_language(language), style="bold"))
    console.print(
        f"공장 {len(answer.placements):,}곳 배정, {len(answer.unserved):,}곳 남음 · 점수 {answer.objective:,.1f} · "
        f"상한 {answer.bound:,.1f} · 차이 {answer.gap:.2%} · {answer.seconds:.1f}초"
        if ko
        else f"{len(answer.placements):,} factories served, {len(answer.unserved):,} left · score {answer.objective:,.1f} · "
        f"bound {answer.bound:,.1f} · gap {answer.gap:.2%} · {answer.seconds:.1f} s"
    )
    for demand in answer.conflict:
        console.print(f"· {demand.text.in_language(language)}")
    for text in assigned.broken:
        console.print(Styled(text.in_language(language), style="bold red"))
    if why is not None:
        _why(assigned, why, language, console)
        return
    console.print(_sheet(assigned, language))
    if len(answer.placements) > _SHOWN:
        console.print(
            f"{len(answer.placements):,}곳 중 {_SHOWN}곳만 보입니다. 모두 보려면 --csv OUT.csv"
            if ko
            else f"{_SHOWN} of {len(answer.placements):,} are shown; --csv OUT.csv writes all."
        )
    days = {one.id: one.days for one in assigned.problem.factories}
    carried: dict[str, float] = defaultdict(float)
    for placement in answer.placements:
        for mentor in placement.mentors:
            carried[mentor] += days[placement.factory]
    if carried:
        low, high = min(carried.values()), max(carried.values())
        count = len(assigned.problem.mentors) - len(carried)
        console.print(
            f"멘토 한 명이 {low:g}~{high:g}일, 배정이 없는 멘토 {count}명"
            if ko
            else f"{low:g} to {high:g} days a mentor; {count} mentors without a factory"
        )


def _sheet(assigned: Assigned, language: Language) -> Table:
    headings = (
        ("공장", "멘토", "시작 주", "점수", "순위")
        if language == "ko"
        else ("factory", "mentor", "week", "score", "rank")
    )
    sheet = Table(box=None, pad_edge=False)
    for heading in headings:
        sheet.add_column(heading)
    for one in assigned.answer.placements[:_SHOWN]:
        week = "" if one.start is None else str(one.start)
        sheet.add_row(one.factory, ", ".join(one.mentors), week, f"{one.score:.1f}", str(one.rank))
    return sheet


def _why(assigned: Assigned, factory: str, language: Language, console: Console) -> None:
    ko = language == "ko"
    found = [one for one in assigned.answer.placements if one.factory == factory]
    known = [one.id for one in assigned.problem.factories]
    if factory not in known:
        listed = ", ".join(known[:5]) or "-"
        raise WrongArguments(
            ko=f"--why {factory}: 그런 공장이 없습니다. 있는 것: {listed}",
            en=f"--why {factory}: there is no such factory; there is {listed}",
        )
    if not found:
        console.print(f"{factory}: 배정이 없습니다." if ko else f"{factory}: not served.")
        return
    one = found[0]
    console.print(f"{one.factory} ← {', '.join(one.mentors)}: {one.score:.1f}")
    for name, points in one.parts.items():
        console.print(f"  {name}: {points:.1f}")
    for rival in one.rivals:
        console.print(f"  {rival.name} ({rival.score:.1f}): {rival.reason.in_language(language)}")

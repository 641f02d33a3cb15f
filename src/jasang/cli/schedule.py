"""`jasang schedule PATH`: plan a folder's orders, mend the plan after a breakdown, promise a date, compare with what was done."""

import argparse
import csv
import json
import sys
from datetime import datetime
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.schedule_show import show_comparison, show_plan, show_promise, show_replan, show_shop
from jasang.cli.show_study import check_report_path
from jasang.cli.terminal import watched
from jasang.errors import JasangError, Language, WrongArguments
from jasang.mentor.factory_data import stated_factory
from jasang.mentor.report.gantt_page import write_gantt
from jasang.mentor.schedule import (
    Infeasible,
    compare_with_record,
    make_plan,
    promise_order,
    read_plan,
    replan_after,
)
from jasang.mentor.schedule_folder import ScheduleFolder, read_schedule_folder
from jasang.mentor.schedule_json import (
    comparison_json,
    conflict_json,
    plan_json,
    promise_json,
    replan_json,
    shop_json,
)
from jasang.mentor.schedule_tables import parsed_moment
from jasang.optimize.schedule import Plan, Weights, prepare_search, read_job_shop, solve_job_shop
from jasang.optimize.schedule.shop_file import SHOP_SUFFIXES
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["schedule"]
    parser = commands.add_parser("schedule", help=say(words), description=say(words))
    parser.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help=say(
            Text(ko="표가 든 폴더나 엑셀, 또는 .jsp/.fjs 파일", en="folder or workbook of tables, or a .jsp/.fjs file")
        ),
    )
    _search_options(parser)
    _question_options(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help=say(Text(ko="jasang.schedule/1 JSON으로 출력", en="print jasang.schedule/1 JSON")),
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html",
        help=say(Text(ko="간트 차트 한 페이지를 씁니다", en="write one page with the Gantt chart")),
    )
    parser.add_argument(
        "--csv", type=Path, metavar="OUT.csv", help=say(Text(ko="계획을 CSV로 씁니다", en="write the plan as CSV"))
    )
    parser.set_defaults(run=run)


def _search_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--seconds",
        type=float,
        metavar="S",
        help=say(Text(ko="찾는 시간(초, 없으면 10)", en="seconds to search (default 10)")),
    )
    add("--workers", type=int, default=2, help=say(Text(ko="함께 찾는 스레드 수(없으면 2)", en="threads (default 2)")))
    add("--seed", type=int, default=0, help=say(Text(ko="난수 씨앗", en="seed of the search")))
    add(
        "--rounds",
        type=int,
        metavar="N",
        help=say(
            Text(
                ko="시계 대신 N번 개선하고 끝냄(같은 씨앗이면 같은 계획)",
                en="end after N rounds instead of by the clock: the same seed then gives the same plan",
            )
        ),
    )
    add(
        "--start",
        metavar="TIME",
        help=say(
            Text(ko="계획의 시작(없으면 가장 이른 착수 가능일)", en="when the plan begins (default: earliest release)")
        ),
    )
    for name, ko, en in (
        ("tardiness", "납기 지연 1분의 무게(없으면 100)", "weight of a minute late (default 100)"),
        ("makespan", "전체 길이 1분의 무게(없으면 1)", "weight of a minute of makespan (default 1)"),
        ("setup", "교체 1분의 무게(없으면 1)", "weight of a minute of set-up (default 1)"),
    ):
        add(f"--weight-{name}", type=float, metavar="W", help=say(Text(ko=ko, en=en)))


def _question_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--plan",
        type=Path,
        metavar="PLAN.json",
        help=say(Text(ko="전에 만든 계획(--promise, --compare에)", en="a plan made before (for --promise, --compare)")),
    )
    add(
        "--replan",
        type=Path,
        metavar="PLAN.json",
        help=say(Text(ko="이 계획을 --breakdown 뒤에 고칩니다", en="mend this plan after a --breakdown")),
    )
    add(
        "--breakdown",
        nargs=3,
        metavar=("MACHINE", "FROM", "TO"),
        help=say(Text(ko="고장 난 설비와 시작, 끝", en="the machine that is down, from and to")),
    )
    add(
        "--now",
        metavar="TIME",
        help=say(
            Text(
                ko="지금(없으면 고장 시작, --promise는 계획 시작). 그 전에 시작한 작업은 그대로",
                en="now (default: start of the breakdown, or of the plan); what has started stays",
            )
        ),
    )
    add(
        "--most-moved",
        type=float,
        default=0.15,
        metavar="SHARE",
        help=say(Text(ko="옮겨도 되는 몫(없으면 0.15)", en="share that may be moved (default 0.15)")),
    )
    add(
        "--promise",
        metavar="PRODUCT:QUANTITY[:RELEASE]",
        help=say(Text(ko="새 주문에 약속할 날", en="the date to promise for a new order")),
    )
    add(
        "--compare",
        action="store_true",
        help=say(Text(ko="계획을 실적 표와 견줍니다", en="compare the plan with what was done")),
    )
    add(
        "--tolerance",
        type=int,
        default=30,
        metavar="MIN",
        help=say(Text(ko="제때로 치는 시작 차이(분, 없으면 30)", en="minutes off that count as in time (default 30)")),
    )


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Answer what was asked."""
    _check(arguments)
    path: Path = arguments.path
    if path.is_file() and path.suffix.lower() in SHOP_SUFFIXES:
        return _shop(arguments, language)
    try:
        return _folder(arguments, language)
    except Infeasible as refused:
        if not arguments.json:
            raise
        _print_json(conflict_json(refused.folder, refused.conflict, refused.words))
        return 1


def _check(arguments: argparse.Namespace) -> None:
    """Refuse arguments that do not fit each other, before any work."""
    for report in (arguments.report, arguments.csv):
        if report is not None:
            check_report_path(report)
    if (arguments.replan is None) != (arguments.breakdown is None):
        raise WrongArguments(
            ko="--replan과 --breakdown은 함께 써야 합니다: --replan 계획.json --breakdown 설비 시작 끝",
            en="--replan and --breakdown go together: --replan PLAN.json --breakdown MACHINE FROM TO",
        )
    asked = [name for name in ("replan", "promise", "compare") if getattr(arguments, name)]
    if len(asked) > 1:
        raise WrongArguments(
            ko=f"--{asked[0]}와(과) --{asked[1]}은(는) 따로 물어보세요.",
            en=f"--{asked[0]} and --{asked[1]} cannot be asked together.",
        )
    for name, least in (("seconds", 0.0), ("workers", 1), ("rounds", 1), ("most_moved", 0.0), ("tolerance", 0)):
        value = getattr(arguments, name)
        if value is not None and (not least <= value < float("inf") or (name == "seconds" and value == 0)):
            option = name.replace("_", "-")
            raise WrongArguments(
                ko=f"--{option} {value}: {least:g} 이상이어야 합니다.",
                en=f"--{option} {value}: expected at least {least:g}.",
            )


def _moment(text: str, option: str, path: Path) -> datetime:
    factory = stated_factory(path)
    found = parsed_moment(text, ZoneInfo(factory.timezone if factory else "Asia/Seoul"))
    if found is None:
        raise WrongArguments(
            ko=f"{option} '{text}': 시각(예: '2026-10-01 08:00')이어야 합니다.",
            en=f"{option} {text!r}: expected a time, as in '2026-10-01 08:00'.",
        )
    return found


def _weights(arguments: argparse.Namespace) -> Weights:
    given = {name: getattr(arguments, f"weight_{name}") for name in ("tardiness", "makespan", "setup")}
    try:
        return Weights(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise WrongArguments(ko="--weight-…: 0 이상이어야 합니다.", en=f"--weight-…: {error}") from error


def _folder(arguments: argparse.Namespace, language: Language) -> int:
    path, weights = arguments.path, _weights(arguments)
    if arguments.replan is not None:
        return _replan(arguments, language, weights)
    plan: Plan | None = None
    if arguments.plan is not None:
        folder, plan = read_plan(arguments.plan, weights=weights, folder_path=path)
    else:
        start = None if arguments.start is None else _moment(arguments.start, "--start", path)
        folder = read_schedule_folder(path, start=start, weights=weights)
    if plan is None:
        plan = watched(
            lambda progress: make_plan(
                folder, seconds=arguments.seconds or 10.0, workers=arguments.workers, seed=arguments.seed,
                rounds=arguments.rounds, progress=progress,
            ),
            language,
        )  # fmt: skip
    if arguments.compare:
        compared = compare_with_record(folder, plan, tolerance=arguments.tolerance)
        if arguments.json:
            _print_json(comparison_json(folder, compared))
        else:
            show_comparison(folder, compared, language, _console())
        return 0
    if arguments.promise is not None:
        return _promise(arguments, language, folder, plan)
    data = plan_json(folder, folder.problem, plan)
    return _given(arguments, language, data, lambda: show_plan(folder, folder.problem, plan, language, _console()))


def _replan(arguments: argparse.Namespace, language: Language, weights: Weights) -> int:
    folder, old = read_plan(arguments.replan, weights=weights, folder_path=arguments.path)
    machine, begin, end = arguments.breakdown
    made = replan_after(
        folder, old, machine=machine, start=_moment(begin, "--breakdown", arguments.path),
        end=_moment(end, "--breakdown", arguments.path),
        now=None if arguments.now is None else _moment(arguments.now, "--now", arguments.path),
        seconds=arguments.seconds or 4.0, workers=arguments.workers, seed=arguments.seed, most_moved=arguments.most_moved,
    )  # fmt: skip
    return _given(
        arguments, language, replan_json(folder, made), lambda: show_replan(folder, made, language, _console())
    )


def _promise(arguments: argparse.Namespace, language: Language, folder: ScheduleFolder, plan: Plan) -> int:
    parts = [part.strip() for part in arguments.promise.split(":", 2)]
    try:
        quantity = float(parts[1])
    except (IndexError, ValueError):
        quantity = 0.0
    if not parts[0] or not 0 < quantity < float("inf"):
        raise WrongArguments(
            ko=f"--promise '{arguments.promise}': 제품:수량[:착수가능일](예: '브라켓:500')이어야 합니다.",
            en=f"--promise {arguments.promise!r}: expected PRODUCT:QUANTITY[:RELEASE], as in 'bracket:500'.",
        )
    made = promise_order(
        folder, plan, product=parts[0], quantity=quantity,
        release=_moment(parts[2], "--promise", arguments.path) if len(parts) > 2 else None,
        now=None if arguments.now is None else _moment(arguments.now, "--now", arguments.path),
        seconds=arguments.seconds or 5.0, workers=arguments.workers, seed=arguments.seed,
    )  # fmt: skip
    return _given(
        arguments, language, promise_json(folder, made), lambda: show_promise(folder, made, language, _console())
    )


def _given(arguments: argparse.Namespace, language: Language, data: dict[str, Any], show: Any) -> int:
    """Write and print the answer as the arguments ask."""
    if arguments.report is not None:
        write_gantt(data, arguments.report, language)
    if arguments.csv is not None:
        _write_csv(arguments.csv, data)
    if arguments.json:
        _print_json(data)
        return 0
    show()
    for file in (arguments.report, arguments.csv):
        if file is not None:
            done = Text(ko=f"썼습니다: {file}", en=f"Written: {file}")
            sys.stdout.write(f"\n{done.in_language(language)}\n")
    return 0


def _write_csv(target: Path, data: dict[str, Any]) -> None:
    fields = [
        "machine",
        "start",
        "end",
        "order",
        "step",
        "operation",
        "family",
        "setup_minutes",
        "setup_start",
        "locked",
    ]
    if data["kind"] == "shop":
        fields = ["job", "step", "machine", "start", "end"]
    try:
        # With a mark of byte order: Excel then reads the Korean.
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, fields, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(sorted(data["operations"], key=lambda one: (str(one["machine"]), one["start"])))
    except OSError as error:
        raise JasangError(
            ko=f"{target}을(를) 쓸 수 없습니다: {error.strerror}", en=f"Cannot write {target}: {error.strerror}"
        ) from error


def _shop(arguments: argparse.Namespace, language: Language) -> int:
    """A job-shop instance, for its makespan."""
    wrong = [name for name in ("replan", "promise", "compare", "plan", "report") if getattr(arguments, name)]
    if wrong:
        raise WrongArguments(
            ko=f"--{wrong[0]}은(는) 폴더에만 쓸 수 있습니다. {arguments.path}은(는) 작업장 문제 파일입니다.",
            en=f"--{wrong[0]} is for folders only; {arguments.path} is a job-shop file.",
        )
    shop = read_job_shop(arguments.path)
    _prepare(language)
    found = solve_job_shop(shop, seconds=arguments.seconds or 10.0, workers=arguments.workers, seed=arguments.seed)
    data = shop_json(arguments.path.name, shop, found)
    return _given(arguments, language, data, lambda: show_shop(data, language, _console()))


def _prepare(language: Language) -> None:
    """Compile the search, and say so where that takes long."""
    words = Text(
        ko="처음 한 번은 탐색을 컴파일합니다(30초쯤). 다음부터는 바로 시작합니다.",
        en="Compiling the search, this once (some 30 seconds); later runs start at once.",
    )
    told = Timer(3.0, lambda: sys.stderr.write(words.in_language(language) + "\n"))
    told.daemon = True
    told.start()
    try:
        prepare_search()
    finally:
        told.cancel()


def _print_json(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def _console() -> Console:
    return Console(soft_wrap=False, highlight=False)

"""`jasang write propose|approve|run|status|stop`: settings written back to a machine, guarded and on record."""

import argparse
import json
import logging
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import Language, WrongArguments
from jasang.mentor.write_back import Proposal, Watch, approve, propose, status, stop
from jasang.mentor.write_recommended import recommended_settings
from jasang.mentor.write_run import run_writes
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

FORMAT = "jasang.write/1"
STATES = {
    "proposed": Text(ko="제안됨", en="proposed"),
    "approved": Text(ko="승인됨", en="approved"),
    "writing": Text(ko="쓰는 중", en="writing"),
    "watching": Text(ko="지켜보는 중", en="watching"),
    "rolling_back": Text(ko="되돌리는 중", en="rolling back"),
    "kept": Text(ko="유지함", en="kept"),
    "rolled_back": Text(ko="되돌림", en="rolled back"),
    "taken_over": Text(ko="사람이 바꿈", en="taken over by hand"),
    "stopped": Text(ko="멈춤", en="stopped"),
    "failed": Text(ko="쓰지 않음", en="not written"),
}


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["write"]
    parser = commands.add_parser("write", help=say(words), description=say(words))
    kinds = parser.add_subparsers(dest="what", required=True, metavar="propose|approve|run|status|stop")
    _add_propose(kinds)
    for name, words in (
        ("approve", Text(ko="제안을 승인합니다(제안한 사람은 안 됨)", en="approve a proposal (not by its proposer)")),
        ("stop", Text(ko="제안을 거두거나 되돌리게 합니다", en="withdraw a proposal, or have it rolled back")),
    ):
        kind = kinds.add_parser(name, help=say(words))
        kind.add_argument("file", type=Path, metavar="collect.toml")
        kind.add_argument("proposal", metavar="ID")
        kind.add_argument("--by", required=True, metavar="NAME", help=say(Text(ko="누가", en="who does it")))
        if name == "stop":
            kind.add_argument("--reason", default="", metavar="TEXT")
    run_words = Text(ko="승인된 제안을 쓰고 지켜봅니다", en="write approved proposals and watch them")
    show_words = Text(ko="제안과 기록을 봅니다", en="show proposals and the audit trail")
    for name, words in (("run", run_words), ("status", show_words)):
        kind = kinds.add_parser(name, help=say(words))
        kind.add_argument("file", type=Path, metavar="collect.toml")
        kind.add_argument("proposal", nargs="?", metavar="ID")
        if name == "run":
            kind.add_argument(
                "--duration", type=float, metavar="SECONDS", help=say(Text(ko="이 시간 뒤 멈춤", en="stop after"))
            )
    for kind in kinds.choices.values():
        kind.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로", en="as JSON")))
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_propose(kinds: "_SubParsersAction[Any]") -> None:
    kind = kinds.add_parser("propose", help=say(Text(ko="설정을 제안합니다", en="propose settings")))
    kind.add_argument("file", type=Path, metavar="collect.toml")
    kind.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help=say(Text(ko="[[write]]의 이름과 값", en="name of a [[write]] section and its value")),
    )  # fmt: skip
    kind.add_argument(
        "--from", type=Path, metavar="RECOMMENDATION.json", dest="recommendation",
        help=say(Text(ko="jasang recommend --json의 결과에서", en="take them from what jasang recommend --json printed")),
    )  # fmt: skip
    kind.add_argument(
        "--product", metavar="NAME", help=say(Text(ko="--from의 이 제품", en="of this product in --from"))
    )
    kind.add_argument(
        "--machine", metavar="NAME", help=say(Text(ko="--from의 이 기계", en="of this machine in --from"))
    )
    kind.add_argument("--by", required=True, metavar="NAME", help=say(Text(ko="제안하는 사람", en="who proposes it")))
    kind.add_argument("--reason", default="", metavar="TEXT")
    kind.add_argument(
        "--watch", required=True, metavar="SIGNAL",
        help=say(Text(ko="지켜볼 신호의 이름이나 노드", en="signal (or node) to watch")),
    )  # fmt: skip
    kind.add_argument("--better", required=True, choices=("lower", "higher"))
    for name, default, ko, en in (
        ("for", 1800.0, "지켜볼 시간(초)", "seconds to watch"),
        ("baseline", 300.0, "쓰기 전에 볼 시간(초)", "seconds to look before the write"),
        ("settle", 0.0, "쓴 뒤 판단하지 않을 시간(초)", "seconds after the write that do not count"),
        ("every", 1.0, "읽는 간격(초)", "seconds between two looks"),
        ("lost-after", 30.0, "이만큼 값이 없으면 되돌림(초)", "seconds without a value until it is rolled back"),
        ("worse-by", None, "이보다 나빠지면 되돌림", "roll back when its mean gets worse by more"),
        ("watch-low", None, "이보다 작으면 바로 되돌림", "roll back at once below"),
        ("watch-high", None, "이보다 크면 바로 되돌림", "roll back at once above"),
    ):
        kind.add_argument(
            f"--{name}", type=float, default=default, metavar="X", dest=f"watch_{name.removeprefix('watch-').replace('-', '_')}",
            help=say(Text(ko=ko, en=en)),
        )  # fmt: skip


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Do one step; `run` tells by its exit status whether all that was written is kept."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    shown: tuple[Proposal, ...]
    if arguments.what == "propose":
        shown, code = (_propose(arguments),), 0
    elif arguments.what == "approve":
        shown, code = (approve(arguments.file, arguments.proposal, by=arguments.by),), 0
    elif arguments.what == "stop":
        shown, code = (stop(arguments.file, arguments.proposal, by=arguments.by, reason=arguments.reason),), 0
    elif arguments.what == "run":
        shown = run_writes(arguments.file, arguments.proposal, duration=arguments.duration)
        code = 0 if all(one.state == "kept" for one in shown) else 1
    else:
        return _status(arguments, language)
    if arguments.json:
        _write_json({"format": FORMAT, "proposals": [proposal_json(one) for one in shown]})
        return code
    if not shown:
        sys.stdout.write(Text(ko="실행할 제안이 없습니다.\n", en="there is nothing to run\n").in_language(language))
    for one in shown:
        _show(one, language)
    return code


def _propose(arguments: argparse.Namespace) -> Proposal:
    settings: dict[str, float] = {}
    if arguments.recommendation is not None:
        settings |= recommended_settings(arguments.recommendation, product=arguments.product, machine=arguments.machine)
    for pair in arguments.settings:
        name, equals, value = pair.partition("=")
        try:
            if not equals or not name.strip():
                raise ValueError(pair)
            settings[name.strip()] = float(value)
        except ValueError as error:
            raise WrongArguments(
                ko=f"--set {pair}: 이름=숫자 로 적으세요. 예: --set hold_pressure=560",
                en=f"--set {pair}: expected NAME=NUMBER, for example --set hold_pressure=560",
            ) from error
    watch = Watch(
        signal=arguments.watch, better=arguments.better, seconds=arguments.watch_for, baseline=arguments.watch_baseline,
        settle=arguments.watch_settle, every=arguments.watch_every, worse_by=arguments.watch_worse_by,
        low=arguments.watch_low, high=arguments.watch_high, lost_after=arguments.watch_lost_after,
    )  # fmt: skip
    return propose(arguments.file, settings=settings, by=arguments.by, watch=watch, reason=arguments.reason)


def _status(arguments: argparse.Namespace, language: Language) -> int:
    found = status(arguments.file)
    shown = [one for one in found.proposals if arguments.proposal in (None, one.name)]
    if arguments.json:
        _write_json(
            {
                "format": FORMAT,
                "proposals": [proposal_json(one) for one in shown],
                "rules": [asdict(rule) for rule in found.rules],
                "audit": {"file": str(found.file), "entries": found.entries, "intact": True, "head": found.head},
            }
        )
        return 0
    if not found.rules:
        off = Text(ko="[[write]]가 없어 아무것도 쓰지 않습니다.", en="no [[write]] section: nothing is ever written")
        sys.stdout.write(off.in_language(language) + "\n")
    for one in shown:
        _show(one, language)
    trail = Text(ko="기록", en="audit trail").in_language(language)
    sys.stdout.write(f"{trail}: {found.file} ({found.entries}) {found.head or ''}\n")
    return 0


def _show(one: Proposal, language: Language) -> None:
    changes = ", ".join(
        f"{change.setting} {'' if change.before is None else f'{change.before:g} '}→ {change.to:g}"
        f"{' ' + change.unit if change.unit else ''}"
        for change in one.changes
    )
    people = one.proposed_by + (f" → {one.approved_by}" if one.approved_by else "")
    sys.stdout.write(
        f"{one.name}  {STATES[one.state].in_language(language)}  {one.connection}: {changes}  ({people})\n"
    )
    if one.why is not None:
        sys.stdout.write(f"    {one.why[language]}\n")
    if one.outcome is not None:
        watched = Text(ko="평균", en="mean").in_language(language)
        before, after = one.outcome["before"]["mean"], one.outcome["after"]["mean"]
        sys.stdout.write(f"    {one.watch.signal}: {watched} {before:.6g} → {after:.6g}\n")


def proposal_json(one: Proposal) -> dict[str, Any]:
    """A proposal of `jasang.write/1`."""
    found = asdict(one)
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in found.items()}


def _write_json(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n")

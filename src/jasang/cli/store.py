"""`jasang store check|compact|export|backup|restore|retain`: look after a store of readings."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import Language, WrongArguments
from jasang.mentor import store as looked_after
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

FORMAT = "jasang.store-care/1"
_KINDS = {
    "check": Text(ko="검사값, 목록, 개수, 순서를 확인합니다", en="verify checksums, lists, counts and order"),
    "compact": Text(ko="모두 정리하고 작은 파일을 합칩니다", en="settle everything, put small files together"),
    "export": Text(ko="값을 Parquet이나 CSV 파일로 내보냅니다", en="write readings to a Parquet or CSV file"),
    "backup": Text(ko="수집 중에도 백업합니다", en="copy the store, also while collecting"),
    "restore": Text(ko="백업에서 되살립니다", en="make a store from a backup"),
    "retain": Text(
        ko="오래된 값을 지우고 시간별 요약만 남깁니다", en="let old readings go and keep their hourly roll-ups"
    ),
}


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["store"]
    parser = commands.add_parser("store", help=say(words), description=say(words))
    kinds = parser.add_subparsers(dest="what", required=True, metavar="|".join(_KINDS))
    made = {name: kinds.add_parser(name, help=say(text), description=say(text)) for name, text in _KINDS.items()}
    for name, kind in made.items():
        folder = (
            Text(ko="백업 폴더", en="the backup's folder") if name == "restore" else Text(ko="저장소", en="the store")
        )
        kind.add_argument("folder", type=Path, help=say(folder))
        kind.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로 출력", en="print JSON")))
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    repair = Text(ko="손상된 기록에서 온전한 값을 살립니다", en="keep what is whole of damaged fresh files")
    made["check"].add_argument("--repair", action="store_true", help=say(repair))
    for name in ("backup", "restore"):
        made[name].add_argument("target", type=Path, help=say(Text(ko="만들 폴더", en="the folder to make")))
    made["export"].add_argument("target", type=Path, metavar="OUT.parquet|OUT.csv")
    for name in ("export", "retain"):
        pattern = Text(ko="신호 이름의 꼴(* ?)", en="pattern of names of signals (* and ?)")
        made[name].add_argument("--signals", default="*", metavar="PATTERN", help=say(pattern))
    for name in ("start", "end"):
        words = Text(ko="시간대가 있는 시각(end는 빠짐)", en="a time with a zone; the end is left out")
        made["export"].add_argument(f"--{name}", metavar="2026-03-01T00:00+09:00", help=say(words))
    days = Text(ko="값을 그대로 둘 날 수", en="days for which readings are kept as they are")
    made["retain"].add_argument("--days", type=float, required=True, help=say(days))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Do what was asked; status 1 where a check finds trouble."""
    told, found, status = _ASKED[arguments.what](arguments, language)
    if arguments.json:
        told = json.dumps({"format": FORMAT, "command": arguments.what} | found, ensure_ascii=False, indent=1)
    sys.stdout.write(told + "\n")
    return status


Answer = tuple[str, dict[str, Any], int]


def _check(arguments: argparse.Namespace, language: Language) -> Answer:
    done = looked_after.repair(arguments.folder) if arguments.repair else ()
    found = looked_after.check(arguments.folder)
    counts = Text(
        ko=f"파일 {found.files}개, {found.bytes:,}바이트. 정리된 값 {found.settled:,}개, 최근 값 {found.fresh:,}개, "
        f"바뀌기 전 값 {found.replaced:,}개.",
        en=f"{found.files} files, {found.bytes:,} bytes: {found.settled:,} readings settled, {found.fresh:,} fresh, "
        f"{found.replaced:,} replaced",
    )
    whole = Text(ko="이상이 없습니다.", en="nothing is wrong")
    lines = [*done, counts, *(found.troubles or (whole,))]
    body = {
        "repaired": [{"ko": text.ko, "en": text.en} for text in done],
        "files": found.files,
        "bytes": found.bytes,
        "settled": found.settled,
        "fresh": found.fresh,
        "replaced": found.replaced,
        "troubles": [{"ko": text.ko, "en": text.en} for text in found.troubles],
    }
    return "\n".join(line.in_language(language) for line in lines), body, 1 if found.troubles else 0


def _compact(arguments: argparse.Namespace, language: Language) -> Answer:
    found = looked_after.compact(arguments.folder)
    text = Text(
        ko=f"값 {found.settled:,}개를 정리하고 파일을 {found.files}개 줄였습니다.",
        en=f"{found.settled:,} readings settled, {found.files} files saved",
    )
    return text.in_language(language), {"settled": found.settled, "files_saved": found.files}, 0


def _export(arguments: argparse.Namespace, language: Language) -> Answer:
    if arguments.target.suffix.lower() not in (".parquet", ".csv"):
        raise WrongArguments(
            ko=f"내보낼 파일 {arguments.target} 은(는) .parquet 이나 .csv 로 끝나야 합니다.",
            en=f"the file {arguments.target} must end in .parquet or .csv",
        )
    span = {name: _time(getattr(arguments, name), name) for name in ("start", "end")}
    found = looked_after.export_readings(arguments.folder, arguments.target, signals=arguments.signals, **span)
    text = Text(
        ko=f"신호 {found.signals}개의 값 {found.readings:,}개를 {found.file} 에 썼습니다.",
        en=f"{found.readings:,} readings of {found.signals} signals written to {found.file}",
    )
    body = {"file": str(found.file), "signals": found.signals, "readings": found.readings}
    return text.in_language(language), body, 0


def _time(given: str | None, name: str) -> datetime | None:
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        raise WrongArguments(
            ko=f"--{name} {given!r}: 2026-03-01T00:00+09:00 처럼 시간대가 있는 시각을 쓰세요.",
            en=f"--{name} {given!r}: expected a time with a zone such as 2026-03-01T00:00+09:00",
        )
    return found.astimezone(UTC)


def _backup(arguments: argparse.Namespace, language: Language) -> Answer:
    found = looked_after.backup(arguments.folder, arguments.target)
    text = Text(
        ko=f"{arguments.target} 에 백업했습니다. 파일 {found.files}개, 새로 쓴 {found.bytes:,}바이트.",
        en=f"copied to {arguments.target}: {found.files} files, {found.bytes:,} bytes of them new",
    )
    return text.in_language(language), {"files": found.files, "bytes": found.bytes, "unchanged": found.skipped}, 0


def _restore(arguments: argparse.Namespace, language: Language) -> Answer:
    found = looked_after.restore(arguments.folder, arguments.target)
    text = Text(
        ko=f"{arguments.target} 에 되살렸습니다. 파일 {found.files}개, {found.bytes:,}바이트.",
        en=f"restored to {arguments.target}: {found.files} files, {found.bytes:,} bytes",
    )
    return text.in_language(language), {"files": found.files, "bytes": found.bytes}, 0


def _retain(arguments: argparse.Namespace, language: Language) -> Answer:
    if not arguments.days > 0:
        raise WrongArguments(
            ko=f"--days {arguments.days:g}: 0보다 큰 날 수를 쓰세요.",
            en=f"--days {arguments.days:g}: expected more than 0",
        )
    found = looked_after.retain(arguments.folder, arguments.signals, arguments.days)
    if found is None:
        later = Text(
            ko="규칙을 적었습니다. 수집 중이므로 수집기가 다음 정리 때 따릅니다.",
            en="the rule is written down; the collector, which is running, follows it when it settles",
        )
        return later.in_language(language), {"signals": 0, "readings": 0, "hours": 0, "later": True}, 0
    text = Text(
        ko=f"신호 {found.signals}개의 값 {found.readings:,}개를 지우고 시간별 요약 {found.hours:,}개를 남겼습니다.",
        en=f"{found.readings:,} readings of {found.signals} signals let go, {found.hours:,} hourly roll-ups kept",
    )
    return text.in_language(language), {"signals": found.signals, "readings": found.readings, "hours": found.hours}, 0


_ASKED = {
    "check": _check,
    "compact": _compact,
    "export": _export,
    "backup": _backup,
    "restore": _restore,
    "retain": _retain,
}

"""The use case "diagnose many factories": a folder or bucket with a folder for each, on all processors or on a cluster."""

import hashlib
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jasang.diagnose.finding import Subject
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.errors import JasangError, UnreadableInput
from jasang.mentor.fleet_executors import DaskCluster, Executor, LocalProcesses
from jasang.mentor.fleet_factory import SEVERITIES, FleetFactory, Outcome
from jasang.mentor.fleet_journal import Journal, findings_in
from jasang.plant.text import Progress, Text, silent
from jasang.store import is_store
from jasang.store.backup import Copied
from jasang.store.object_store import ObjectFile, ObjectUrl, is_object_url, list_objects, send

__all__ = [
    "DaskCluster",
    "FleetFactory",
    "FleetResult",
    "LocalProcesses",
    "Outcome",
    "default_journal",
    "diagnose_fleet",
    "find_factories",
    "findings_in",
    "send_factory",
]

FORMAT = "jasang.fleet/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResult:
    """The outcomes of a fleet by name of factory. `taken_up` of them stood in the journal already; `seconds` this run took."""

    fleet: str
    outcomes: tuple[Outcome, ...]
    executor: str
    taken_up: int
    seconds: float
    journal: Path

    def to_json(self) -> dict[str, Any]:
        """The document `jasang.fleet/1` of docs/fleet.md. `factories` is the same whoever computed it; `run` tells this run."""
        return {
            "format": FORMAT,
            "fleet": self.fleet,
            "total": {
                "factories": len(self.outcomes),
                "done": sum(outcome.status == "done" for outcome in self.outcomes),
                "failed": sum(outcome.status == "failed" for outcome in self.outcomes),
                "rows": sum(outcome.rows for outcome in self.outcomes),
                "findings": dict(zip(SEVERITIES, self._findings(), strict=True)),
            },
            "factories": [outcome.to_json() for outcome in self.outcomes],
            "run": {
                "executor": self.executor,
                "seconds": round(self.seconds, 3),
                "taken_up": self.taken_up,
                "begun_again": sum(outcome.attempts - 1 for outcome in self.outcomes),
                "journal": str(self.journal),
            },
        }

    def _findings(self) -> tuple[int, ...]:
        return tuple(sum(counts) for counts in zip(*(o.findings for o in self.outcomes), strict=True))

    def to_study(self) -> StudyResult:
        """The table of outcomes as a study, for the terminal and the printed report; those with most to do first."""
        failed = [outcome for outcome in self.outcomes if outcome.status == "failed"]
        act, watch, note = self._findings()
        count, done = len(self.outcomes), len(self.outcomes) - len(failed)
        answer = Text(
            ko=f"공장 {count}곳 가운데 {done}곳을 진단했습니다. 조치할 것 {act}건, 지켜볼 것 {watch}건, 참고 {note}건입니다."
            + (f" {len(failed)}곳은 읽지 못했습니다." if failed else ""),
            en=f"{done} of {count} factories were diagnosed: {act} findings to act on, {watch} to watch, {note} notes."
            + (f" {len(failed)} could not be read." if failed else ""),
        )
        study = Study(
            kind="fleet",
            title=Text(ko="공장마다 무엇이 문제인가?", en="What is wrong in each factory?"),
            answer=answer,
            subject=Subject(table=self.fleet),
            tables=tuple(table for table in (_failures(failed), _table(self.outcomes)) if table.rows),
            notes=(
                Text(
                    ko=f"공장별 진단 전체는 {self.journal} 에 있습니다(한 줄에 한 공장).",
                    en=f"The whole diagnosis of each factory is in {self.journal}, one line a factory.",
                ),
            ),
        )
        return StudyResult(factory=self.fleet, timezone="Asia/Seoul", studies=(study,))


def diagnose_fleet(
    fleet: Path | str,
    *,
    journal: Path,
    executor: Executor | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> FleetResult:
    """Diagnose every factory of a fleet.

    Parameters
    ----------
    fleet
        A folder, or `s3://bucket/prefix`, with a folder for each factory: its files, or a store of readings.
    journal
        A finished factory is written there at once. With `resume` those that stand there, and whose files did not change, are
        not done again; without it the former journal is put aside.
    executor
        `LocalProcesses()`, one process for each processor, when `None`; or `DaskCluster(address=…)`.

    Raises
    ------
    UnreadableInput
        There is no folder of factories. What is wrong with a single factory is in its outcome.
    ConfigurationError
        The journal is that of another fleet.
    ConnectionFailed
        The object store or the cluster cannot be reached or was lost. What was finished is in the journal.
    """
    begun = time.perf_counter()
    executor = executor or LocalProcesses()
    factories = find_factories(fleet)
    name = _name(fleet)
    with Journal(journal, name, resume=resume) as written:
        known = {f.name: outcome for f in factories if (outcome := written.finished(f)) is not None}
        # The largest first: a large one at the end would keep one worker busy while the others have nothing to do.
        rest = sorted((f for f in factories if f.name not in known), key=lambda f: (-f.size, f.name))
        outcomes = dict(known)
        with closing(executor.run(rest)) as finished:
            for factory, outcome, document in finished:
                written.add(factory, outcome, document)
                outcomes[factory.name] = outcome
                progress(_stage(len(outcomes), len(factories), factory.name), len(outcomes) / len(factories))
    return FleetResult(
        fleet=name,
        outcomes=tuple(outcomes[factory.name] for factory in factories),
        executor=executor.name,
        taken_up=len(known),
        seconds=time.perf_counter() - begun,
        journal=journal,
    )


def _stage(done: int, count: int, name: str) -> Text:
    return Text(ko=f"{count}곳 중 {done}곳: {name}", en=f"{done} of {count}: {name}")


def _name(fleet: Path | str) -> str:
    """The fleet as the journal and the answers call it."""
    return str(ObjectUrl.parse(str(fleet))) if is_object_url(str(fleet)) else str(Path(fleet).resolve())


def default_journal(fleet: Path | str) -> Path:
    """Where the journal lies when nobody says: in the present folder, under the fleet's name."""
    return Path(f"fleet-{_name(fleet).rstrip('/').rpartition('/')[2] or 'root'}.jsonl")


def find_factories(fleet: Path | str) -> tuple[FleetFactory, ...]:
    """The factories of a fleet, by name: every folder in it but hidden ones. Loose files beside them are no factories.

    Raises `UnreadableInput` where there is none, `ConnectionFailed` where the object store cannot be reached.
    """
    found = _in_bucket(ObjectUrl.parse(str(fleet))) if is_object_url(str(fleet)) else _in_folder(Path(fleet))
    if not found:
        raise UnreadableInput(
            ko=f"{fleet}: 공장 폴더가 없습니다. 공장마다 폴더가 하나씩 있어야 합니다. 한 공장은 jasang diagnose 로 진단합니다.",
            en=f"{fleet}: no factories found; expected a folder for each factory. One factory is diagnosed by jasang diagnose.",
        )
    return tuple(sorted(found, key=lambda factory: factory.name))


def _in_folder(fleet: Path) -> list[FleetFactory]:
    if not fleet.is_dir() or is_store(fleet):
        raise UnreadableInput(
            ko=f"{fleet}: 공장마다 폴더가 하나씩 든 폴더여야 합니다.",
            en=f"{fleet}: expected a folder that holds a folder for each factory.",
        )
    try:
        folders = [place for place in fleet.resolve().iterdir() if place.is_dir() and not place.name.startswith(".")]
        return [_factory(place.name, str(place), _files(place), store=is_store(place)) for place in folders]
    except OSError as error:
        raise UnreadableInput(
            ko=f"{error.filename}: 폴더를 읽을 수 없습니다({error.strerror}).",
            en=f"{error.filename}: the folder cannot be read ({error.strerror}).",
        ) from error


def _files(folder: Path) -> Iterable[ObjectFile]:
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file():
                status = path.stat()
                yield ObjectFile(
                    name=path.relative_to(folder).as_posix(), size=status.st_size, written=status.st_mtime_ns
                )
        except OSError:
            continue  # gone meanwhile, or not ours to read: the diagnosis of this factory will tell


def _in_bucket(url: ObjectUrl) -> list[FleetFactory]:
    files: dict[str, list[ObjectFile]] = {}
    for file in list_objects(url):
        factory, slash, name = file.name.partition("/")
        if slash and not factory.startswith("."):
            files.setdefault(factory, []).append(ObjectFile(name=name, size=file.size, written=file.written))
    return [
        _factory(name, str(url.under(name)), listed, store=any(file.name == "format.json" for file in listed))
        for name, listed in files.items()
    ]


def _factory(name: str, source: str, files: Iterable[ObjectFile], *, store: bool) -> FleetFactory:
    """With a seal of names, sizes and times. A store changes all the time: in one run it is diagnosed once."""
    listed = list(files)
    told = "\n".join(f"{file.name}\t{file.size}\t{file.written}" for file in listed)
    seal = "store" if store else hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
    return FleetFactory(name=name, source=source, size=sum(file.size for file in listed), seal=seal)


def _table(outcomes: Iterable[Outcome]) -> StudyTable:
    done = [outcome for outcome in outcomes if outcome.status == "done"]
    done.sort(key=lambda outcome: (*(-count for count in outcome.findings), outcome.name))
    none = Text(ko="특별한 문제 없음", en="nothing wrong")
    return StudyTable(
        title=Text(ko="공장별 결과", en="Outcomes"),
        headings=(
            Text(ko="공장", en="Factory"),
            Text(ko="행", en="Rows"),
            Text(ko="조치", en="Act"),
            Text(ko="주의", en="Watch"),
            Text(ko="참고", en="Note"),
            Text(ko="가장 급한 것", en="Most urgent"),
        ),
        rows=tuple((o.name, o.rows, *o.findings, o.loudest or none) for o in done),
    )


def _failures(failed: Iterable[Outcome]) -> StudyTable:
    return StudyTable(
        title=Text(ko="진단하지 못한 공장", en="Factories that could not be diagnosed"),
        headings=(Text(ko="공장", en="Factory"), Text(ko="까닭", en="Why")),
        rows=tuple((outcome.name, outcome.error) for outcome in failed),
    )


def send_factory(folder: Path, target: str) -> Copied:
    """Send a factory's folder, a store or a backup of one to `s3://bucket/prefix/NAME`; a store's second time only what is new.

    Raises `StoreError` while a collector writes to the store, `ConnectionFailed` when the object store cannot be reached.
    """
    if not folder.is_dir():
        raise JasangError(ko=f"{folder} 은(는) 폴더가 아닙니다.", en=f"{folder} is no folder")
    return send(folder, ObjectUrl.parse(target))

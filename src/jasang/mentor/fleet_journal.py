"""The journal of a run over a fleet: one synced line a finished factory, so that a killed run is taken up where it was.

The first line is a header; every other line is an outcome with the factory's findings. A line that a kill cut short is dropped.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from jasang.errors import ConfigurationError, JasangError
from jasang.mentor.fleet_factory import SEVERITIES, FleetFactory, Outcome
from jasang.plant.text import Text

FORMAT = "jasang.fleet-journal/1"


class Journal:
    """Writes a journal. A context manager.

    Parameters
    ----------
    path
        The file; its folder is made where there is none.
    fleet
        What the run is over. A journal of another fleet is not taken up.
    resume
        Go on with the journal that is there. Without it a former journal is put aside as `<name>.before`.
    """

    def __init__(self, path: Path, fleet: str, *, resume: bool) -> None:
        self.path = path
        self._known: dict[str, tuple[str, Outcome]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._read(fleet) if resume and path.exists() else 0
            if not whole and path.exists() and path.stat().st_size:
                path.replace(path.with_name(f"{path.name}.before"))
            self._file = path.open("ab")
            self._file.truncate(whole)
        except OSError as error:
            raise _unwritable(path, error) from error
        if not whole:
            self._write({"format": FORMAT, "fleet": fleet})

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def finished(self, factory: FleetFactory) -> Outcome | None:
        """The outcome of a factory whose files are what they were; `None` when it is still to be done."""
        seal, outcome = self._known.get(factory.name, ("", None))
        return outcome if seal == factory.seal else None

    def add(self, factory: FleetFactory, outcome: Outcome, document: dict[str, Any] | None) -> None:
        """Write a finished factory down; when this returns the line survives a kill and a power cut."""
        line = outcome.to_json() | {"seconds": round(outcome.seconds, 3), "attempts": outcome.attempts}
        self._write(line | {"seal": factory.seal, "document": document})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def _read(self, fleet: str) -> int:
        """Learn what is finished; where the last whole line ends."""
        end = 0
        for number, (line, at) in enumerate(_whole_lines(self.path)):
            if number == 0:
                _check_header(self.path, line, fleet)
            else:
                outcome = _outcome(line)
                self._known[outcome.name] = (line["seal"], outcome)
            end = at
        return end


def findings_in(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Name and `jasang.findings/1` document of each factory in a journal, in the order in which they were finished.

    The document is `None` for a factory that failed. A factory that changed and was done again comes twice: the later one counts.
    """
    for number, (line, _end) in enumerate(_whole_lines(path)):
        if number:
            yield line["name"], line["document"]


def _whole_lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Each line that was written to its end, with the place where it ends."""
    end = 0
    with path.open("rb") as file:
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            end += len(raw)
            try:
                line = json.loads(raw)
            except ValueError as error:
                raise ConfigurationError(
                    ko=f"{path}: 진행 기록이 아닙니다(읽을 수 없는 줄이 있습니다). --journal 로 다른 파일을 주세요.",
                    en=f"{path} is no journal of a fleet (a line cannot be read); give another file with --journal",
                ) from error
            yield line, end


def _check_header(path: Path, header: dict[str, Any], fleet: str) -> None:
    found = header.get("format") if isinstance(header, dict) else None
    if found != FORMAT:
        raise ConfigurationError(
            ko=f"{path}: 형식이 {found!r} 입니다. {FORMAT!r} 이어야 합니다.",
            en=f"{path} has format {found!r}; expected {FORMAT!r}",
        )
    if header["fleet"] != fleet:
        raise ConfigurationError(
            ko=f"{path}: {header['fleet']} 의 진행 기록입니다. {fleet} 을(를) 이어서 할 수 없습니다.",
            en=f"{path} is the journal of {header['fleet']}; {fleet} cannot be resumed from it",
        )


def _outcome(line: dict[str, Any]) -> Outcome:
    act, watch, note = (line["findings"][severity] for severity in SEVERITIES)
    return Outcome(
        name=line["name"],
        status=line["status"],
        tables=line["tables"],
        rows=line["rows"],
        findings=(act, watch, note),
        loudest=_text(line["loudest"]),
        digest=line["digest"],
        error=_text(line["error"]),
        seconds=line["seconds"],
        attempts=line["attempts"],
    )


def _text(found: dict[str, str] | None) -> Text | None:
    return None if found is None else Text(ko=found["ko"], en=found["en"])


def _unwritable(path: Path, error: OSError) -> JasangError:
    return JasangError(
        ko=f"진행 기록 {path} 을(를) 쓸 수 없습니다: {error.strerror}. --journal 로 쓸 수 있는 파일을 주세요.",
        en=f"the journal {path} cannot be written: {error.strerror}; give a file that can be written with --journal",
    )

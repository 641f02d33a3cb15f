"""The use case before the first diagnosis: what the files are, which role each column was guessed to have, and why."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jasang.analyze.roles import Sample, TableGuess, infer_factory
from jasang.connect.factory_toml import check_tables, write_factory_toml
from jasang.connect.protocols.files import open_path
from jasang.errors import JasangError, Language
from jasang.mentor.factory_data import Notice, stated_factory
from jasang.plant.factory import Factory
from jasang.plant.text import Progress, Text, silent

FACTORY_TOML = "factory.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedTable:
    """One table: its guess and how many rows it has."""

    guess: TableGuess
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found at a path. `stated` says whether a factory.toml took part; `notices` what was repaired or skipped."""

    factory: Factory
    tables: tuple[InspectedTable, ...]
    notices: tuple[Notice, ...]
    stated: bool

    def factory_toml(self, language: Language) -> str:
        """A ready factory.toml to correct, with the reason of every guess as a comment."""
        return write_factory_toml(self.factory, _comments(self.tables, language))


def inspect(path: Path, *, progress: Progress = silent) -> Inspection:
    """Read a file or a factory's folder and guess what its tables and columns are. Nothing is written.

    Unlike a diagnosis it does not ask whether the times of a table can be believed.

    Raises
    ------
    UnreadableInput
        The input cannot be read.
    ConfigurationError
        factory.toml is wrong.
    """
    stated = stated_factory(path)
    timezone = stated.timezone if stated else "Asia/Seoul"
    with open_path(path, timezone=timezone, progress=progress) as opened:
        if stated is not None:
            check_tables(stated, opened)
        samples = [Sample(file=table.file, frame=table.sample(), rows=table.rows) for table in opened.files]
        guess = infer_factory(samples, stated, name=path.resolve().name)
        notices = [
            Notice(file=table.file, rows=repair.rows, text=repair.text)
            for table in opened.files
            for repair in table.repairs
        ]
        notices += [Notice(file=skipped.file, rows=0, text=skipped.reason) for skipped in opened.skipped]
        rows = [table.rows for table in opened.files]
    tables = tuple(InspectedTable(guess=one, rows=count) for one, count in zip(guess.tables, rows, strict=True))
    return Inspection(factory=guess.factory, tables=tables, notices=tuple(notices), stated=stated is not None)


def save_factory_toml(inspection: Inspection, target: Path, language: Language, *, replace: bool = False) -> None:
    """Write the inspection's factory.toml, whole or not at all; an existing file is replaced only when told so.

    Raises
    ------
    JasangError
        The file is there already and `replace` is false, or the place cannot be written.
    """
    if target.exists() and not replace:
        raise JasangError(
            ko=f"{target}이(가) 이미 있어 그대로 두었습니다. 덮어쓰려면 --force를 붙이세요.",
            en=f"{target} exists already and was left as it is; add --force to replace it.",
        )
    text = inspection.factory_toml(language)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".factory-", suffix=".toml")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(name).chmod(0o644)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise JasangError(
            ko=f"{target}에 쓸 수 없습니다({error.strerror}). --write로 다른 위치를 주세요.",
            en=f"{target} cannot be written ({error.strerror}); name another place with --write.",
        ) from None


def _comments(tables: tuple[InspectedTable, ...], language: Language) -> dict[tuple[str, str | None], str]:
    comments: dict[tuple[str, str | None], str] = {}
    for inspected in tables:
        guess = inspected.guess
        file = guess.table.file
        comments[file, None] = sure_words(guess.kind_confidence, guess.kind_reason, language)
        for one in guess.guesses:
            comments[file, one.column] = sure_words(one.confidence, one.reason, language)
    return comments


def sure_words(confidence: float, reason: Text, language: Language) -> str:
    """ "93 %: the name says 'temperature'"."""
    return f"{confidence:.0%}: {reason.in_language(language)}"

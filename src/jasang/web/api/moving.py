"""A whole factory, or an organisation with all below it, as one file, and back: the portal's own commands.

`FILE.jsonl` has the rows; `FILE.zip` also the files that were handed over, under `files/KIND/IDENTITY/`. Secrets (passwords,
keys, tokens) and readings of stores stay: accounts come in without a password, a store moves with `jasang store backup`.
"""

import secrets
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, QuerySet

from jasang.errors import JasangError
from jasang.web.api.exporting import as_text, heading, lines
from jasang.web.api.importing import Counts, take_in
from jasang.web.api.kinds import Kind, Place, identity_lookups, kinds
from jasang.web.api.taking_in import rows_of_lines
from jasang.web.tenants.models import Factory, Organisation

ROWS = "rows.jsonl"
LARGEST_FILE = 20_000_000_000  # bytes, unpacked in all
_FOLDERS = {"diagnoses": "uploads", "attachments": "attachments", "papers": "papers", "proofs": "photos"}


def pairs(place: Place) -> list[tuple[Kind, QuerySet[Any]]]:
    """Every kind with all rows of the place, those first that others refer to."""
    found = []
    for kind in kinds():
        if kind.table is get_user_model():
            found.append((kind, _people(place)))
        elif kind.table is Organisation and isinstance(place, Factory):
            found.append((kind, _above(place)))
        else:
            found.append((kind, kind.whole_rows(place)))
    return found


def _above(factory: Factory) -> QuerySet[Organisation]:
    """The organisations a factory belongs to: its rows refer to them."""
    path = factory.organisation.path if factory.organisation is not None else ""
    return Organisation.objects.filter(pk__in=[int(number) for number in path.strip("/").split("/") if number])


def _people(place: Place) -> QuerySet[Any]:
    """Everybody whom a row of the place names."""
    people = get_user_model()
    found: set[int] = set()
    for kind in kinds():
        if kind.table is people:
            continue
        for column in kind.columns():
            if isinstance(column, ForeignKey) and column.related_model is people:
                named = kind.whole_rows(place).exclude(**{column.name: None}).values_list(column.attname, flat=True)
                found.update(named.distinct())
    return people.objects.filter(pk__in=found)


def export_place(place: Place, target: Path) -> int:
    """Write the file, whole or not at all; how many rows."""
    count = 0

    def counted() -> Iterator[str]:
        nonlocal count
        yield from as_text([heading(place)])
        for text in as_text(lines(pairs(place), None)):
            count += 1
            yield text

    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                with archive.open(ROWS, "w", force_zip64=True) as rows:
                    for text in counted():
                        rows.write(text.encode())
                _add_files(archive, place)
        else:
            with draft.open("w", encoding="utf-8") as rows:
                rows.writelines(counted())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _add_files(archive: zipfile.ZipFile, place: Place) -> None:
    for kind in kinds():
        if kind.files is None:
            continue
        wanted = (kind.files, *identity_lookups(kind.table))
        for path, *identity in kind.whole_rows(place).order_by("pk").values_list(*wanted):
            kept = (
                Path(settings.JASANG_HOME) / path if path else None
            )  # some are kept by their place in the data folder
            if kept is None or not kept.exists():
                continue
            top = f"files/{kind.name}/{'/'.join(str(one) for one in identity)}"
            files = [kept] if kept.is_file() else sorted(one for one in kept.rglob("*") if one.is_file())
            for file in files:
                inside = "content" if kept.is_file() else file.relative_to(kept).as_posix()
                archive.write(file, f"{top}/{inside}")


@dataclass(slots=True)
class _Unpacked:
    """Files of an archive put into this portal's folders; taken back when the import is refused."""

    archive: zipfile.ZipFile
    made: list[Path] = field(default_factory=list)

    def __call__(self, kind: str, identity: str) -> str:
        top = f"files/{kind}/{identity}/"
        names = [name for name in self.archive.namelist() if name.startswith(top) and not name.endswith("/")]
        if not names:
            return ""
        folder = Path(settings.JASANG_HOME) / _FOLDERS[kind] / secrets.token_hex(16)
        folder.mkdir(parents=True, mode=0o700)
        self.made.append(folder)
        for name in names:
            file = (folder / name.removeprefix(top)).resolve()
            if not file.is_relative_to(folder.resolve()):
                raise JasangError(ko=f"{name}: 파일 이름이 맞지 않습니다.", en=f"{name}: this is no name of a file.")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.archive.read(name))
            file.chmod(0o600)
        whole = kind in ("diagnoses", "proofs")  # known by their folder, the others by their file
        only = names[0] if len(names) == 1 and names[0] == f"{top}content" and not whole else None
        return str(folder / "content") if only else str(folder)

    def take_back(self) -> None:
        for folder in self.made:
            for file in sorted(folder.rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
            folder.rmdir()


def import_file(source: Path, *, dry_run: bool = False) -> dict[str, Counts]:
    """Take in a file that `export_place` wrote, all or none; what was or would be done, by kind."""
    if source.suffix.lower() != ".zip":
        with source.open(encoding="utf-8") as text:
            return take_in(rows_of_lines(text), place=None, dry_run=dry_run)
    try:
        with zipfile.ZipFile(source) as archive:
            if sum(one.file_size for one in archive.infolist()) > LARGEST_FILE or ROWS not in archive.namelist():
                raise zipfile.BadZipFile("no rows.jsonl")
            return _from_archive(archive, dry_run)
    except zipfile.BadZipFile as error:
        raise JasangError(
            ko=f"{source}: jasang-portal export로 만든 파일이 아닙니다({error}).",
            en=f"{source}: expected a file that jasang-portal export made ({error}).",
        ) from error


def _from_archive(archive: zipfile.ZipFile, dry_run: bool) -> dict[str, Counts]:
    unpacked = _Unpacked(archive)
    keep: Callable[[str, str], str] | None = None if dry_run else unpacked
    try:
        with archive.open(ROWS) as rows:
            return take_in(rows_of_lines(line.decode() for line in rows), place=None, dry_run=dry_run, files=keep)
    except BaseException:
        unpacked.take_back()
        raise


def place_named(*, factory: str | None, organisation: str | None) -> Place:
    """The factory or organisation of that key or name."""
    model, wanted = (Factory, factory) if factory else (Organisation, organisation)
    found = list(model.objects.filter(key=wanted)) or list(model.objects.filter(name=wanted)[:2])
    if len(found) != 1:
        known = ", ".join(f"{one.name} ({one.key})" for one in model.objects.order_by("name", "pk")[:20])
        raise JasangError(
            ko=f"'{wanted}'을(를) 하나로 정할 수 없습니다. 있는 것: {known}",
            en=f"'{wanted}' names no single one. There are: {known}",
        )
    return found[0]

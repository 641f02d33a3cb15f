"""A factory's archive in escrow: made and read back, listed, checked, its data taken out of the portal, and put back."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from jasang.errors import JasangError
from jasang.plant.text import Progress, Text
from jasang.store.backup import backup_store, restore_store
from jasang.web.keeping import archives, rows
from jasang.web.keeping.belonging import files_of, rows_of, ways
from jasang.web.keeping.models import Closing
from jasang.web.tenants.models import Factory

FORMAT = "jasang.escrow/1"
_FILES, _STORE = "files/", "store/"
_GOING_ON = ("jobs.Job", "tenants.AuditEvent", "keeping.Closing")  # change while the archive is made, by its making


class EscrowError(JasangError):
    """The archive cannot be made, put back or trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A checked archive."""

    name: str
    sha256: str
    rows: int
    state: dict[str, str]  # as `state_of` tells it


def folder() -> Path:
    """Where archives lie."""
    found = Path(settings.JASANG_HOME) / "escrow"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def state_of(factory: Factory) -> dict[str, str]:
    """SHA-256 of the factory's rows in each table: tells whether anything came in or changed meanwhile."""
    told = {}
    for label, found in rows_of(factory):
        if label not in _GOING_ON:
            known = hashlib.sha256()
            for line in rows.written(found):
                known.update(line.encode())
            told[label] = known.hexdigest()
    return told


def make(factory: Factory, progress: Progress) -> Made:
    """Write the archive, read every byte of it back, and only then give it its name."""
    final = folder() / f"{factory.key}-{timezone.now():%Y%m%d-%H%M%S}.zip"
    part = final.with_suffix(".part")
    progress(Text(ko="자료를 적습니다", en="Writing the data"), 0.1)
    try:
        with archives.opened_new(part) as archive:
            writing = archives.Writing(archive=archive)
            with rows.one_moment():
                files, about = _write_rows(writing, factory)
            progress(Text(ko="파일과 모은 값을 적습니다", en="Writing files and readings"), 0.4)
            _write_files(writing, files)
            _write_store(writing, factory)
            manifest = writing.finish(about)
        progress(Text(ko="보관 파일을 다시 읽어 확인합니다", en="Reading the archive back"), 0.8)
        archives.check(part, FORMAT)
        known = archives.fingerprint(part)
        archives.settle(part, final)
    finally:
        part.unlink(missing_ok=True)
    state = {
        label: manifest["parts"][f"{archives.ROWS}{label}.jsonl"]["sha256"]
        for label in manifest["tables"]
        if label not in _GOING_ON
    }
    return Made(name=final.name, sha256=known, rows=sum(manifest["tables"].values()), state=state)


def _write_rows(writing: archives.Writing, factory: Factory) -> tuple[set[Path], dict[str, Any]]:
    files: set[Path] = set()
    people: set[int] = set()
    for label, found in rows_of(factory):
        columns = [one.attname for one in found.model._meta.concrete_fields if one.related_model is get_user_model()]

        def seen(lines: Iterator[str], columns: list[str] = columns) -> Iterator[str]:
            for line in lines:
                document = json.loads(line)
                files.update(files_of(iter([document])))
                people.update(document[name] for name in columns if document[name] is not None)
                yield line

        writing.add_rows(label, seen(rows.written(found)))
    named = get_user_model().objects.filter(pk__in=people).values_list("pk", "username")
    return files, {
        "format": FORMAT,
        "factory": {"key": factory.key, "name": factory.name},
        "made_at": timezone.now().isoformat(),
        "home": str(settings.JASANG_HOME),
        "store": factory.store,
        "people": {str(number): name for number, name in named},
        "migrations": _migrations(),
    }


def _write_files(writing: archives.Writing, files: set[Path]) -> None:
    for file in sorted(files):
        writing.add_file(_FILES + file.relative_to(settings.JASANG_HOME).as_posix(), file)


def _write_store(writing: archives.Writing, factory: Factory) -> None:
    store = Path(factory.store) if factory.store else None
    if store is None or not store.is_dir() or not any(store.iterdir()):
        return
    with tempfile.TemporaryDirectory(dir=folder()) as held:
        backup_store(store, Path(held) / "store")
        for file in sorted(one for one in Path(held).rglob("*") if one.is_file()):
            writing.add_file(_STORE + file.relative_to(Path(held) / "store").as_posix(), file)


def _migrations() -> dict[str, str]:
    """The last migration of each area."""
    return dict(sorted(MigrationRecorder(connection).applied_migrations()))


def listed() -> list[tuple[Path, dict[str, Any] | None]]:
    """Every archive with its manifest; `None` where it cannot be read."""
    told: list[tuple[Path, dict[str, Any] | None]] = []
    for path in sorted(folder().glob("*.zip")):
        try:
            told.append((path, archives.manifest_of(path, FORMAT)))
        except archives.ArchiveBroken:
            told.append((path, None))
    return told


def found(name: str) -> Path:
    """The archive of that name in the folder, or at that path."""
    inside = folder() / name
    return inside if inside.is_file() else Path(name).expanduser()


def check(path: Path) -> dict[str, Any]:
    """Every part read back; its manifest. Also compared with what was written down when the factory was closed."""
    manifest = archives.check(path, FORMAT)
    kept = Closing.objects.of_every_factory().filter(archive=path.name).exclude(sha256="").first()
    if kept is not None and kept.sha256 != archives.fingerprint(path):
        raise archives.ArchiveBroken(
            ko=f"{path}: 공장을 닫을 때 만든 파일이 아닙니다(SHA-256이 다릅니다).",
            en=f"{path}: not the file that was made when the factory was closed (its SHA-256 differs).",
        )
    return manifest


def remove(factory: Factory) -> int:
    """Take a closed factory's rows and files out of the portal, after its archive was checked once more; how many rows."""
    closing = Closing.objects.of(factory).filter(done_at__isnull=False, restored_at__isnull=True).first()
    if closing is None or closing.removed_at is not None:
        raise EscrowError(
            ko="닫혀 있고 자료가 아직 남아 있는 공장만 비울 수 있습니다.",
            en="Only a closed factory whose data are still there can be taken out.",
        )
    manifest = check(folder() / closing.archive)
    files: set[Path] = set()
    number = 0
    try:
        with transaction.atomic():
            _unbind(factory)
            for label, found_rows in reversed(list(rows_of(factory))):
                if label.split(".")[0] in settings.ESCROW_STAYS:
                    continue
                files |= files_of(json.loads(line) for line in rows.written(found_rows))
                number += found_rows._raw_delete(using=found_rows.db)
            Closing.objects.of(factory).filter(pk=closing.pk).update(removed_at=timezone.now())
    except IntegrityError as error:
        raise EscrowError(
            ko=f"남아야 할 자료가 가리키고 있어 비울 수 없습니다: {error}",
            en=f"It cannot be taken out: something that stays points to it: {error}",
        ) from error
    home = Path(settings.JASANG_HOME)
    for file in files:
        if _FILES + file.relative_to(home).as_posix() in manifest["parts"]:
            file.unlink(missing_ok=True)
    return number


def _unbind(factory: Factory) -> None:
    """Rows that stay forget the rows that go, where they may (an article its case)."""
    going = {
        found.model: found for label, found in rows_of(factory) if label.split(".")[0] not in settings.ESCROW_STAYS
    }
    for model in apps.get_models(include_auto_created=True):
        if model in going:
            continue
        for field in model._meta.concrete_fields:
            if field.is_relation and field.null and field.related_model in going:
                gone = going[field.related_model].values("pk")
                models.QuerySet(model).filter(**{f"{field.name}__in": gone}).update(**{field.name: None})


def restore(path: Path, *, store: Path | None = None) -> tuple[Factory, int]:
    """Put the factory back as it was when it was closed, and open it again; the factory and how many rows were written.

    Rows that are still there stay as they are. Readings go to `store`, or to where they were when nothing is there.
    """
    manifest = check(path)
    _check_fits(manifest)
    old, home = manifest["home"], str(settings.JASANG_HOME)
    number = 0
    with zipfile.ZipFile(path) as archive:
        archives.unpack_files(archive, _FILES, Path(home))
        try:
            with transaction.atomic():
                _placeholders(manifest["people"])
                for model in ways():
                    label = model._meta.label
                    if label in manifest["tables"]:
                        number += _load_missing(model, archives.lines(archive, label), old, home)
                rows.reset_counters(ways())
                factory = Factory.objects.get(key=manifest["factory"]["key"])
                _reopen(factory, path)
        except IntegrityError as error:
            raise EscrowError(
                ko=f"이 포털에는 자료가 가리키는 기관이나 접수창구가 없습니다: {error}",
                en=f"This portal lacks an organisation or queue that the rows point to: {error}",
            ) from error
        _restore_store(archive, manifest, store, factory)
    return factory, number


def _check_fits(manifest: dict[str, Any]) -> None:
    now = _migrations()
    for app, name in manifest["migrations"].items():
        if name > now.get(app, ""):
            raise EscrowError(
                ko=f"더 새로운 Jasang으로 만든 보관 파일입니다({app} {name}). 먼저 Jasang을 올리세요.",
                en=f"The archive was made by a newer Jasang ({app} {name}). Please update Jasang first.",
            )


def _placeholders(people: dict[str, str]) -> None:
    """Accounts that are no longer there are put in as names only: nobody can sign in with them."""
    users = get_user_model()
    there = set(users.objects.filter(pk__in=[int(one) for one in people]).values_list("pk", flat=True))
    for number, name in people.items():
        if int(number) not in there:
            taken = users.objects.filter(username=name).exists()
            user = users(pk=int(number), username=f"{name[:130]} ({number})" if taken else name, is_active=False)
            user.set_unusable_password()
            user.save(force_insert=True)


def _load_missing(model: Any, lines: Iterator[str], old: str, home: str) -> int:
    key = model._meta.pk.attname
    there = set(models.QuerySet(model).values_list("pk", flat=True))
    missing = (line for line in lines if model._meta.pk.to_python(json.loads(line)[key]) not in there)
    return rows.load(model, missing, lambda document: moved(document, old, home))


def moved(value: Any, old: str, home: str) -> Any:
    """The value with paths into the old data folder turned into paths into this one."""
    if isinstance(value, str):
        return home + value[len(old) :] if old != home and (value == old or value.startswith(old + "/")) else value
    if isinstance(value, list):
        return [moved(one, old, home) for one in value]
    if isinstance(value, dict):
        return {name: moved(one, old, home) for name, one in value.items()}
    return value


def _reopen(factory: Factory, path: Path) -> None:
    factory.closed_at = None
    factory.save(update_fields=["closed_at"])
    Closing.objects.of(factory).filter(archive=path.name, restored_at__isnull=True).update(restored_at=timezone.now())
    # The archive was made while the closing was under way: it is over.
    Closing.objects.of(factory).filter(undone_at__isnull=True, restored_at__isnull=True).update(
        restored_at=timezone.now()
    )


def _restore_store(archive: zipfile.ZipFile, manifest: dict[str, Any], asked: Path | None, factory: Factory) -> None:
    if not any(name.startswith(_STORE) for name in manifest["parts"]):
        return
    target = asked or Path(manifest["store"])
    if target.exists() and any(target.iterdir()):
        if asked is not None:
            raise EscrowError(ko=f"{target}은(는) 비어 있지 않습니다.", en=f"{target} is not empty.")
        return  # the readings never left
    held = Path(tempfile.mkdtemp(dir=folder()))
    try:
        archives.unpack_files(archive, _STORE, held)
        restore_store(held, target)
    finally:
        shutil.rmtree(held, ignore_errors=True)
    Factory.objects.filter(pk=factory.pk).update(store=str(target))

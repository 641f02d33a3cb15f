"""Backup of the whole portal into one file, and back: rows of every table, uploaded files, escrow archives, stores of factories.

The rows are of one moment while everything goes on; files are written once under random names, so those of that moment are there.
The same archive restores into SQLite and PostgreSQL.
"""

import os
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from jasang.errors import JasangError
from jasang.store.backup import backup_store, restore_store
from jasang.web.keeping import archives, rows
from jasang.web.keeping.escrow import moved
from jasang.web.tenants.models import Factory

FORMAT = "jasang.portal-backup/1"
SECRETS = ("secret_key", "secrets_key")
# Not in a backup: who is signed in now, and counts of this minute.
PASSING = ("sessions.Session", "tenants.SignedIn", "tenants.TryCount", "tenants.SignInFailure")
_FILES, _STORES, _SECRETS = "files/", "stores/", "secrets/"
_NO_FILES = ("incoming", "backups")  # half-uploaded files; a good place for backups themselves
Say = Callable[[str], None]


class BackupError(JasangError):
    """The backup cannot be made or restored."""


def tables() -> Iterator[Any]:
    """Every table of the portal that is kept."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy and model._meta.label not in PASSING:
            yield model


def backup(path: Path, *, with_secrets: bool, say: Say) -> dict[str, Any]:
    """Write the archive, read it back, then give it its name; its manifest."""
    path = path.expanduser().absolute()
    if path.exists():
        raise BackupError(ko=f"{path}: 이미 있는 파일입니다.", en=f"{path}: there is a file of this name already.")
    if not path.parent.is_dir():
        raise BackupError(ko=f"{path.parent}: 없는 폴더입니다.", en=f"{path.parent}: there is no such folder.")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with archives.opened_new(part) as archive:
            manifest = _write(archives.Writing(archive=archive), with_secrets, say)
        say("reading it back")
        archives.check(part, FORMAT)
        archives.settle(part, path)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _write(writing: archives.Writing, with_secrets: bool, say: Say) -> dict[str, Any]:
    home = Path(settings.JASANG_HOME)
    with rows.one_moment():
        migrations = [list(one) for one in MigrationRecorder.Migration.objects.values_list("app", "name")]
        for model in tables():
            writing.add_rows(model._meta.label, rows.written(models.QuerySet(model)))
        stores = dict(Factory.objects.exclude(store="").values_list("key", "store"))
    gone = 0
    for file in _files(home):
        try:
            writing.add_file(_FILES + file.relative_to(home).as_posix(), file)
        except FileNotFoundError:
            gone += 1  # taken away meanwhile: of no row of that moment, or of one that was going
    if gone:
        say(f"{gone} files went away while the backup was made")
    kept = {key: store for key, store in stores.items() if _write_store(writing, key, Path(store), say)}
    if with_secrets:
        for name in SECRETS:
            if (home / name).exists():
                writing.add_file(_SECRETS + name, home / name)
    return writing.finish(
        {
            "format": FORMAT,
            "made_at": timezone.now().isoformat(),
            "home": str(home),
            "database": connection.vendor,
            "migrations": sorted(migrations),
            "stores": kept,
            "with_secrets": with_secrets,
            "left_out": list(PASSING),
        }
    )


def _files(home: Path) -> Iterator[Path]:
    for folder in sorted(one for one in home.iterdir() if one.is_dir() and one.name not in _NO_FILES):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink() and not file.name.endswith(".part"):
                yield file


def _write_store(writing: archives.Writing, key: str, store: Path, say: Say) -> bool:
    home = Path(settings.JASANG_HOME)
    if not store.is_dir() or not any(store.iterdir()) or store.is_relative_to(home):
        return False  # nothing there, or among the files already
    say(f"store of {key}")
    with tempfile.TemporaryDirectory() as held:
        backup_store(store, Path(held) / "store")
        for file in sorted(one for one in (Path(held) / "store").rglob("*") if one.is_file()):
            writing.add_file(f"{_STORES}{key}/{file.relative_to(Path(held) / 'store').as_posix()}", file)
    return True


def restore(path: Path, *, stores: Path | None, say: Say) -> dict[str, Any]:
    """Put everything back into an empty data folder and database; the manifest. A portal with accounts is never overwritten."""
    manifest = archives.check(path, FORMAT)
    say(f"all {len(manifest['parts'])} parts are right")
    call_command("migrate", interactive=False, verbosity=0)
    _check_empty()
    _check_migrations(manifest)
    home = Path(settings.JASANG_HOME)
    with zipfile.ZipFile(path) as archive:
        archives.unpack_files(archive, _FILES, home)
        _restore_stores(archive, manifest, stores, say)
        _restore_rows(archive, manifest, stores)
        if manifest["with_secrets"]:
            archives.unpack_files(archive, _SECRETS, home)
    say("search is made anew by: jasang-portal index_search")
    return manifest


def _check_empty() -> None:
    if get_user_model().objects.exists() or Factory.objects.exists():
        raise BackupError(
            ko="이 포털에는 이미 계정이나 공장이 있습니다. 빈 JASANG_HOME과 빈 데이터베이스에 되돌리세요.",
            en="This portal has accounts or factories already. Restore into an empty JASANG_HOME and an empty database.",
        )


def _check_migrations(manifest: dict[str, Any]) -> None:
    there = {tuple(one) for one in MigrationRecorder.Migration.objects.values_list("app", "name")}
    newer = sorted({tuple(one) for one in manifest["migrations"]} - there)
    if newer:
        raise BackupError(
            ko=f"더 새로운 Jasang으로 만든 백업입니다({' '.join(newer[0])}). 먼저 Jasang을 올리세요.",
            en=f"The backup was made by a newer Jasang ({' '.join(newer[0])}). Please update Jasang first.",
        )


@transaction.atomic
def _restore_rows(archive: zipfile.ZipFile, manifest: dict[str, Any], stores: Path | None) -> None:
    old, home = manifest["home"], str(settings.JASANG_HOME)
    every = list(tables())
    for model in reversed(every):
        models.QuerySet(model)._raw_delete(using=connection.alias)
    for model in every:
        if model._meta.label in manifest["tables"]:
            rows.load(model, archives.lines(archive, model._meta.label), lambda row: moved(row, old, home))
    if stores is not None:
        for key in manifest["stores"]:
            Factory.objects.filter(key=key).update(store=str(stores.absolute() / key))
    rows.reset_counters(every)


def _restore_stores(archive: zipfile.ZipFile, manifest: dict[str, Any], stores: Path | None, say: Say) -> None:
    for key, place in manifest["stores"].items():
        target = stores.absolute() / key if stores is not None else Path(place)
        if target.exists() and any(target.iterdir()):
            say(f"store of {key}: {target} is not empty, left as it is")
            continue
        held = Path(tempfile.mkdtemp())
        try:
            archives.unpack_files(archive, f"{_STORES}{key}/", held)
            restore_store(held, target)
            say(f"store of {key}: {target}")
        finally:
            shutil.rmtree(held, ignore_errors=True)


def secrets_to_keep() -> list[str]:
    """The files without which a restored portal opens no secret; they are kept apart from the backup."""
    home = Path(settings.JASANG_HOME)
    return [str(home / name) for name in SECRETS if (home / name).exists() and os.access(home / name, os.R_OK)]

"""Everything that changes what a factory handed over."""

import hashlib
import shutil
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Max

from jasang.errors import UnreadableInput
from jasang.web.floor.archives import is_archive, members, unpack
from jasang.web.floor.forms import archive_limit, member_name
from jasang.web.floor.models import Diagnosis
from jasang.web.jobs.models import State
from jasang.web.jobs.services import queue_job
from jasang.web.tenants.models import Factory

_BLOCK = 1 << 20
_TRIES = 5


class HandedOver(Protocol):
    """A file as it comes in."""

    name: str

    def chunks(self, chunk_size: int) -> Iterable[bytes]:
        """Its bytes, in blocks."""


def hand_over_files(*, factory: Factory, files: Sequence[HandedOver], user: AbstractBaseUser) -> Diagnosis:
    """Keep uploaded files in a folder of random name and queue their diagnosis. Names are checked by the form."""
    folder = settings.UPLOADS / uuid.uuid4().hex
    folder.mkdir(parents=True, mode=0o700)
    digest = hashlib.sha256()
    try:
        for file in files:
            _keep(file, folder / file.name, digest)
        names = [file.name for file in files]
        if any(is_archive(name) for name in names):
            names = _unpack_all(folder)
        size = sum(kept.stat().st_size for kept in folder.iterdir())
        title = files[0].name  # an archive's own name: its next version is the same hand-over
        return _queue(
            factory=factory, names=names, folder=folder, title=title, size=size, content=digest.hexdigest(), user=user
        )
    except BaseException:
        # Ctrl-C or a full disk: nothing half written stays behind.
        shutil.rmtree(folder, ignore_errors=True)
        raise


def hand_over_path(*, factory: Factory, path: Path) -> tuple[Diagnosis, bool]:
    """Queue the diagnosis of a file or folder where it lies; the earlier diagnosis and `False` when it is unchanged."""
    path = path.expanduser().resolve()
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise UnreadableInput(ko=f"{path}: 읽을 파일이 없습니다.", en=f"{path}: there is no file to read.")
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0")
        with file.open("rb") as opened:
            _digest(opened, digest)
    content = digest.hexdigest()
    same = Diagnosis.objects.of(factory).filter(title=path.name, content=content)
    kept = same.exclude(job__state__in=[State.FAILED, State.CANCELLED]).order_by("-version").first()
    if kept is not None:
        return kept, False
    names = [file.name for file in files]
    size = sum(file.stat().st_size for file in files)
    return _queue(factory=factory, names=names, folder=path, size=size, content=content, title=path.name), True


def _queue(
    *,
    factory: Factory,
    names: Sequence[str],
    folder: Path,
    size: int,
    content: str,
    title: str | None = None,
    user: AbstractBaseUser | None = None,
) -> Diagnosis:
    title = title or names[0]
    for _ in range(_TRIES - 1):
        try:
            return _queue_version(factory, title, list(names), folder, size, content, user)
        except IntegrityError:
            continue  # somebody handed over the same title at the same moment and took the version
    return _queue_version(factory, title, list(names), folder, size, content, user)


@transaction.atomic
def _queue_version(
    factory: Factory, title: str, names: list[str], folder: Path, size: int, content: str, user: AbstractBaseUser | None
) -> Diagnosis:
    known = Diagnosis.objects.of(factory).filter(title=title).aggregate(latest=Max("version"))["latest"] or 0
    job = queue_job(factory=factory, kind="diagnose", payload={"title": title, "version": known + 1})
    return Diagnosis.objects.of(factory).create(
        factory=factory,
        title=title,
        files=names,
        version=known + 1,
        folder=str(folder),
        size=size,
        content=content,
        job=job,
        handed_over_by=user,
    )


def _keep(file: HandedOver, target: Path, digest: "hashlib._Hash") -> None:
    digest.update(file.name.encode() + b"\0")
    with target.open("xb") as opened:
        for block in file.chunks(_BLOCK):
            digest.update(block)
            opened.write(block)


def _unpack_all(folder: Path) -> list[str]:
    """Put the files of archives in place of them; the names of all files there are then."""
    for packed in [kept for kept in folder.iterdir() if is_archive(kept.name)]:
        with packed.open("rb") as opened:
            inside = members(opened, name=packed.name, most_bytes=archive_limit(), safe=member_name)
            unpack(opened, folder, inside, name=packed.name, most_bytes=archive_limit())
        packed.unlink()
    return sorted(kept.name for kept in folder.iterdir())


def _digest(opened: BinaryIO, digest: "hashlib._Hash") -> None:
    while block := opened.read(_BLOCK):
        digest.update(block)

"""Folders on an object store that speaks S3: listed, brought to a local folder, and sent.

Who and where comes from the environment alone, as with every S3 tool: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL. A key is never written, passed on or told.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from jasang.errors import ConnectionFailed, StoreError, WrongArguments
from jasang.store.backup import Copied
from jasang.store.folder import FILE as FORMAT_FILE
from jasang.store.folder import is_store
from jasang.store.ownership import is_owned
from jasang.store.rollup import FOLDER as ROLLUPS
from jasang.store.settle import REPLACED
from jasang.store.settled import FOLDER as SETTLED

SCHEME = "s3://"
LOG = "_delta_log"
# Of a store no more than this before its last settled reading is brought: longer than a diagnosis looks back.
SPAN = timedelta(days=30)
_PART = 1 << 22  # bytes in memory while a file is copied


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectUrl:
    """`s3://bucket/prefix`; the prefix has no slash at its ends and may be empty."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "ObjectUrl":
        """Read `s3://bucket/prefix`; `WrongArguments` where there is no bucket."""
        bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        if not is_object_url(url) or not bucket:
            raise WrongArguments(
                ko=f"{url}: s3://버킷/경로 의 꼴이어야 합니다.", en=f"{url}: expected the form s3://bucket/prefix"
            )
        return cls(bucket=bucket, prefix=prefix.strip("/"))

    def __str__(self) -> str:
        return f"{SCHEME}{self.path}"

    @property
    def path(self) -> str:
        """Bucket and prefix."""
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket

    def under(self, name: str) -> "ObjectUrl":
        """What lies under this prefix."""
        return ObjectUrl(bucket=self.bucket, prefix=f"{self.prefix}/{name}".strip("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFile:
    """An object: its name below the prefix it was listed under, bytes, and when it was last written (ns since 1970)."""

    name: str
    size: int
    written: int


def is_object_url(text: str) -> bool:
    """Whether this names an object store and not a local path."""
    return text.startswith(SCHEME)


def storage_options() -> Mapping[str, str]:
    """What deltalake and polars need besides the environment to open `s3://` tables; no key is among it."""
    options = {"AWS_REGION": _region()}
    endpoint = _endpoint()
    if endpoint:
        options |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": str(endpoint.startswith("http://")).lower()}
    return options


def list_objects(url: ObjectUrl) -> list[ObjectFile]:
    """Every object under the prefix, by name.

    Raises `ConnectionFailed` when the object store cannot be reached, refuses, or has no such bucket.
    """
    with _telling(url):
        system = _system()
        found = _files(system, url)
        if not found and system.get_file_info(url.bucket).type == pafs.FileType.NotFound:
            raise ConnectionFailed(
                ko=f"{url}: 버킷 {url.bucket!r} 이(가) 없습니다.", en=f"{url}: there is no bucket {url.bucket!r}"
            )
    if not found:
        raise StoreError(ko=f"{url} 아래에 아무것도 없습니다.", en=f"there is nothing under {url}")
    return found


def _files(system: Any, url: ObjectUrl) -> list[ObjectFile]:
    selector = pafs.FileSelector(url.path, recursive=True, allow_not_found=bool(url.prefix))
    start = len(url.path) + 1
    files = [info for info in system.get_file_info(selector) if info.type == pafs.FileType.File]
    return sorted(
        (ObjectFile(name=f.path[start:], size=f.size, written=f.mtime_ns) for f in files), key=lambda file: file.name
    )


def bring(url: ObjectUrl, target: Path) -> None:
    """Bring a factory's folder to the local one; of a store only what the last `SPAN` needs.

    Raises `ConnectionFailed` when the object store cannot be reached, `StoreError` when nothing is there.
    """
    listed = list_objects(url)
    with _telling(url):
        system = _system()
        if FORMAT_FILE not in {file.name for file in listed}:
            _copy(system, url, [file.name for file in listed], target)
            return
        settled = f"{SETTLED}/"
        first = [f.name for f in listed if not f.name.startswith((settled, f"{REPLACED}/")) or f"/{LOG}/" in f.name]
        _copy(system, url, first, target)
        present = {file.name for file in listed}
        _copy(system, url, [name for name in _wanted(target) if name in present], target)


def _wanted(store: Path) -> list[str]:
    """The settled files that hold the last `SPAN`, from the table's list."""
    folder = store / SETTLED
    if not (folder / LOG).exists():
        return []
    try:
        listed = pa.table(DeltaTable(str(folder)).get_add_actions(flatten=True))
    except DeltaError as error:
        raise StoreError(
            ko=f"정리된 자료의 목록 {folder} 을(를) 읽을 수 없습니다: {error}",
            en=f"the list of settled readings in {folder} cannot be read: {error}",
        ) from error
    rows = listed.select(["path", "max.source_time"]).to_pylist()
    latest = max((row["max.source_time"] for row in rows), default=None)
    return [f"{SETTLED}/{row['path']}" for row in rows if latest and row["max.source_time"] >= latest - SPAN]


def _copy(system: Any, url: ObjectUrl, names: list[str], target: Path) -> None:
    for name in names:
        place = target / name
        if not place.resolve().is_relative_to(target.resolve()):
            raise StoreError(ko=f"{url}: 이름 {name!r} 이(가) 이상합니다.", en=f"{url} has an object named {name!r}")
        place.parent.mkdir(parents=True, exist_ok=True)
        pafs.copy_files(
            f"{url.path}/{name}", str(place), source_filesystem=system,
            destination_filesystem=pafs.LocalFileSystem(), chunk_size=_PART, use_threads=False,
        )  # fmt: skip


def send(folder: Path, url: ObjectUrl) -> Copied:
    """Send a factory's folder, a store or a backup of one; a second time only what is new.

    Parquet files of a store never change and are sent before the table's log that names them, `format.json` last: who reads
    meanwhile sees the former state or the new one. Raises `StoreError` while a collector writes to the store.
    """
    if not folder.is_dir():
        raise StoreError(ko=f"{folder} 은(는) 폴더가 아닙니다.", en=f"{folder} is no folder")
    store = is_store(folder)
    if store and is_owned(folder):
        raise StoreError(
            ko=f"{folder} 에 수집기가 쓰고 있습니다. jasang store backup 으로 만든 백업을 보내세요.",
            en=f"a collector is writing to {folder}; send the copy that jasang store backup makes",
        )
    names = sorted((p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()), key=_turn)
    with _telling(url):
        system = _system()
        there = {file.name: file.size for file in _files(system, url)}
        sent = skipped = size = 0
        for name in names:
            length = (folder / name).stat().st_size
            if store and there.get(name) == length and _unchanging(name):
                skipped += 1
                continue
            with (folder / name).open("rb") as source, system.open_output_stream(f"{url.path}/{name}") as out:
                while part := source.read(_PART):
                    out.write(part)
            sent, size = sent + 1, size + length
    return Copied(files=sent, bytes=size, skipped=skipped)


def _turn(name: str) -> tuple[int, str]:
    return (3 if name == FORMAT_FILE else 2 if f"/{LOG}/" in name else 1), name


def _unchanging(name: str) -> bool:
    path = PurePosixPath(name)
    if path.parts[0] in (SETTLED, REPLACED):
        return path.suffix in (".parquet", ".json")
    return path.parts[0] == ROLLUPS


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def _system() -> Any:
    """The file system; it finds the keys in the environment itself."""
    endpoint = _endpoint()
    if endpoint is None:
        return pafs.S3FileSystem(region=_region())
    parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    return pafs.S3FileSystem(
        region=_region(), endpoint_override=f"{parts.netloc}{parts.path}".rstrip("/"), scheme=parts.scheme
    )


@contextlib.contextmanager
def _telling(url: ObjectUrl) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise ConnectionFailed(
            ko=f"{url} 에 접근할 수 없습니다: {error}. AWS_ENDPOINT_URL, AWS_REGION 과 접근 키를 확인하세요.",
            en=f"{url} cannot be used: {error}. Check AWS_ENDPOINT_URL, AWS_REGION and the access keys.",
        ) from error

"""One factory of a fleet: where it lies, and what its diagnosis came to. Runs in any process, on any computer of a cluster."""

import contextlib
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from jasang.diagnose.finding import Severity
from jasang.errors import JasangError
from jasang.mentor.diagnose import Diagnosis, diagnose
from jasang.plant.text import Text
from jasang.store.object_store import ObjectUrl, bring, is_object_url

SEVERITIES = tuple(severity.value for severity in (Severity.ACT, Severity.WATCH, Severity.NOTE))
# One factory at a time in a process, also where a cluster gives it several threads: memory is bounded by one factory.
_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFactory:
    """A factory to diagnose. `source` is a folder or an `s3://` prefix, `seal` changes when a file of it does."""

    name: str
    source: str
    size: int  # bytes
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one factory.

    `digest` is the SHA-256 of its `jasang.findings/1` document: equal digests are equal findings, to the last digit. `seconds`
    and `attempts` (how often it was begun: more than once where a worker died) are all that may differ between two runs.
    """

    name: str
    status: Literal["done", "failed"]
    tables: int = 0
    rows: int = 0
    findings: tuple[int, int, int] = (0, 0, 0)  # act, watch, note
    loudest: Text | None = None
    digest: str | None = None
    error: Text | None = None
    seconds: float = 0.0
    attempts: int = 1

    def to_json(self) -> dict[str, Any]:
        """The factory's part of `jasang.fleet/1`: the same whoever computed it."""
        return {
            "name": self.name,
            "status": self.status,
            "tables": self.tables,
            "rows": self.rows,
            "findings": dict(zip(SEVERITIES, self.findings, strict=True)),
            "loudest": _text_json(self.loudest),
            "digest": self.digest,
            "error": _text_json(self.error),
        }


def _text_json(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"ko": text.ko, "en": text.en}


def diagnose_one(factory: FleetFactory) -> tuple[Outcome, dict[str, Any] | None]:
    """Its outcome and, where it could be read, its `jasang.findings/1` document. Never raises for what the data holds."""
    begun = time.perf_counter()
    with _ALONE, threadpool_limits(limits=1):
        try:
            with _at_hand(factory) as folder:
                diagnosis = diagnose(folder)
        except JasangError as error:
            return failed(factory, Text(ko=error.ko, en=error.en), seconds=time.perf_counter() - begun), None
        except Exception as error:  # noqa: BLE001 - whatever one factory's data does, the others are diagnosed
            return failed(factory, unexpected(error), seconds=time.perf_counter() - begun), None
    return _outcome(factory, diagnosis, time.perf_counter() - begun)


def failed(factory: FleetFactory, error: Text, *, seconds: float = 0.0, attempts: int = 1) -> Outcome:
    """The outcome of a factory that could not be diagnosed."""
    return Outcome(name=factory.name, status="failed", error=error, seconds=seconds, attempts=attempts)


def unexpected(error: BaseException) -> Text:
    """An error that Jasang did not foresee, in words."""
    name = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, MemoryError):
        return Text(
            ko="작업 프로세스 하나에 허락된 메모리로는 모자랍니다. --memory 를 늘리세요.",
            en="the memory allowed for one worker is not enough; give more with --memory",
        )
    return Text(ko=f"예상하지 못한 오류입니다: {name}", en=f"unexpected error: {name}")


def _outcome(factory: FleetFactory, diagnosis: Diagnosis, seconds: float) -> tuple[Outcome, dict[str, Any]]:
    document = diagnosis.to_json()
    plain = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    counts = Counter(finding.severity.value for finding in diagnosis.findings)
    act, watch, note = (counts[severity] for severity in SEVERITIES)
    outcome = Outcome(
        name=factory.name,
        status="done",
        tables=len(diagnosis.tables),
        rows=sum(table.rows for table in diagnosis.tables),
        findings=(act, watch, note),
        loudest=diagnosis.findings[0].text if diagnosis.findings else None,
        digest=hashlib.sha256(plain.encode()).hexdigest(),
        seconds=seconds,
    )
    return outcome, document


@contextlib.contextmanager
def _at_hand(factory: FleetFactory) -> Iterator[Path]:
    """The factory as a local folder; what was brought from an object store is removed afterwards."""
    if not is_object_url(factory.source):
        yield Path(factory.source)
        return
    with TemporaryDirectory(prefix="jasang-fleet-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / factory.name  # a factory without factory.toml has the name of its folder
        try:
            bring(ObjectUrl.parse(factory.source), folder)
            yield folder
        except JasangError as error:
            # The user knows the object, not our temporary folder.
            ko, en = (words.replace(str(folder), factory.source) for words in (error.ko, error.en))
            raise JasangError(ko=ko, en=en) from error

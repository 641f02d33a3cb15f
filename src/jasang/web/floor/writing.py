"""Settings written back to machines, as the pages propose, approve and stop them.

All of it stands in the audit trail beside the collector's file, where the commands read and write it too; limits, and the rule
that nobody approves an own proposal, are those of `mentor.write_back`. Nothing here writes to a machine: `jasang write run` does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser

from jasang.connect.collect_toml import AnySecret, read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.writing import WriteRule
from jasang.errors import JasangError
from jasang.mentor.write_audit import Entry
from jasang.mentor.write_back import (
    Proposal,
    Watch,
    WriteStatus,
    approve,
    proposals_of,
    propose,
    same_person,
    status,
    stop,
    trail_of,
)
from jasang.mentor.write_recommended import settings_of_study
from jasang.web.floor.assets_data import collector_file
from jasang.web.floor.models import StudyRun
from jasang.web.tenants.models import Factory

# Also [write], [[writes]] and [[write]: meant, and wrong.
_WRITE_LINE = re.compile(r"""^\s*\[*\s*["']?write""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writable:
    """A connection whose settings may be written: its rules, and the signals that can be watched, by name."""

    connection: str
    rules: tuple[WriteRule, ...]
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """The collector's file of a factory, and what is wrong in it: then nothing is proposed or approved, but still stopped."""

    path: Path
    wrong: JasangError | None = None


def settings_file(factory: Factory) -> SettingsFile | None:
    """The file of a factory that allows settings to be written, or was meant to; `None` where nothing may be (the usual case)."""
    file = collector_file(factory.store)
    if file is None:
        return None
    try:
        return SettingsFile(path=file) if read_collect_toml(file, AnySecret()).writes else None
    except JasangError as error:
        meant = _WRITE_LINE.search(file.read_bytes().decode("utf-8-sig", "replace")) or trail_of(file).file.exists()
        return SettingsFile(path=file, wrong=error) if meant else None


def may_be_written(factory: Factory) -> bool:
    """Whether the pages are there at all."""
    return settings_file(factory) is not None


def writable(file: Path) -> tuple[Writable, ...]:
    """What may be written, by connection."""
    found = read_collect_toml(file, AnySecret())
    links: dict[str, Link] = {link.name: link for link in found.links}
    names = dict.fromkeys(rule.connection for rule in found.writes)
    return tuple(
        Writable(
            connection=name,
            rules=tuple(rule for rule in found.writes if rule.connection == name),
            signals=tuple(signal.name for signal in links[name].signals),
        )
        for name in names
    )


def person_of(user: AbstractBaseUser) -> str:
    """Who it was, as the audit trail has it: the name, and the number of the account, which no change of name changes."""
    name = getattr(user, "get_full_name", lambda: "")() or user.get_username()
    return f"{name} ({user.pk})"


def propose_write(
    *, factory: Factory, settings: Mapping[str, float], watch: Watch, user: AbstractBaseUser, reason: str = ""
) -> Proposal:
    """Propose to write `settings`; raises `JasangError` beyond the limits, and where nothing may be written."""
    return propose(_file(factory), settings=settings, by=person_of(user), watch=watch, reason=reason)


def approve_write(*, factory: Factory, name: str, user: AbstractBaseUser) -> Proposal:
    """Somebody else than the proposer takes responsibility; raises `JasangError`."""
    return approve(_file(factory), name, by=person_of(user))


def stop_write(*, factory: Factory, name: str, user: AbstractBaseUser, reason: str = "") -> Proposal:
    """Withdraw a proposal, or have it rolled back; raises `JasangError`."""
    return stop(_file(factory), name, by=person_of(user), reason=reason)


def written(file: Path) -> WriteStatus:
    """All proposals; raises `WriteRefused` where somebody changed the audit trail."""
    return status(file)


def proposed(file: Path) -> tuple[Proposal, ...]:
    """All proposals of the audit trail, whatever is wrong in the collector's file; raises `WriteRefused` as `written`."""
    return proposals_of(trail_of(file).entries())


def steps_of(file: Path, name: str) -> tuple[Entry, ...]:
    """The audit trail of one proposal."""
    return tuple(entry for entry in trail_of(file).entries() if entry.proposal == name)


def is_own(proposal: Proposal, user: AbstractBaseUser) -> bool:
    """Whether this person proposed it, and so cannot approve it."""
    return same_person(proposal.proposed_by, person_of(user))


def recommended(factory: Factory, key: str) -> dict[str, float]:
    """The settings that an answered question recommends, by name; empty where it recommends none."""
    run = StudyRun.objects.of(factory).filter(key=key, kind="recommend").first()
    studies = (run.result or {}).get("studies", []) if run is not None else []
    found: dict[str, float] = {}
    for study in studies:
        for name, value in settings_of_study(study).items():
            found.setdefault(name, value)
    return found


def _file(factory: Factory) -> Path:
    found = settings_file(factory)
    if found is None:
        raise JasangError(
            ko="이 공장의 수집기 설정(collect.toml)에는 쓸 수 있는 설정([[write]])이 없습니다.",
            en="The collector's file of this factory (collect.toml) allows no setting to be written ([[write]]).",
        )
    return found.path

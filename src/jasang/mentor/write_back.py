"""The use case "write back": a setting is proposed, approved by another person, written, watched, and kept or rolled back.

Nothing is written without a `[[write]]` section. Its limits are looked at when a proposal is made, when it is approved and again
right before it is written (`mentor.write_run`). All that is known of a proposal stands in the audit trail and is read from there.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from jasang.connect.catalog import load
from jasang.connect.collect_toml import AnySecret, CollectSettings, read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.writing import WriteRule
from jasang.errors import WriteRefused, WrongArguments
from jasang.mentor.write_audit import AuditTrail, Entry

FOLDER = "write-back"  # beside collect.toml
ITSELF = "jasang"  # who rolls back
GOOD_FOR = timedelta(hours=24)  # an approval that nobody ran is no approval of tomorrow's machine
SHORTEST_WATCH = 1.0  # s

_ACCOUNT = re.compile(r"\((\d+)\)$")  # the number of an account behind a name

Better = Literal["lower", "higher"]
State = Literal[
    "proposed", "approved", "writing", "watching", "rolling_back", "kept", "rolled_back", "taken_over", "stopped", "failed"
]  # fmt: skip
ACTIVE = ("writing", "watching", "rolling_back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched after a write, at which node, and what counts as worse.

    Before the write the signal is read for `baseline` s, then `settle` s pass, then it is read every `every` s until `seconds`
    have passed since the write. It is worse when its mean moved the wrong way by more than `worse_by` (in its unit; `None`:
    twice the standard deviation before the write), or when one value lies outside `low` and `high`. Without a value for
    `lost_after` s the watch is lost.
    """

    signal: str
    better: Better
    seconds: float = 1800.0
    baseline: float = 300.0
    settle: float = 0.0
    every: float = 1.0
    worse_by: float | None = None
    low: float | None = None
    high: float | None = None
    lost_after: float = 30.0

    def __post_init__(self) -> None:
        for name, least in (
            ("seconds", SHORTEST_WATCH), ("baseline", 0.0), ("settle", 0.0), ("every", 0.01), ("lost_after", 0.1)
        ):  # fmt: skip
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise WrongArguments(
                    ko=f"{name} {value:g}: {least:g} 이상의 초를 주세요.",
                    en=f"{name} {value:g}: expected {least:g} s or more",
                )
        if self.settle >= self.seconds:
            raise WrongArguments(
                ko=f"settle {self.settle:g}: 지켜보는 시간 {self.seconds:g}초보다 짧아야 합니다.",
                en=f"settle {self.settle:g}: must be shorter than the watch of {self.seconds:g} s",
            )
        if self.worse_by is not None and not (math.isfinite(self.worse_by) and self.worse_by >= 0.0):
            raise WrongArguments(
                ko=f"worse_by {self.worse_by:g}: 0 이상의 숫자여야 합니다.",
                en=f"worse_by {self.worse_by:g}: expected a number of 0 or more",
            )
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise WrongArguments(
                ko=f"low {self.low:g} 은(는) high {self.high:g} 보다 작아야 합니다.",
                en=f"low {self.low:g} must be below high {self.high:g}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting of a proposal: `before` is what the machine held right before it was written."""

    setting: str
    node: str
    to: float
    unit: str | None = None
    before: float | None = None
    written: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal as the audit trail tells it; `outcome` are the figures of its watch, `why` the reason of its state."""

    name: str
    state: State
    connection: str
    changes: tuple[Change, ...]
    watch: Watch
    watch_node: str
    proposed_by: str
    proposed_at: datetime
    reason: str
    approved_by: str | None = None
    approved_at: datetime | None = None
    stop_by: str | None = None
    why: Mapping[str, str] | None = None
    outcome: Mapping[str, Any] | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStatus:
    """All proposals in the order in which they were made, and the head of the audit trail."""

    file: Path
    rules: tuple[WriteRule, ...]
    proposals: tuple[Proposal, ...]
    entries: int
    head: str | None


def propose(settings_file: Path, *, settings: Mapping[str, float], by: str, watch: Watch, reason: str = "") -> Proposal:
    """Propose to write `settings` (name of a `[[write]]` section → value); nothing is written yet.

    Raises `ConfigurationError` for a wrong collect.toml, `WrongArguments`, and `WriteRefused` beyond the hard limits.
    """
    found = read_collect_toml(settings_file, AnySecret())
    person = named(by)
    if not settings:
        raise WrongArguments(ko="쓸 설정이 없습니다.", en="there is no setting to write")
    chosen = [_rule(found, name) for name in settings]
    if len({rule.connection for rule in chosen}) > 1:
        raise WrongArguments(
            ko="한 제안은 한 연결의 설정만 담습니다. 기계마다 따로 제안하세요.",
            en="a proposal holds settings of one connection; propose for each machine by itself",
        )
    changes = []
    for rule in chosen:
        within_limits(rule, settings[rule.name])
        changes.append({"setting": rule.name, "node": rule.node, "to": float(settings[rule.name]), "unit": rule.unit})
    link = link_of(found, chosen[0].connection)
    detail = {
        "connection": link.name, "changes": changes, "watch": asdict(watch),
        "watch_node": _watch_node(link, watch.signal), "reason": reason,
    }  # fmt: skip

    def decide(entries: Sequence[Entry]) -> tuple[str, str, str, dict[str, Any]]:
        name = f"W{1 + sum(one.step == 'proposed' for one in entries):04d}"
        return "proposed", name, person, detail

    entry = trail_of(settings_file).add_if(decide)
    return proposal_of(settings_file, entry.proposal)


def approve(settings_file: Path, name: str, *, by: str) -> Proposal:
    """A person other than the one who proposed it takes responsibility; valid for a day. Raises `WriteRefused`."""
    found, person = read_collect_toml(settings_file, AnySecret()), named(by)

    def decide(entries: Sequence[Entry]) -> tuple[str, str, str, dict[str, Any]]:
        one = _one(entries, name)
        if one.state != "proposed":
            raise WriteRefused(
                ko=f"{name}: 지금 상태가 {one.state!r} 라서 승인할 수 없습니다.",
                en=f"{name}: is {one.state}, so it cannot be approved",
            )
        if same_person(person, one.proposed_by):
            raise WriteRefused(
                ko=f"{name}: 제안한 사람({one.proposed_by})은 승인할 수 없습니다. 다른 사람이 승인해야 합니다.",
                en=f"{name}: {one.proposed_by} proposed it and cannot approve it; another person must",
            )
        for change in one.changes:
            within_limits(current_rule(found, one, change), change.to)
        return "approved", name, person, {}

    trail_of(settings_file).add_if(decide)
    return proposal_of(settings_file, name)


def stop(settings_file: Path, name: str, *, by: str, reason: str = "") -> Proposal:
    """Withdraw a proposal; one that is being watched is rolled back by the running `run`. Raises `WriteRefused`."""
    person = named(by)

    def decide(entries: Sequence[Entry]) -> tuple[str, str, str, dict[str, Any]]:
        one = _one(entries, name)
        if one.state in ("proposed", "approved"):
            return "stopped", name, person, {"reason": reason}
        if one.state in ACTIVE:
            return "stop_asked", name, person, {"reason": reason}
        raise WriteRefused(ko=f"{name}: 이미 끝났습니다({one.state}).", en=f"{name}: is over already ({one.state})")

    trail_of(settings_file).add_if(decide)
    return proposal_of(settings_file, name)


def status(settings_file: Path) -> WriteStatus:
    """All proposals; raises `WriteRefused` when the audit trail was tampered with."""
    found = read_collect_toml(settings_file, AnySecret())
    trail = trail_of(settings_file)
    entries = trail.entries()
    return WriteStatus(
        file=trail.file,
        rules=found.writes,
        proposals=proposals_of(entries),
        entries=len(entries),
        head=entries[-1].digest if entries else None,
    )


def trail_of(settings_file: Path) -> AuditTrail:
    """The audit trail beside a collect.toml."""
    return AuditTrail(settings_file.resolve().parent / FOLDER)


def proposal_of(settings_file: Path, name: str) -> Proposal:
    """One proposal as it stands now."""
    return _one(trail_of(settings_file).entries(), name)


def proposals_of(entries: Sequence[Entry]) -> tuple[Proposal, ...]:
    """What the entries of a trail tell, in the order of the proposals."""
    found: dict[str, Proposal] = {}
    for entry in entries:
        if entry.step == "proposed":
            found[entry.proposal] = _proposed(entry)
        elif entry.proposal in found:
            found[entry.proposal] = _after(found[entry.proposal], entry)
    return tuple(found.values())


def _proposed(entry: Entry) -> Proposal:
    detail = entry.detail
    return Proposal(
        name=entry.proposal,
        state="proposed",
        connection=detail["connection"],
        changes=tuple(Change(**change) for change in detail["changes"]),
        watch=Watch(**detail["watch"]),
        watch_node=detail["watch_node"],
        proposed_by=entry.by,
        proposed_at=entry.at,
        reason=detail["reason"],
        since=entry.at,
    )


_STATES: Mapping[str, State] = {
    "approved": "approved", "writing": "writing", "written": "writing", "watching": "watching",
    "rolling_back": "rolling_back", "kept": "kept", "rolled_back": "rolled_back", "taken_over": "taken_over",
    "stopped": "stopped", "failed": "failed",
}  # fmt: skip


def _after(one: Proposal, entry: Entry) -> Proposal:
    if entry.step == "stop_asked":
        return replace(one, stop_by=entry.by)
    state = _STATES.get(entry.step)
    if state is None:
        return one
    detail = entry.detail
    if entry.step == "stopped":
        one = replace(one, stop_by=entry.by)
    one = replace(
        one, state=state, since=entry.at, why=detail.get("why", one.why), outcome=detail.get("outcome", one.outcome)
    )
    if entry.step == "approved":
        return replace(one, approved_by=entry.by, approved_at=entry.at)
    if entry.step in ("writing", "written"):
        changes = tuple(
            replace(change, before=detail.get("before", change.before), written=entry.step == "written")
            if change.setting == detail["setting"]
            else change
            for change in one.changes
        )
        return replace(one, changes=changes)
    return one


def named(by: str) -> str:
    """The name of a person; `WrongArguments` for an empty one or Jasang itself."""
    person = " ".join(unicodedata.normalize("NFC", by).split())
    if not person or same_person(person, ITSELF) or not person.isprintable():
        raise WrongArguments(ko=f"사람 이름이 필요합니다: {by!r}", en=f"the name of a person is needed, found {by!r}")
    return person


def same_person(one: str, other: str) -> bool:
    """Whether two names mean one person: spaces, width and case do not make another.

    A program that knows its people puts the number of the account behind the name, "김현장 (17)". Of two such names the numbers
    count, so that a new name makes nobody another person; where one has none, the names do.
    """
    first, second = ("".join(unicodedata.normalize("NFKC", name).split()).casefold() for name in (one, other))
    numbers = [_ACCOUNT.search(name) for name in (first, second)]
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0][1] == numbers[1][1]
    return _ACCOUNT.sub("", first) == _ACCOUNT.sub("", second)


def within_limits(rule: WriteRule, number: float) -> None:
    """`WriteRefused` unless the number lies within the rule's hard limits."""
    if not (math.isfinite(number) and rule.low <= number <= rule.high):
        unit = f" {rule.unit}" if rule.unit else ""
        raise WriteRefused(
            ko=f"설정 {rule.name!r}: {number:g}{unit} 은(는) 한계 {rule.low:g} … {rule.high:g}{unit} 밖입니다.",
            en=f"setting {rule.name!r}: {number:g}{unit} is outside its limits {rule.low:g} … {rule.high:g}{unit}",
        )


def current_rule(found: CollectSettings, one: Proposal, change: Change) -> WriteRule:
    """The rule of a change as it is now; `WriteRefused` when it is gone or names another node than was proposed."""
    rule = _rule(found, change.setting)
    if (rule.connection, rule.node) != (one.connection, change.node):
        raise WriteRefused(
            ko=f"설정 {change.setting!r}: 제안한 뒤에 [[write]]의 기계나 노드가 바뀌었습니다. 다시 제안하세요.",
            en=f"setting {change.setting!r}: its [[write]] names another machine or node than was proposed; propose it again",
        )
    return rule


def expired(one: Proposal, now: datetime) -> bool:
    """Whether the approval is too old to be run."""
    return one.approved_at is None or now - one.approved_at.astimezone(UTC) > GOOD_FOR


def link_of(found: CollectSettings, name: str) -> Link:
    """The connection of that name; `WriteRefused` when it is gone."""
    for link in found.links:
        if link.name == name:
            return link
    raise WriteRefused(ko=f"연결 {name!r} 이(가) 없습니다.", en=f"there is no connection {name!r}")


def _rule(found: CollectSettings, name: str) -> WriteRule:
    for rule in found.writes:
        if rule.name == name:
            return rule
    listed = ", ".join(rule.name for rule in found.writes) or "-"
    raise WriteRefused(
        ko=f"설정 {name!r} 은(는) [[write]]에 없어서 쓸 수 없습니다. 쓸 수 있는 설정: {listed}",
        en=f"setting {name!r} has no [[write]] section, so it is never written; there is {listed}",
    )


def _watch_node(link: Link, signal: str) -> str:
    """The address of the watched signal: one of the connection's signals by its name, or an address."""
    for one in link.signals:
        if signal in (one.name, one.name.removeprefix(f"{one.asset}.")):
            return one.address
    try:
        load(link.protocol).check_address(signal)
    except ValueError as error:
        known = ", ".join(one.name for one in link.signals[:10]) or "-"
        raise WrongArguments(
            ko=f"지켜볼 신호 {signal!r} 이(가) 없습니다. 연결 {link.name!r} 의 신호 이름이나 노드 주소를 주세요: {known}",
            en=f"there is no signal {signal!r} to watch; give a signal of connection {link.name!r} or a node: {known}",
        ) from error
    return signal


def _one(entries: Sequence[Entry], name: str) -> Proposal:
    found = {one.name: one for one in proposals_of(entries)}
    if name not in found:
        listed = ", ".join(found) or "-"
        raise WriteRefused(
            ko=f"제안 {name!r} 이(가) 없습니다. 있는 것: {listed}",
            en=f"there is no proposal {name!r}; there is {listed}",
        )
    return found[name]

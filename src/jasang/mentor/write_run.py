"""Carry approved proposals out: write, watch, keep or roll back; and roll back first what an earlier run left half done.

Two phases: what is about to be written stands in the audit trail, with what the machine held, before it is written. A run
that was killed in between is found by the next one, which reads the machine back and puts the earlier value in its place. A
value that is neither the earlier nor the written one was set by a person: it is left alone.
"""

import asyncio
import contextlib
import importlib
import logging
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jasang.connect.catalog import load
from jasang.connect.collect_toml import CollectSettings, read_collect_toml
from jasang.connect.contract import Link
from jasang.connect.writing import MachineValue, WritableMachine, WriteRule
from jasang.errors import ConnectionFailed, JasangError, WriteRefused
from jasang.mentor.until_stopped import until_stopped
from jasang.mentor.write_audit import AuditTrail, Entry, locked
from jasang.mentor.write_back import (
    ACTIVE,
    ITSELF,
    Change,
    Proposal,
    Watch,
    current_rule,
    expired,
    link_of,
    proposals_of,
    trail_of,
    within_limits,
)
from jasang.plant.text import Text

RETRY = 1.0  # s between two attempts to reach a machine
REACH = 10.0  # s to reach the machine before anything is written, and to roll back when the command is stopped
FEWEST = 3  # values after the write before anything is judged

STOPPED = Text(ko="프로그램을 멈췄습니다", en="the command was stopped")
BY_HAND = Text(
    ko="지켜보는 동안 누가 설정을 직접 바꿨습니다. 그 값은 그대로 둡니다",
    en="somebody set another value during the watch; that value is left as it is",
)

_log = logging.getLogger(__name__)


def run_writes(settings_file: Path, name: str | None = None, *, duration: float | None = None) -> tuple[Proposal, ...]:
    """Roll back what an earlier run left behind, then carry out the approved proposals (or the one named), one by one.

    Returns how each of them stands. Ctrl-C, SIGTERM and the end of `duration` s roll back what is being watched. Raises
    `WriteRefused` when another run is under way or the audit trail is broken, `ConnectionFailed` when the machine cannot be
    reached before anything is written: the proposal then stays approved.
    """
    settings = read_collect_toml(settings_file)
    trail = trail_of(settings_file)
    trail.folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(trail.folder / "run.lock", 0.0):
            return asyncio.run(_run_all(settings, trail, name, duration))
    except BlockingIOError as error:
        raise WriteRefused(
            ko="다른 jasang write run이 이미 돌고 있습니다.", en="another jasang write run is under way"
        ) from error


async def _run_all(
    settings: CollectSettings, trail: AuditTrail, name: str | None, duration: float | None
) -> tuple[Proposal, ...]:
    done: list[str] = []
    async with until_stopped(duration=duration, with_parent=False) as stop:
        for one in proposals_of(trail.entries()):
            if one.state in ACTIVE:
                done.append(one.name)
                await _Run(settings, trail, one, stop).recover()
        waiting = [one for one in proposals_of(trail.entries()) if one.state == "approved" and name in (None, one.name)]
        if name is not None and not waiting and name not in done:
            _refuse_unapproved(trail, name)
        for one in waiting:
            if not stop.is_set():
                done.append(one.name)
                await _Run(settings, trail, one, stop).carry_out()
    return tuple(one for one in proposals_of(trail.entries()) if one.name in done)


def _refuse_unapproved(trail: AuditTrail, name: str) -> None:
    state = next((one.state for one in proposals_of(trail.entries()) if one.name == name), None)
    raise WriteRefused(
        ko=f"제안 {name!r} 을(를) 실행할 수 없습니다. 지금 상태: {state or '없음'}. 먼저 승인해야 합니다.",
        en=f"proposal {name!r} cannot be run: it is {state or 'not there'}; it must be approved first",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One look at the machine: the settings in the order of the proposal, and the watched value."""

    settings: tuple[MachineValue, ...]
    watched: MachineValue


class _StopAsked(Exception):
    """A way out of the watch, no error."""

    def __init__(self, why: Text) -> None:
        self.why = why


class _Run:
    """One proposal on its way."""

    def __init__(self, settings: CollectSettings, trail: AuditTrail, one: Proposal, stop: asyncio.Event) -> None:
        self._settings, self._trail, self._one, self._stop = settings, trail, one, stop
        self._link: Link = link_of(settings, one.connection)
        self._addresses = [*(change.node for change in one.changes), one.watch_node]
        self._machine: WritableMachine | None = None
        self._size = -1
        self._before = [change.before for change in one.changes]
        load(self._link.protocol)  # says what to install when its library is missing
        self._protocol: Any = importlib.import_module(f"jasang.connect.protocols.{self._link.protocol}.writing")

    async def recover(self) -> None:
        """A killed run left this proposal half done: the watch was lost, so it is rolled back."""
        self._note("recovered", found=self._one.state)
        why = Text(
            ko="쓰던 프로그램이 중간에 끝나 지켜보지 못했습니다", en="the run ended in between: the watch was lost"
        )
        try:
            await self._roll_back(why)
        finally:
            await self._close()

    async def carry_out(self) -> None:
        """Write, watch, and keep or roll back."""
        try:
            before = await self._ready()
            if before is None:
                return
            worst = await self._write_and_watch(before)
            if worst is not None:
                await self._roll_back(worst)
        finally:
            await self._close()

    async def _ready(self) -> list[float] | None:
        """The watched values before the write; `None` when the proposal failed or was stopped before anything was written."""
        one = self._one
        try:
            if expired(one, datetime.now(UTC)):
                raise _refused(
                    "승인한 지 하루가 넘었습니다. 다시 제안하세요", "its approval is older than a day; propose it again"
                )
            rules = [current_rule(self._settings, one, change) for change in one.changes]
            seen = await self._reach()
            self._check(rules, seen)
            values = await self._baseline()
            seen = await self._reach()
            if any(not now.holds(held) for now, held in zip(seen.settings, self._present, strict=True)):
                raise _refused("기다리는 동안 누가 설정을 바꿨습니다", "somebody changed a setting meanwhile")
            self._check(rules, seen)
        except WriteRefused as error:
            self._note("failed", why={"ko": error.ko, "en": error.en})
            return None
        except _StopAsked as asked:
            if asked.why is not STOPPED:  # whoever asked has noted it; a stopped command leaves the approval as it is
                _log.warning("proposal %s: %s", one.name, asked.why.en)
            return None
        return values

    def _check(self, rules: Sequence[WriteRule], seen: _Seen) -> None:
        """All limits, against what the machine holds now; `WriteRefused` before anything is written."""
        self._present: list[float] = []
        for change, rule, now in zip(self._one.changes, rules, seen.settings, strict=True):
            within_limits(rule, change.to)
            if now.number is None or not now.writable:
                raise _refused(
                    f"설정 {rule.name!r} 을(를) 읽거나 쓸 수 없습니다",
                    f"setting {rule.name!r} cannot be read or written",
                )
            if now.whole and change.to != int(change.to):
                raise _refused(
                    f"설정 {rule.name!r}: 기계는 정수만 받는데 {change.to:g} 입니다",
                    f"setting {rule.name!r}: the machine takes whole numbers only, found {change.to:g}",
                )
            # Where the machine stands outside the limits already, rolling back could not stay within them either.
            within_limits(rule, now.number)
            step = abs(change.to - now.number)
            if step > rule.largest_step * (1.0 + (1e-6 if now.single else 1e-12)):
                raise _refused(
                    f"설정 {rule.name!r}: {now.number:g} → {change.to:g} 은(는) 한 번에 바꿀 수 있는"
                    f" {rule.largest_step:g} 보다 큽니다",
                    f"setting {rule.name!r}: {now.number:g} → {change.to:g} is more than the largest step {rule.largest_step:g}",
                )
            self._check_rate(rule)
            self._present.append(now.number)

    def _check_rate(self, rule: WriteRule) -> None:
        since = datetime.now(UTC) - timedelta(hours=1)
        count = sum(
            entry.step == "writing" and entry.detail.get("node") == rule.node and entry.at > since
            and entry.detail.get("connection") == rule.connection
            for entry in self._trail.entries()
        )  # fmt: skip
        if count >= rule.per_hour:
            raise _refused(
                f"설정 {rule.name!r}: 한 시간에 {rule.per_hour}번까지만 쓸 수 있는데 벌써 {count}번 썼습니다",
                f"setting {rule.name!r}: may be written {rule.per_hour} times an hour and was written {count} times",
            )

    async def _baseline(self) -> list[float]:
        watch, values, lost = self._one.watch, [], 0.0
        clock = asyncio.get_running_loop().time
        end, heard = clock() + watch.baseline, clock()
        while True:
            self._look_for_stop()
            seen = await self._look()
            if seen is not None and seen.watched.number is not None:
                values.append(seen.watched.number)
                heard = clock()
            lost = clock() - heard
            if lost > watch.lost_after:
                raise _refused(
                    f"지켜볼 신호가 {lost:.0f}초 동안 오지 않았습니다",
                    f"the watched signal did not come for {lost:.0f} s",
                )
            if clock() >= end and values:
                return values
            await self._pause(watch.every)

    async def _write_and_watch(self, before: list[float]) -> Text | None:
        """Write and watch; why it has to be rolled back, or `None` when it is kept."""
        try:
            self._before = list(self._present)
            for change, held in zip(self._one.changes, self._present, strict=True):
                await self._write(change, held)
            self._note("watching")
            return await self._watch(before)
        except ConnectionFailed:
            return Text(ko="쓰는 동안 연결이 끊겼습니다", en="the connection was lost while writing")
        except WriteRefused as error:
            return Text(ko=error.ko, en=error.en)
        except _StopAsked as asked:
            return asked.why

    async def _write(self, change: Change, before: float) -> None:
        machine = self._machine
        if machine is None:
            raise ConnectionFailed(ko="연결이 끊겼습니다.", en="the connection is lost")
        told = {"setting": change.setting, "node": change.node, "to": change.to, "connection": self._link.name}

        def decide(entries: Sequence[Entry]) -> tuple[str, str, str, dict[str, Any]]:
            self._raise_stop(entries)  # nobody can ask to stop between this look and the entry
            return "writing", self._one.name, ITSELF, {**told, "before": before}

        if self._stop.is_set():
            raise _StopAsked(STOPPED)
        self._trail.add_if(decide)
        await machine.write(change.node, change.to)
        (held,) = await machine.read([change.node])
        if not held.holds(change.to):
            raise _refused(
                f"설정 {change.setting!r}: {change.to:g} 을(를) 썼는데 기계는 {held.number} 을(를) 보입니다",
                f"setting {change.setting!r}: {change.to:g} was written but the machine shows {held.number}",
            )
        self._note("written", **told, before=before)

    async def _watch(self, before: list[float]) -> Text | None:
        watch, after = self._one.watch, list[float]()
        clock = asyncio.get_running_loop().time
        start = heard = clock()
        while True:
            self._look_for_stop()
            seen = await self._look()
            now = clock()
            if seen is not None and all(held.number is not None for held in seen.settings):
                if not all(held.holds(one.to) for held, one in zip(seen.settings, self._one.changes, strict=True)):
                    return BY_HAND
                number = seen.watched.number
                if number is not None:
                    heard = now
                    beyond = _beyond(watch, number)
                    if beyond is not None:
                        return beyond
                    if now - start >= watch.settle:
                        after.append(number)
            if now - heard > watch.lost_after:
                return Text(
                    ko=f"지켜볼 신호가 {now - heard:.0f}초 동안 오지 않았습니다",
                    en=f"the watched signal did not come for {now - heard:.0f} s",
                )
            worse = judged(watch, before, after)
            if worse is not None:
                return worse
            if now - start >= watch.seconds:
                if len(after) < FEWEST:
                    return Text(
                        ko=f"지켜본 값이 {len(after)}개뿐이라 판단할 수 없습니다",
                        en=f"only {len(after)} values were seen",
                    )
                self._note("kept", outcome=_outcome(before, after))
                return None
            await self._pause(watch.every)

    async def _roll_back(self, why: Text) -> None:
        """Put back what the machine held, as soon as it can be reached; a value set by a person is left alone."""
        self._note("rolling_back", why={"ko": why.ko, "en": why.en})
        clock = asyncio.get_running_loop().time
        end = clock() + REACH
        told = False
        while True:
            try:
                seen = await self._look()
                if seen is not None:
                    held = await self._put_back(seen)
                    by_hand = any(
                        before is not None and not math.isclose(held[one.setting], before, rel_tol=1e-6, abs_tol=1e-12)
                        for one, before in zip(self._one.changes, self._before, strict=True)
                    )
                    step = "taken_over" if by_hand else "rolled_back"
                    self._note(step, why={"ko": why.ko, "en": why.en}, held=held)
                    return
                reason = f"{self._link.url}"
            except (ConnectionFailed, WriteRefused) as error:
                reason = error.en
            if not told:
                _log.warning("proposal %s waits to be rolled back: %s", self._one.name, reason)
                told = True
            if self._stop.is_set() and clock() > end:
                return  # the state stays "rolling_back": the next run does it
            await asyncio.sleep(min(RETRY, self._one.watch.every))

    async def _put_back(self, seen: _Seen) -> dict[str, float]:
        machine = self._machine
        if machine is None:
            raise ConnectionFailed(ko="연결이 끊겼습니다.", en="the connection is lost")
        held: dict[str, float] = {}
        for change, now, before in zip(self._one.changes, seen.settings, self._before, strict=True):
            if now.number is None:
                raise _refused(
                    f"설정 {change.setting!r} 을(를) 지금 읽을 수 없습니다",
                    f"setting {change.setting!r} cannot be read now",
                )
            held[change.setting] = now.number
            if before is not None and now.holds(change.to) and not now.holds(before):
                await machine.write(change.node, before)
                (back,) = await machine.read([change.node])
                if not back.holds(before):
                    raise _refused(
                        f"설정 {change.setting!r} 이(가) {before:g} (으)로 돌아오지 않았습니다",
                        f"setting {change.setting!r} did not come back to {before:g}",
                    )
                held[change.setting] = before
        return held

    async def _reach(self) -> _Seen:
        """A look at the machine within `REACH` s; raises `ConnectionFailed`."""
        clock = asyncio.get_running_loop().time
        end = clock() + REACH
        while True:
            seen = await self._look(patient=clock() < end)
            if seen is not None:
                return seen
            self._look_for_stop()
            await asyncio.sleep(0.2)

    async def _look(self, *, patient: bool = True) -> _Seen | None:
        """One look; `None` while the machine cannot be reached, which raises when not `patient` or trying again is no use."""
        try:
            if self._machine is None:
                self._machine = await self._protocol.open_machine(self._link)
            *settings, watched = await self._machine.read(self._addresses)
            return _Seen(settings=tuple(settings), watched=watched)
        except ConnectionFailed as error:
            await self._close()
            if not patient:
                raise
            _log.debug("%s", error.en)
            return None

    async def _close(self) -> None:
        machine, self._machine = self._machine, None
        if machine is not None:
            with contextlib.suppress(JasangError):
                await machine.close()

    def _look_for_stop(self) -> None:
        if self._stop.is_set():
            raise _StopAsked(STOPPED)
        size = self._trail.file.stat().st_size
        if size != self._size:  # the whole trail is read only when something was added
            self._size = size
            self._raise_stop(self._trail.entries())

    def _raise_stop(self, entries: Sequence[Entry]) -> None:
        (one,) = [one for one in proposals_of(entries) if one.name == self._one.name]
        if one.stop_by is not None:
            raise _StopAsked(Text(ko=f"{one.stop_by}: 멈추라고 했습니다", en=f"{one.stop_by} asked to stop"))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _note(self, step: str, **detail: Any) -> Entry:
        return self._trail.add(step, self._one.name, ITSELF, **detail)


def judged(watch: Watch, before: Sequence[float], after: Sequence[float]) -> Text | None:
    """Whether the values after the write are worse than those before by more than the watch allows, in words; else `None`.

    Compares means. Without `worse_by` the allowance is twice the standard deviation before the write.
    """
    if len(after) < FEWEST or not before:
        return None
    allowed = watch.worse_by
    if allowed is None:
        allowed = 2.0 * statistics.pstdev(before)
    first, then = statistics.fmean(before), statistics.fmean(after)
    moved = then - first if watch.better == "lower" else first - then
    if moved <= allowed:
        return None
    return Text(
        ko=f"{watch.signal} 이(가) 나빠졌습니다: 쓰기 전 평균 {first:.6g}, 쓴 뒤 {then:.6g} (허용 {allowed:.3g})",
        en=f"{watch.signal} became worse: mean {first:.6g} before, {then:.6g} after the write (allowed {allowed:.3g})",
    )


def _beyond(watch: Watch, number: float) -> Text | None:
    low, high = -math.inf if watch.low is None else watch.low, math.inf if watch.high is None else watch.high
    if low <= number <= high:
        return None
    return Text(
        ko=f"{watch.signal} = {number:.6g}: 한계 {low:g} … {high:g} 을(를) 벗어났습니다",
        en=f"{watch.signal} = {number:.6g} is outside {low:g} … {high:g}",
    )


def _outcome(before: Sequence[float], after: Sequence[float]) -> dict[str, Any]:
    return {
        "before": {"mean": statistics.fmean(before), "values": len(before)},
        "after": {"mean": statistics.fmean(after), "values": len(after)},
    }


def _refused(ko: str, en: str) -> WriteRefused:
    return WriteRefused(ko=f"{ko}.", en=en)

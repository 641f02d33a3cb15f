"""The poll: blocks read in turn, units that fall silent left alone for a while, changes delivered."""

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from jasang.connect.contract import Begun, Inbox, Link
from jasang.connect.link_words import about, failed
from jasang.connect.protocols.modbus.blocks import Block, blocks_of
from jasang.connect.protocols.modbus.options import ModbusOptions, Order
from jasang.connect.protocols.modbus.register import Field, Value, decode, order_by_example, values_by_order
from jasang.connect.protocols.modbus.wire import GATEWAY, ILLEGAL, NO_ANSWER, Refused, Wire
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

SILENT_RETRY = 10.0  # s: a unit that does not answer holds up all others for one timeout; it is asked this seldom
OVERRUNS_TOLD = 3  # polls in a row that took longer than the interval
# OPC UA status codes: no communication, device failure, any other communication error, a value that is none.
NO_COMMUNICATION, DEVICE_FAILURE, COMMUNICATION_ERROR, DECODING_ERROR = 0x80310000, 0x808B0000, 0x80050000, 0x80070000


class Poller:
    """Polls one connection until it is lost; `run` never returns."""

    def __init__(self, wire: Wire, link: Link, fields: Sequence[Field], inbox: Inbox) -> None:
        self._wire, self._link, self._inbox = wire, link, inbox
        self._options: ModbusOptions = link.options or ModbusOptions()
        self._fields = tuple(fields)
        self._blocks: list[Block] = []
        self._orders: dict[str, Order] = {field.signal.name: field.order for field in fields if field.order is not None}
        self._missing: dict[str, Text] = {}
        self._doubts: dict[str, Text] = {}
        self._silent: dict[int, float] = {}  # unit: when it is asked again
        self._last: dict[str, tuple[Value, int, float]] = {}  # signal: value, quality, when (of the loop's clock)
        self._told: Begun | None = None

    async def run(self) -> None:
        """Find out what can be read, then read it again and again."""
        clock = asyncio.get_running_loop().time
        await self._begin()
        due, overruns = clock(), 0
        while True:
            started = clock()
            await self._poll()
            self._tell()
            due += self._options.poll_interval
            overruns = overruns + 1 if clock() > due else 0
            if overruns >= OVERRUNS_TOLD:
                self._doubts["poll"] = self._overrun(clock() - started)
            elif overruns == 0:
                self._doubts.pop("poll", None)
            if clock() > due:  # what was missed is not made up for: the next poll is at the next beat
                due += math.floor((clock() - due) / self._options.poll_interval + 1.0) * self._options.poll_interval
            await asyncio.sleep(max(0.0, due - clock()))

    async def _begin(self) -> None:
        """Try every request once; where one fails for its address, find the signals that are to blame."""
        good: list[Block] = []
        for block in self._gathered(self._fields, self._options.max_gap):
            good += await self._tried(block)
        self._blocks = good
        if not good and len(self._silent) == len({field.unit_id for field in self._fields}):
            raise self._nobody()
        if not good:
            first = next(iter(self._missing.values()))
            raise failed(
                self._link,
                f"읽을 수 있는 신호가 하나도 없습니다. {first.ko}",
                f"none of its signals can be read; {first.en}",
            )

    def _gathered(self, fields: Sequence[Field], gap: int) -> list[Block]:
        return blocks_of(fields, max_block=self._options.max_block, max_gap=gap)

    async def _tried(self, block: Block) -> list[Block]:
        if block.unit_id in self._silent:
            return [block]  # asked again later, with all its signals
        try:
            await self._wire.read(block)
        except Refused as error:
            if error.code in (NO_ANSWER, *GATEWAY):
                self._fell_silent(block.unit_id, error)
                return [block]
            if error.code not in ILLEGAL:
                return [block]
            if len(block.fields) > 1:
                # Perhaps only a gap or the length was refused: without gaps, then in halves, down to the signal to blame.
                parts = self._gathered(block.fields, 0)
                if len(parts) == 1:
                    middle = len(block.fields) // 2
                    parts = [self._gathered(half, 0)[0] for half in (block.fields[:middle], block.fields[middle:])]
                return [one for part in parts for one in await self._tried(part)]
            field = block.fields[0]
            self._missing[field.signal.name] = self._no_such(field, error)
            return []
        return [block]

    async def _poll(self) -> None:
        now = asyncio.get_running_loop().time()
        for block in list(self._blocks):
            if self._silent.get(block.unit_id, -math.inf) > now:
                continue
            try:
                raw = await self._wire.read(block)
            except Refused as error:
                self._failed(block, error)
                if error.code in ILLEGAL:  # a unit that was silent at the start, or was set up anew
                    self._blocks.remove(block)
                    self._blocks += await self._tried(block)
                continue
            self._answered(block)
            moment = datetime.now(UTC)
            self._deliver([(field, *self._value(field, raw, block.start)) for field in block.fields], moment)
        if self._silent and set(self._silent) == {block.unit_id for block in self._blocks}:
            raise self._nobody()

    def _value(self, field: Field, raw: Sequence[int], start: int) -> tuple[Value, int] | tuple[None, None]:
        """Value and quality; no quality while the order of the bytes is not known."""
        first = field.address.number - start
        part = raw[first : first + field.words]
        order = self._orders.get(field.signal.name)
        if order is None:
            order = order_by_example(field, part)
            values = values_by_order(field, part)
            if order is not None:
                self._orders[field.signal.name] = order
                self._doubts[field.signal.name] = _found_order(field, order, values[order])
            elif len({repr(value) for value in values.values()}) == 1:
                order = "ABCD"  # all mean the same; a later value will tell
                self._doubts[field.signal.name] = _undecided(field, values["ABCD"])
            else:
                self._doubts[field.signal.name] = _no_order(field, values)
                return None, None
        value = decode(field, part, order)
        return value, 0 if value is not None else DECODING_ERROR

    def _deliver(self, found: Sequence[tuple[Field, Value, int | None]], moment: datetime) -> None:
        clock = asyncio.get_running_loop().time()
        fresh = []
        for field, value, quality in found:
            if quality is None or not self._changed(field, value, quality, clock):
                continue
            self._last[field.signal.name] = (value, quality, clock)
            fresh.append(
                Reading(signal=field.signal.name, source_time=moment, receive_time=moment, value=value, quality=quality)
            )
        if fresh:
            self._tell()
            self._inbox.deliver(fresh)

    def _changed(self, field: Field, value: Value, quality: int, clock: float) -> bool:
        before = self._last.get(field.signal.name)
        if before is None or before[1] != quality or clock - before[2] >= self._options.repeat_after:
            return True
        band = field.signal.deadband
        if band and isinstance(value, (int, float)) and isinstance(before[0], (int, float)):
            return not abs(value - before[0]) <= band
        return repr(before[0]) != repr(value)  # by its text: NaN is no change from NaN, and -0.0 is one from 0.0

    def _failed(self, block: Block, error: Refused) -> None:
        if error.code in (NO_ANSWER, *GATEWAY):
            self._fell_silent(block.unit_id, error)
        quality = {NO_ANSWER: NO_COMMUNICATION, 4: DEVICE_FAILURE, 10: NO_COMMUNICATION, 11: NO_COMMUNICATION}
        fields = block.fields
        if error.code in (NO_ANSWER, *GATEWAY):
            fields = tuple(field for one in self._blocks if one.unit_id == block.unit_id for field in one.fields)
        elif error.code not in ILLEGAL:
            self._doubts[_about(block)] = about(
                self._link,
                f"{block.area}:{block.start}부터 {block.count}개를 읽지 못했습니다: {error.text.ko}",
                f"{block.count} from {block.area}:{block.start} cannot be read: {error.text.en}",
            )
        moment = datetime.now(UTC)
        self._deliver([(field, None, quality.get(error.code, COMMUNICATION_ERROR)) for field in fields], moment)

    def _fell_silent(self, unit_id: int, error: Refused) -> None:
        self._silent[unit_id] = asyncio.get_running_loop().time() + SILENT_RETRY
        self._doubts[f"unit {unit_id}"] = self._silent_unit(unit_id, error)

    def _answered(self, block: Block) -> None:
        self._doubts.pop(_about(block), None)
        if self._silent.pop(block.unit_id, None) is not None:
            self._doubts.pop(f"unit {block.unit_id}", None)

    def _tell(self) -> None:
        """Say what comes and what is wrong, when that is not what was said before."""
        kept = [field for block in self._blocks for field in block.fields]
        begun = Begun(
            signals=tuple(
                Signal(
                    name=field.signal.name,
                    asset=field.signal.asset,
                    unit=field.signal.unit,
                    address=field.signal.address,
                )
                for field in kept
            ),
            missing=tuple(self._missing.values()),
            doubts=tuple(self._doubts.values()),
        )
        if begun != self._told:
            self._told = begun
            self._inbox.begun(begun)

    def _silent_unit(self, unit_id: int, error: Refused) -> Text:
        return about(
            self._link,
            f"국번(unit id) {unit_id}: {error.text.ko}. 국번이 맞는지, 그 기계가 켜져 있고 선이 이어졌는지 확인하세요.",
            f"unit id {unit_id}: {error.text.en}; is the unit id right, the device on and its cable connected?",
        )

    def _nobody(self) -> ConnectionFailed:
        units = ", ".join(str(unit) for unit in sorted(self._silent))
        first = self._doubts[f"unit {min(self._silent)}"]
        if len(self._silent) == 1:
            return ConnectionFailed(ko=first.ko, en=first.en)
        return failed(self._link, f"국번 {units} 이(가) 모두 답하지 않습니다", f"none of the units {units} answers")

    def _no_such(self, field: Field, error: Refused) -> Text:
        last = field.address.number + field.words - 1
        return about(
            self._link,
            f"신호 {field.signal.name!r}({field.signal.address}, 국번 {field.unit_id}): {error.text.ko}."
            f" 읽은 곳: {field.address.area} {field.address.number}~{last}. 설명서의 번호가 1부터 세는지 확인하세요.",
            f"signal {field.signal.name!r} ({field.signal.address}, unit id {field.unit_id}):"
            f" {error.text.en}; asked for {field.address.area} {field.address.number} to {last}."
            " Does the manual count from 1?",
        )

    def _overrun(self, seconds: float) -> Text:
        return about(
            self._link,
            f"한 번 읽는 데 {seconds:.2f}초 걸려 간격 {self._options.poll_interval:g}초를 지키지 못합니다."
            " poll_interval을 늘리거나 신호를 줄이세요.",
            f"one poll takes {seconds:.2f} s, longer than the interval of"
            f" {self._options.poll_interval:g} s; raise poll_interval or read fewer signals",
        )


def _about(block: Block) -> str:
    return f"block {block.unit_id} {block.area} {block.start}"


def _found_order(field: Field, order: Order, value: Value) -> Text:
    return Text(
        ko=f"신호 {field.signal.name!r}: 예로 든 값 {field.example:g}에 맞는 순서는 {order}입니다(지금 {value})."
        f' order = "{order}" 로 적어 두세요.',
        en=f"signal {field.signal.name!r}: byte order {order} gives {value}, about the example {field.example:g};"
        f' write order = "{order}"',
    )


def _undecided(field: Field, value: Value) -> Text:
    return Text(
        ko=f"신호 {field.signal.name!r}: 지금 값({value})은 어느 순서로 읽어도 같습니다. 다음 값에서 정합니다.",
        en=f"signal {field.signal.name!r}: its value now ({value}) is the same in every byte order; a later one will tell",
    )


def _no_order(field: Field, values: dict[Order, Value]) -> Text:
    shown = ", ".join(
        f"{order} {value:g}" if isinstance(value, float) else f"{order} {value}" for order, value in values.items()
    )
    return Text(
        ko=f"신호 {field.signal.name!r}: 예로 든 값 {field.example:g}에 맞는 순서가 없어 값을 받지 않습니다({shown})."
        " 주소, type, scale을 확인하세요.",
        en=f"signal {field.signal.name!r}: no byte order gives about {field.example:g} ({shown}), so its values are not taken;"
        " check address, type and scale",
    )

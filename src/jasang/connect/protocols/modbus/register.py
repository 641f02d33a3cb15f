"""Where a value lies in a Modbus device and how its registers are read as a number or text."""

import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from jasang.connect.contract import WantedSignal, WrongField
from jasang.connect.protocols.modbus.options import ORDERS, Kind, ModbusSignalOptions, Order

Area = Literal["coil", "discrete", "input", "holding"]
Value = float | int | str | bool | None

_LETTERS: dict[str, Area] = {"coil": "coil", "discrete": "discrete", "input": "input", "holding": "holding"}
# The numbers of the old manuals, counted from 1: 00001 coils, 10001 discrete inputs, 30001 input and 40001 holding registers.
_NUMBERED: dict[str, Area] = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_WORDS: dict[Kind, int] = {
    "bool": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "int64": 4, "uint64": 4, "float32": 2, "float64": 4,
}  # fmt: skip
_FORMATS: dict[Kind, str] = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q", "float32": ">f",
    "float64": ">d",
}  # fmt: skip
_PLAIN = re.compile(r"(coil|discrete|input|holding):(\d{1,5})(?:\.(\d{1,2}))?")
_MANUAL = re.compile(r"([0134])(\d{4,5})(?:\.(\d{1,2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place in one of the four areas: `number` as it goes over the wire, from 0; `bit` of a register, 0 the lowest."""

    area: Area
    number: int
    bit: int | None = None


def parse_address(text: str) -> Address:
    """`holding:100`, `coil:3`, `holding:100.4` (bit 4) or a manual's `40101` (which is holding:100); `ValueError` for others."""
    plain, manual = _PLAIN.fullmatch(text.strip()), _MANUAL.fullmatch(text.strip())
    if plain is not None:
        area, number, bit = _LETTERS[plain[1]], int(plain[2]), plain[3]
    elif manual is not None:
        area, number, bit = _NUMBERED[manual[1]], int(manual[2]) - 1, manual[3]
    else:
        raise ValueError(f"{text!r} is no Modbus address")
    if not 0 <= number <= 65_535:
        raise ValueError(f"{text!r} lies outside 0 to 65535")
    if bit is not None and (int(bit) > 15 or area in ("coil", "discrete")):
        raise ValueError(f"{text!r} has no such bit")
    return Address(area=area, number=number, bit=None if bit is None else int(bit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One signal in the device's registers. `order` is `None` while an example has yet to tell it."""

    signal: WantedSignal
    address: Address
    unit_id: int
    kind: Kind
    words: int  # registers, or 1 for a coil or discrete input
    order: Order | None
    example: float | None
    scale: float
    offset: float
    bits: tuple[int, int] | None  # lowest and highest bit

    @property
    def single_bits(self) -> bool:
        """Whether the device answers with bits instead of registers."""
        return self.address.area in ("coil", "discrete")


def field_of(signal: WantedSignal, unit_id: int) -> Field:
    """The signal as a field; raises `WrongField` where its options do not go together."""
    options: ModbusSignalOptions = signal.options or ModbusSignalOptions()
    address = parse_address(signal.address)
    single = address.area in ("coil", "discrete")
    kind = options.type or ("bool" if single or address.bit is not None else "uint16")
    _check(options, address, kind, single)
    words = 1 if single else _WORDS.get(kind) or options.length or 1
    if address.number + words > 65_536:
        raise WrongField("address", "값이 65535번 주소를 넘어갑니다", "reaches beyond address 65535")
    return Field(
        signal=signal,
        address=address,
        unit_id=unit_id if options.unit_id is None else options.unit_id,
        kind=kind,
        words=words,
        order=options.order or (None if options.example is not None else "ABCD"),
        example=options.example,
        scale=options.scale,
        offset=options.offset,
        bits=_bits(options, address, words),
    )


def _check(options: ModbusSignalOptions, address: Address, kind: Kind, single: bool) -> None:
    if single and kind != "bool":
        raise WrongField(
            "type", f"{address.area}은 참/거짓만 담습니다(bool)", f"must be bool: a {address.area} is one bit"
        )
    if not single and kind == "bool" and address.bit is None:
        raise WrongField(
            "address",
            "레지스터의 몇 번째 비트인지 적어야 합니다. 예: holding:100.3",
            "must name the bit of the register, for example holding:100.3",
        )
    if address.bit is not None and kind != "bool":
        raise WrongField("type", "비트 주소에는 bool만 쓸 수 있습니다", "must be bool where the address names a bit")
    if kind == "string" and options.length is None:
        raise WrongField(
            "length",
            "글은 몇 레지스터인지 적어야 합니다(한 레지스터에 두 글자)",
            "is needed for a string: registers, two letters each",
        )
    if options.length is not None and kind not in ("string", "bcd"):
        raise WrongField("length", "string과 bcd에만 씁니다", "is for string and bcd only")
    if kind == "bcd" and (options.length or 1) > 4:
        raise WrongField("length", "bcd는 4 레지스터까지입니다", "must be at most 4 for bcd")
    if options.order is not None and options.example is not None:
        raise WrongField(
            "example", "order와 함께 쓸 수 없습니다. 하나만 적으세요", "cannot stand beside order; give one of them"
        )
    if options.example is not None and kind in ("bool", "string"):
        raise WrongField("example", "수에만 쓸 수 있습니다", "is for numbers only")
    if kind in ("bool", "string") and (options.scale != 1.0 or options.offset != 0.0):
        raise WrongField("scale", "수에만 쓸 수 있습니다", "is for numbers only")
    if options.scale == 0.0 or not math.isfinite(options.scale) or not math.isfinite(options.offset):
        raise WrongField("scale", "0이 아닌 유한한 수여야 합니다", "must be finite and not 0")


def _bits(options: ModbusSignalOptions, address: Address, words: int) -> tuple[int, int] | None:
    if address.bit is not None:
        return (address.bit, address.bit)
    if options.bits is None:
        return None
    first, _, last = options.bits.partition("-")
    low, high = sorted((int(first), int(last or first)))
    if options.type not in (None, "uint16", "uint32", "uint64") or high >= 16 * words:
        raise WrongField(
            "bits",
            f"부호 없는 정수(uint16, uint32, uint64)의 0~{16 * words - 1}번 비트만 쓸 수 있습니다",
            f"must lie within 0 to {16 * words - 1} of an unsigned whole number (uint16, uint32, uint64)",
        )
    return (low, high)


def decode(field: Field, raw: Sequence[int], order: Order) -> Value:
    """The value in these registers (or single bits); `None` where they hold none (BCD with a digit above 9)."""
    if field.single_bits:
        return bool(raw[0])
    data = _in_order(raw, order)
    if field.kind == "string":
        return _text(data)
    if field.kind == "bcd":
        digits = data.hex()
        return _scaled(field, int(digits)) if digits.isdigit() else None
    if field.kind == "bool" or field.bits is not None:
        low, high = field.bits or (0, 0)
        number = int.from_bytes(data, "big") >> low & (1 << high - low + 1) - 1
        return bool(number) if field.kind == "bool" else _scaled(field, number)
    return _scaled(field, struct.unpack(_FORMATS[field.kind], data)[0])


def _in_order(raw: Sequence[int], order: Order) -> bytes:
    """Bytes from the highest on. CDAB turns the order of the registers, BADC the two bytes of each, DCBA both."""
    words = reversed(raw) if order in ("CDAB", "DCBA") else raw
    swap = order in ("BADC", "DCBA")
    return b"".join(word.to_bytes(2, "little" if swap else "big") for word in words)


def _text(data: bytes) -> str:
    # Texts end at the first zero; Korean panels write CP949.
    plain = data.partition(b"\x00")[0]
    for encoding in ("utf-8", "cp949"):
        try:
            return plain.decode(encoding).rstrip()
        except UnicodeDecodeError:
            continue
    return plain.decode("latin-1").rstrip()


def _scaled(field: Field, raw: float | int) -> float | int:
    if field.scale == 1.0 and field.offset == 0.0:
        return raw
    if isinstance(raw, int):  # 234 × 0.1 is 23.4, not 23.400000000000002
        return float(Decimal(raw) * Decimal(str(field.scale)) + Decimal(str(field.offset)))
    return raw * field.scale + field.offset


def values_by_order(field: Field, raw: Sequence[int]) -> dict[Order, Value]:
    """What the registers would mean in each order."""
    return {order: decode(field, raw, order) for order in ORDERS}


def order_by_example(field: Field, raw: Sequence[int]) -> Order | None:
    """The one order that makes the registers about the example (same sign, within a factor of two, nearest first).

    `None` when no order does, or when all mean the same, as zeros do.
    """
    values = values_by_order(field, raw)
    if field.example is None or len({repr(value) for value in values.values()}) == 1:
        return None
    near = {
        order: _distance(float(value), field.example)
        for order, value in values.items()
        if isinstance(value, (int, float))
    }
    best = min(near, key=near.__getitem__, default=None)
    return best if best is not None and near[best] <= 1.0 else None


def _distance(value: float, example: float) -> float:
    """How many times twofold the two differ; infinite where they are not of one sign."""
    if value == example:
        return 0.0
    if not math.isfinite(value) or value * example <= 0.0:
        return math.inf
    return abs(math.log2(value / example))

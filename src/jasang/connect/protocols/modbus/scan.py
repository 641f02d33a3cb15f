"""What a Modbus device holds: its four areas read piece by piece. It has no names, so only numbers can be shown."""

from jasang.connect.contract import Link, Variable
from jasang.connect.protocols.modbus.blocks import Block
from jasang.connect.protocols.modbus.options import ModbusOptions
from jasang.connect.protocols.modbus.register import Address, Area
from jasang.connect.protocols.modbus.wire import GATEWAY, NO_ANSWER, Refused, Wire
from jasang.errors import ConnectionFailed

REACH = 1000  # addresses looked at from the first on
PIECE = 100
AREAS: tuple[Area, ...] = ("holding", "input", "coil", "discrete")
MOST_SINGLE = 400  # single addresses asked one by one where a piece is refused


async def scan(wire: Wire, link: Link, start: Address | None) -> tuple[Variable, ...]:
    """Registers and bits that are not zero; raises `ConnectionFailed` when the unit does not answer."""
    options: ModbusOptions = link.options or ModbusOptions()
    found: list[Variable] = []
    for area in AREAS if start is None else (start.area,):
        first = 0 if start is None else start.number
        left = MOST_SINGLE
        for begin in range(first, min(first + REACH, 65_536), PIECE):
            piece, asked = await _piece(wire, link, options.unit_id, area, begin, left)
            left -= asked
            found += [_variable(area, number, value) for number, value in piece.items() if value]
    return tuple(sorted(found, key=lambda variable: (AREAS.index(_area(variable)), int(variable.path.split(".")[1]))))


async def _piece(wire: Wire, link: Link, unit_id: int, area: Area, begin: int, left: int) -> tuple[dict[int, int], int]:
    """The values from `begin` on, by address, and how many addresses were asked one by one."""
    count = min(PIECE, 65_536 - begin)
    whole = await _read(wire, link, unit_id, area, begin, count)
    if whole is not None:
        return dict(enumerate(whole, start=begin)), 0
    single: dict[int, int] = {}
    size = 10  # a device answers for what it has only: look in tens, then one by one where the ten is refused
    asked = 0
    for ten in range(begin, begin + count, size):
        some = await _read(wire, link, unit_id, area, ten, size)
        if some is not None:
            single.update(enumerate(some, start=ten))
            continue
        for number in range(ten, ten + size):
            if asked >= left:
                break
            asked += 1
            one = await _read(wire, link, unit_id, area, number, 1)
            if one is not None:
                single[number] = one[0]
    return single, asked


async def _read(wire: Wire, link: Link, unit_id: int, area: Area, start: int, count: int) -> list[int] | None:
    try:
        return list(await wire.read(Block(unit_id=unit_id, area=area, start=start, count=count, fields=())))
    except Refused as error:
        if error.code in (NO_ANSWER, *GATEWAY):
            raise ConnectionFailed(
                ko=f"{link.url}: 국번(unit id) {unit_id}: {error.text.ko}. 국번이 맞는지 확인하세요.",
                en=f"{link.url}: unit id {unit_id}: {error.text.en}; is the unit id right?",
            ) from error
        return None


def _variable(area: Area, number: int, value: int) -> Variable:
    single = area in ("coil", "discrete")
    return Variable(
        address=f"{area}:{number}",
        path=f"{area}.{number}",
        data_type="bool" if single else "uint16",
        writable=area in ("coil", "holding"),
        value=bool(value) if single else value,
    )


def _area(variable: Variable) -> Area:
    return next(area for area in AREAS if variable.address.startswith(f"{area}:"))

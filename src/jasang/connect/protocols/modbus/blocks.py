"""Signals gathered into few requests: what lies close together is read at once, within the limits of the device."""

from collections.abc import Iterable
from dataclasses import dataclass

from jasang.connect.protocols.modbus.register import Area, Field

COILS_PER_REGISTER = 16  # one request carries 16 times as many bits as registers


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One request: `count` registers or bits of one unit and area from `start` on, and the fields that lie in it."""

    unit_id: int
    area: Area
    start: int
    count: int
    fields: tuple[Field, ...]


def blocks_of(fields: Iterable[Field], *, max_block: int, max_gap: int) -> list[Block]:
    """The fewest requests in order of address: at most `max_block` registers each, gaps of at most `max_gap` read along."""
    ordered = sorted(fields, key=lambda field: (field.unit_id, field.address.area, field.address.number, field.words))
    blocks: list[Block] = []
    group: list[Field] = []
    for field in ordered:
        if group and not _fits(group, field, max_block, max_gap):
            blocks.append(_block(group))
            group = []
        group.append(field)
    if group:
        blocks.append(_block(group))
    return blocks


def _end(group: list[Field]) -> int:
    return max(field.address.number + field.words for field in group)


def _fits(group: list[Field], field: Field, max_block: int, max_gap: int) -> bool:
    first = group[0]
    if (first.unit_id, first.address.area) != (field.unit_id, field.address.area):
        return False
    times = COILS_PER_REGISTER if field.single_bits else 1
    end = max(_end(group), field.address.number + field.words)
    return field.address.number - _end(group) <= max_gap * times and end - first.address.number <= max_block * times


def _block(group: list[Field]) -> Block:
    first = group[0]
    return Block(
        unit_id=first.unit_id,
        area=first.address.area,
        start=first.address.number,
        count=_end(group) - first.address.number,
        fields=tuple(group),
    )

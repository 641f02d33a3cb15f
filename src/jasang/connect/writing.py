"""`[[write]]` of collect.toml: which settings may be written back, and the limits that nothing passes.

Without the section nothing is ever written. What is written is decided in `mentor.write_back`; how, by the protocol's own module.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field, ValidationError

from jasang.connect.catalog import load
from jasang.connect.collect_complaints import invalid, wrong
from jasang.connect.connection_fields import Address, Name, Part
from jasang.connect.contract import Link

WRITABLE = ("opcua",)  # protocols that can write and read back

Number = Annotated[float, Field(strict=False, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRule:
    """One setting that may be written: its hard limits and the largest step, all in `unit`, and how often in any hour."""

    name: str
    connection: str
    node: str
    low: float
    high: float
    largest_step: float
    per_hour: int
    unit: str | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"setting {self.name!r}: low {self.low} must be below high {self.high}")
        if not (self.largest_step > 0.0 and math.isfinite(self.largest_step)):
            raise ValueError(f"setting {self.name!r}: largest_step {self.largest_step} must be above 0")
        if self.per_hour < 1:
            raise ValueError(f"setting {self.name!r}: per_hour {self.per_hour} must be 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineValue:
    """What a machine holds at an address now. `number` is `None` where it is no number or of bad quality."""

    number: float | None
    quality: int
    whole: bool  # the machine's type takes whole numbers only
    single: bool  # the machine's type has 32 bits: 0.1 comes back as 0.10000000149
    writable: bool

    def holds(self, number: float) -> bool:
        """Whether this is that number, as exactly as the machine's type can say it."""
        if self.number is None:
            return False
        return math.isclose(self.number, number, rel_tol=1e-6 if self.single else 1e-12, abs_tol=1e-12)


class WritableMachine(Protocol):
    """An open session with a machine; every call raises `ConnectionFailed` when it is lost."""

    async def read(self, addresses: Sequence[str]) -> list[MachineValue]:
        """What the addresses hold now."""

    async def write(self, address: str, number: float) -> None:
        """Write a number in the machine's own type; `WriteRefused` when the machine does not take it."""

    async def close(self) -> None:
        """End the session."""


class _Write(Part):
    name: Name
    connection: Name
    node: Address
    low: Number
    high: Number
    largest_step: Annotated[Number, Field(gt=0.0)]
    per_hour: Annotated[int, Field(ge=1, le=3600)]
    unit: str | None = None


def read_write_rules(path: Path, raw: Sequence[Any], links: Sequence[Link]) -> tuple[WriteRule, ...]:
    """The `[[write]]` tables of a collect.toml; raises `ConfigurationError`."""
    rules: list[WriteRule] = []
    known = {link.name: link for link in links}
    for place, table in enumerate(raw):
        try:
            one = _Write.model_validate(table)
        except ValidationError as error:
            raise invalid(path, error, ("write", place)) from error
        field = f"write[{place}]"
        if not one.low < one.high:
            raise wrong(
                path, f"{field}.high", f"{one.high:g} 은(는) low {one.low:g} 보다 커야 합니다",
                f"{one.high:g} must be above low {one.low:g}",
            )  # fmt: skip
        link = known.get(one.connection)
        if link is None:
            listed = ", ".join(sorted(known)) or "-"
            raise wrong(
                path, f"{field}.connection", f"{one.connection!r} 이라는 연결이 없습니다. 있는 것: {listed}",
                f"there is no connection {one.connection!r}; expected one of {listed}",
            )  # fmt: skip
        if link.protocol not in WRITABLE:
            raise wrong(
                path, f"{field}.connection", f"프로토콜 {link.protocol!r} 에는 쓸 수 없습니다. 쓸 수 있는 것: opcua",
                f"protocol {link.protocol!r} cannot be written to; expected opcua",
            )  # fmt: skip
        try:
            load(link.protocol).check_address(one.node)
        except ValueError as error:
            raise wrong(
                path, f"{field}.node", f"{one.node!r} 은(는) opcua 주소가 아닙니다", f"{one.node!r} is no opcua address"
            ) from error
        rules.append(WriteRule(**one.model_dump()))
    for what, values in (
        ("name", [one.name for one in rules]),
        ("node", [f"{one.connection} {one.node}" for one in rules]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise wrong(path, f"write.{what}", f"두 번 나옵니다: {twice}", f"occurs twice: {twice}; expected each once")
    return tuple(rules)

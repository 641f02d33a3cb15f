"""Bags of material: lots of three suppliers, each with its own viscosity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from jasang.simulate.faults import Fault

SUPPLIERS = ("S1", "S2", "S3")
LOT_MASS = 25_000.0  # g, one bag


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One bag: `viscosity` relative to the nominal material; nobody at the machine knows it."""

    name: str
    supplier: str
    viscosity: float


class Warehouse:
    """Hands out material; a new lot when the bag is empty."""

    def __init__(self, *, random: np.random.Generator, faults: Mapping[str, Fault]) -> None:
        self._random, self._faults = random, faults
        self._left = 0.0
        self._count = 0
        self.lot = Lot(name="L0", supplier=SUPPLIERS[0], viscosity=1.0)

    def draw(self, mass: float, now: datetime, elapsed: float) -> Lot:
        """The lot from which the next `mass` g come."""
        if self._left < mass:
            self._left = LOT_MASS
            self._count += 1
            supplier = SUPPLIERS[int(self._random.integers(len(SUPPLIERS)))]
            viscosity = 1.0 + 0.015 * float(self._random.standard_normal())
            fault = self._faults.get("supplier_lot")
            if fault is not None and supplier == "S3" and elapsed >= fault.onset:
                viscosity *= 1.0 + 0.20 * fault.strength
            self.lot = Lot(name=f"L{now:%y%m%d}-{self._count:04d}", supplier=supplier, viscosity=viscosity)
        self._left -= mass
        return self.lot

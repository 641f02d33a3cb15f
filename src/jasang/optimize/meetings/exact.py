"""Small expos are solved to the end: one programme over every pair and slot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from jasang.optimize.meetings.pairs import Pairs

# Pairs times slots up to which the whole programme is solved.
SMALL = 15000
# Nodes of branch and bound: bounded by these before the clock, so that a seed gives one plan.
_NODES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """Slot of each pair that meets (nothing where no plan was found in time), and what no plan is above."""

    slot_of: Mapping[int, int] | None
    bound: float


def solve_exact(pairs: Pairs, pinned: Mapping[int, int | None], seconds: float) -> Exact:
    """The whole programme; `pinned` pairs meet, in the slot given if any."""
    pair, slot, matrix, limits = _programme(pairs, pinned)
    if not pair.size:
        return Exact(slot_of={}, bound=0.0)
    least = np.full(limits.size, -np.inf)
    for number in pinned:
        least[number] = 1.0  # the first rows are those of the pairs
    answer = milp(
        -pairs.worth[pair], integrality=np.ones(pair.size), bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, least, limits),
        options={"time_limit": seconds, "node_limit": _NODES, "mip_rel_gap": 1e-6},
    )  # fmt: skip
    bound = np.inf if answer.mip_dual_bound is None else -float(answer.mip_dual_bound)
    if answer.x is None:
        return Exact(slot_of=None, bound=bound)
    chosen = answer.x > 0.5
    return Exact(slot_of=dict(zip(pair[chosen].tolist(), slot[chosen].tolist(), strict=True)), bound=bound)


def _programme(
    pairs: Pairs, pinned: Mapping[int, int | None]
) -> tuple[np.ndarray, np.ndarray, sp.csr_matrix, np.ndarray]:
    """Pair and slot of each variable, and the rows: pairs, parties in a slot, parties on a day, tables, interpreters."""
    buyer = pairs.buyer + pairs.suppliers
    may = pairs.there[pairs.supplier] & pairs.there[buyer] & (pairs.language > -2)[:, None]
    may &= (pairs.worth > 0)[:, None] | np.isin(np.arange(pairs.worth.size), list(pinned))[:, None]
    for number, only in pinned.items():
        if only is not None:
            may[number] &= np.arange(may.shape[1]) == only
    pair, slot = np.nonzero(may)
    parties, slots = pairs.there.shape
    days, languages = pairs.per_day.shape[1], max(1, len(pairs.languages))
    variable = np.arange(pair.size)
    rows, columns, limits, base = [pair], [variable], [np.ones(pairs.worth.size)], pairs.worth.size
    for party in (pairs.supplier[pair], buyer[pair]):
        rows += [base + party * slots + slot, base + parties * slots + party * days + pairs.day[slot]]
        columns += [variable, variable]
    limits += [np.ones(parties * slots), pairs.per_day.ravel().astype(float)]
    base += parties * (slots + days)
    rows.append(base + slot)
    columns.append(variable)
    limits.append(pairs.tables.astype(float))
    base += slots
    spoken = np.flatnonzero(pairs.language[pair] >= 0)
    rows.append(base + slot[spoken] * languages + pairs.language[pair[spoken]])
    columns.append(spoken)
    limits.append(np.tile(pairs.interpreters if pairs.interpreters.size else np.zeros(1), slots).astype(float))
    row, top = np.concatenate(rows), np.concatenate(limits)
    matrix = sp.csr_matrix((np.ones(row.size), (row, np.concatenate(columns))), (top.size, pair.size))
    return pair, slot, matrix, top

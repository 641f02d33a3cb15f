"""The pairs that may meet, as arrays: what each is worth, which language it needs, and what limits it."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog
from scipy.stats import binom

from jasang.optimize.meetings.problem import MeetingsProblem, Party


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Pairs and limits; T slots over all days.

    `supplier`, `buyer`: int64 (p,); `worth`: float64 (p,), expected points; `shows`: odds that both come; `language`: int64 (p,),
    number of the interpreter's language, -1 = none needed. `there`: bool (parties, T), suppliers first; `day`: int64 (T,);
    `per_day`: int64 (parties, days); `tables`: int64 (T,); `interpreters`: int64 (languages,).
    """

    supplier: np.ndarray
    buyer: np.ndarray
    worth: np.ndarray
    shows: np.ndarray
    language: np.ndarray
    there: np.ndarray
    day: np.ndarray
    per_day: np.ndarray
    tables: np.ndarray
    interpreters: np.ndarray
    languages: tuple[str, ...]
    pinned: np.ndarray
    suppliers: int


def pairs_of(problem: MeetingsProblem) -> Pairs:
    """Every wished or pinned pair not ruled out. Pairs without a common slot or interpreter stay in, with nothing to win."""
    at_s = {one.id: k for k, one in enumerate(problem.suppliers)}
    at_b = {one.id: k for k, one in enumerate(problem.buyers)}
    wishes: dict[tuple[int, int], list[float]] = {}
    for wish in problem.wishes:
        both = wishes.setdefault((at_s[wish.supplier], at_b[wish.buyer]), [0.0, 0.0])
        both[0], both[1] = max(both[0], wish.by_supplier), max(both[1], wish.by_buyer)
    pinned = {(at_s[one.supplier], at_b[one.buyer]) for one in problem.pins}
    for pair in pinned:
        wishes.setdefault(pair, [0.0, 0.0])
    out = {(at_s[supplier], at_b[buyer]) for supplier, buyer in problem.vetoes} - pinned
    keys = sorted(pair for pair in wishes if pair not in out)
    supplier, buyer = np.array(keys, np.int64).reshape(-1, 2).T
    asked = np.array([wishes[pair] for pair in keys], float).reshape(-1, 2)
    absent = [np.array([one.no_show for one in side]) for side in (problem.suppliers, problem.buyers)]
    shows = (1 - absent[0][supplier]) * (1 - absent[1][buyer])
    worth = 50.0 * asked.sum(axis=1) * np.where((asked > 0).all(axis=1), problem.mutual, 1.0) * shows
    names = tuple(name for name, _ in problem.interpreters)
    language = _languages(problem, supplier, buyer, names)
    day = np.repeat(np.arange(len(problem.slots)), problem.slots)
    there, per_day = _presence(problem, (*problem.suppliers, *problem.buyers), day)
    tables = np.full(day.size, problem.tables)
    if problem.overbook_risk > 0 and shows.size:
        tables[:] = _overbooked(problem.tables, float(np.average(shows, weights=worth + 1e-9)), problem.overbook_risk)
    common = (there[supplier] & there[len(problem.suppliers) + buyer]).any(axis=1) & (language > -2)
    return Pairs(
        supplier=supplier, buyer=buyer, worth=np.where(common, worth, 0.0), shows=shows, language=language, there=there, day=day,
        per_day=per_day, tables=tables, interpreters=np.array([count for _, count in problem.interpreters], np.int64),
        languages=names, pinned=np.array([pair in pinned for pair in keys], bool),
        suppliers=len(problem.suppliers),
    )  # fmt: skip


def _languages(problem: MeetingsProblem, supplier: np.ndarray, buyer: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """-1 = they understand each other, -2 = they do not and nobody can help."""
    count = dict(problem.interpreters)
    found = np.full(supplier.size, -1)
    for place, (s, b) in enumerate(zip(supplier.tolist(), buyer.tolist(), strict=True)):
        his, hers = problem.suppliers[s].languages, problem.buyers[b].languages
        if his and hers and not set(his) & set(hers):
            helped = [name for name in hers if count.get(name, 0) > 0]
            found[place] = names.index(helped[0]) if helped else -2
    return found


def _presence(problem: MeetingsProblem, parties: tuple[Party, ...], day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    there = np.ones((len(parties), day.size), bool)
    per_day = np.zeros((len(parties), len(problem.slots)), np.int64)
    for row, party in enumerate(parties):
        for slot in party.away:
            there[row, problem.number(slot, "away")] = False
        free = np.bincount(day[there[row]], minlength=len(problem.slots))
        per_day[row] = free if party.max_per_day is None else np.minimum(free, party.max_per_day)
    return there, per_day


def _overbooked(tables: int, shows: float, risk: float) -> int:
    """Most meetings of which, with probability 1 - risk, no more take place than there are tables."""
    most = tables
    while most < 2 * tables and binom.sf(tables, most + 1, shows) <= risk:
        most += 1
    return most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """The relaxation: `share` float64 (p,) of each pair, `net` its worth less the prices of what it takes, and the bound."""

    share: np.ndarray
    net: np.ndarray
    bound: float


def relax(pairs: Pairs, worth: np.ndarray, *, by_day: bool = False) -> Relaxed:
    """What any plan is worth at most: parties, tables and interpreters may be used up to their sum over all slots.

    `by_day`: the same for each day by itself, tighter where parties are there on some days only.
    """
    p, days = pairs.supplier.size, pairs.per_day.shape[1]
    if not p:
        return Relaxed(share=np.empty(0), net=np.empty(0), bound=0.0)
    room = pairs.per_day
    groups = range(days) if by_day else [None]
    blocks, limits, columns = [], [], []
    for group in groups:
        in_day = np.ones(pairs.day.size, bool) if group is None else pairs.day == group
        open_to = (pairs.there[pairs.supplier][:, in_day] & pairs.there[_buyer_row(pairs)][:, in_day]).any(axis=1)
        rows, top = _rows(pairs, room.sum(axis=1) if group is None else room[:, group], in_day)
        blocks.append(rows)
        limits.append(top)
        columns.append(np.where(open_to & (pairs.language > -2), 1.0, 0.0))
    matrix = sp.block_diag(blocks, format="csr")
    if by_day:  # a pair meets once
        matrix = sp.vstack([matrix, sp.hstack([sp.identity(p)] * days)], format="csr")
        limits.append(np.ones(p))
    used = np.concatenate(columns)
    cost = -np.tile(worth, len(columns))
    answer = linprog(
        cost,
        A_ub=matrix,
        b_ub=np.concatenate(limits),
        bounds=np.column_stack([np.zeros(used.size), used]),
        method="highs-ds",
    )
    price = -np.asarray(answer.ineqlin.marginals)
    net = np.where(used > 0, -cost - matrix.T @ price, -np.inf)
    # Weak duality: right whatever the accuracy of the programme.
    bound = float(np.concatenate(limits) @ np.maximum(price, 0) + np.maximum(np.where(used > 0, net, 0), 0).sum())
    return Relaxed(
        share=answer.x.reshape(len(columns), p).sum(axis=0), net=net.reshape(len(columns), p).max(axis=0), bound=bound
    )


def _buyer_row(pairs: Pairs) -> np.ndarray:
    return pairs.buyer + pairs.suppliers


def _rows(pairs: Pairs, room: np.ndarray, in_day: np.ndarray) -> tuple[sp.csr_matrix, np.ndarray]:
    """Rows of parties, tables and languages over the pairs, and their limits."""
    p, parties = pairs.supplier.size, room.size
    number = np.arange(p)
    rows = np.concatenate([pairs.supplier, _buyer_row(pairs), np.full(p, parties)])
    cols = np.concatenate([number, number, number])
    spoken = np.flatnonzero(pairs.language >= 0)
    rows = np.concatenate([rows, parties + 1 + pairs.language[spoken]])
    cols = np.concatenate([cols, spoken])
    matrix = sp.csr_matrix((np.ones(rows.size), (rows, cols)), (parties + 1 + len(pairs.languages), p))
    slots = int((in_day & (pairs.tables > 0)).sum())
    limits = np.concatenate([room, [pairs.tables[in_day].sum()], pairs.interpreters * slots]).astype(float)
    return matrix, limits

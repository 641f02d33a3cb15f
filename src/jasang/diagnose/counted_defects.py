"""Tables whose rows are lots, shifts or hours with counted pieces: how many were bad of how many.

A row then has no verdict but two or three counts: good, bad and together. Which is which is told by their names and held
against their sums; a table that has a verdict in each row is none of these.
"""

import re
from dataclasses import dataclass

import numpy as np

from jasang.diagnose.evidence_base import TableData
from jasang.plant.factory import Column, Kind, Role

# Words of counted pieces; English ones stand at the start of a part of the name (NG_QTY, qtyRejected).
_BAD = re.compile(
    r"불량|부적합|불합격|폐기|스크랩|(?<![a-z])(ng|nok|rej|reject\w*|defect\w*|scrap\w*|bad|fail\w*)(?![a-z])"
)
_GOOD = re.compile(r"양품|(?<!불)합격|(?<!부)적합|정상품|(?<![a-z])(good|ok|pass\w*|conform\w*)(?![a-z])")
_WHOLE = re.compile(
    r"생산|검사|투입|실적|수량|총|개수|(?<![a-z])(prod\w*|insp\w*|qty|quantity|total|pieces|pcs|units|lot|made|count)(?![a-z])"
)
_NO_PIECES = re.compile(
    r"율|률|%|ppm|계획|목표|지시|주문|수주|재고|누적|(?<![a-z])(rate|ratio|plan\w*|target|order\w*|stock|cum\w*)(?![a-z])"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HOLDS = 0.98  # of the rows in which the counts must fit each other; the rest are slips of the pen
_FEWEST_ROWS = 12
_SMALL_LOT = 0.2  # of the usual lot: its share says little and would weigh as much as another's
_ROUNDED = 6e-4  # a share written in per cent with one decimal
_COUNTS_UP = 0.9
_MOSTLY_BAD = 0.5  # a "bad" count that is most of the pieces is misunderstood


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedDefects:
    """Bad pieces and all pieces of each row, float64, shape (rows,), NaN where a row says none; `column` has the bad ones."""

    column: Column
    bad: np.ndarray
    pieces: np.ndarray

    def shares(self) -> np.ndarray:
        """Share of bad pieces, shape (rows,); NaN for lots so small that their share says little."""
        usual = float(np.nanmedian(self.pieces))
        known = np.isfinite(self.bad) & (self.pieces > 0) & (self.pieces >= _SMALL_LOT * usual)
        found = np.full(self.bad.size, np.nan)
        found[known] = self.bad[known] / self.pieces[known]
        return found

    def repeats(self, values: np.ndarray) -> bool:
        """Whether a column, shape (rows,), writes these shares once more: as a share or in per cent, of bad pieces or of good."""
        shares = self.shares()
        known = np.isfinite(values) & np.isfinite(shares)
        if known.sum() < _FEWEST_ROWS:
            return False
        mine = shares[known]
        same = [
            float(np.mean(np.abs(values[known] / scale - one) <= _ROUNDED))
            for scale in (1.0, 100.0)
            for one in (mine, 1.0 - mine)
        ]
        return max(same) >= _HOLDS


def counted_defects(data: TableData) -> CountedDefects | None:
    """The counts of bad and of all pieces; `None` where rows have a verdict of their own or no such counts."""
    if data.table.kind is not Kind.UNITS or data.table.with_role(Role.DEFECT):
        return None
    return data.once("counted_defects", lambda: _find(data))


def _find(data: TableData) -> CountedDefects | None:
    counts = [
        (column, data.numbers(column.name))
        for column in data.table.with_role(Role.COUNT)
        if not _NO_PIECES.search(_plain(column))
    ]
    bad = [(column, values) for column, values in counts if _BAD.search(_plain(column))]
    good = [v for c, v in counts if _GOOD.search(_plain(c)) and not _BAD.search(_plain(c))]
    whole = [
        v
        for c, v in counts
        if _WHOLE.search(_plain(c)) and not _BAD.search(_plain(c)) and not _GOOD.search(_plain(c)) and not _counts_up(v)
    ]
    bad.sort(key=lambda one: -float(np.nansum(one[1])))  # beside its kinds, all defects together
    for column, values in bad:
        for pieces in (*whole, *(values + one for one in good)):
            known = np.isfinite(values) & np.isfinite(pieces)
            if known.sum() < _FEWEST_ROWS:
                continue
            fits = (values[known] >= 0) & (values[known] <= pieces[known])
            share = values[known].sum() / max(pieces[known].sum(), 1.0)
            if fits.mean() >= _HOLDS and 0.0 < share < _MOSTLY_BAD:
                use = data.usable_rows() & (values >= 0) & (values <= pieces)
                return CountedDefects(
                    column=Column(name=column.name, role=Role.DEFECT),
                    bad=np.where(use, values, np.nan),
                    pieces=np.where(use, pieces, np.nan),
                )
    return None


def _plain(column: Column) -> str:
    return _CAMEL.sub("_", column.name).lower()


def _counts_up(values: np.ndarray) -> bool:
    """A running number is no count of pieces."""
    known = values[np.isfinite(values)]
    return known.size > 1 and float(np.mean(np.diff(known) > 0)) > _COUNTS_UP

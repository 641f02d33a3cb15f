"""When a machine was planned to stand still, for rules that judge its signals: a machine at rest shows the hall, not its process.

The log of states may be another file; the machine's name joins them, or there is one machine only on either side.
"""

import numpy as np

from jasang.analyze.losses import Spans, either
from jasang.analyze.losses.spans import NOTHING, microseconds
from jasang.analyze.machine_states import State
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.machine_records import state_logs
from jasang.plant.factory import Kind

_MOST = 0.9  # of its record: a log that calls nearly all of it planned off is not believed


def at_rest(base: EvidenceBase, data: TableData, asset: str | None, rows: np.ndarray) -> np.ndarray:
    """Which of the rows of one asset fall into a planned stop of it, bool, shape of `rows`.

    Only readings over time (`signals`) are asked: where a piece was made, the machine worked, whatever the log says.
    """
    if data.time is None or data.table.kind is not Kind.SIGNALS or not rows.size:
        return np.zeros(rows.size, dtype=bool)
    stops = _planned_stops(base)
    names = [name for name in stops if name is not None]
    if asset not in stops and (asset is not None or len(stops) != 1):
        return np.zeros(rows.size, dtype=bool)
    resting = stops[asset] if asset in stops else stops[names[0]]
    time = data.time[rows]
    inside: np.ndarray = resting.covers(microseconds(time)) & ~np.isnat(time)
    return inside if inside.mean() <= _MOST else np.zeros(rows.size, dtype=bool)


def _planned_stops(base: EvidenceBase) -> dict[str | None, Spans]:
    """Planned stops by machine, over all logs of states."""

    def make() -> dict[str | None, Spans]:
        found: dict[str | None, Spans] = {}
        for data in base.of_kind(Kind.STATES):
            for asset, log in state_logs(data).items():
                found[asset] = either(found.get(asset, NOTHING), log.spans(State.PLANNED))
        return found

    return base.tables[0].once("planned_stops", make)

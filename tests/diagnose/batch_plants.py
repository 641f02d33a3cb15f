"""Made-up machines that work in batches: healthy ones that remember, ones with bad batches, ones whose last batches differ."""

import numpy as np
import polars as pl
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter
from tests.diagnose.tables import evidence, table_data

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.plant.factory import Kind, Role

SIGNALS = 3


def batch_machine(
    seed: int,
    *,
    count: int = 160,
    memory: float = 0.0,
    walk: float = 0.0,
    rows: tuple[int, int] = (40, 40),
    numbered: bool = True,
    judged: bool = False,
    cause: bool = False,
    late: bool = False,
) -> EvidenceBase:
    """Batches of a common course with an offset a batch that remembers (`memory`) or wanders (`walk`), and smooth noise.

    `judged` adds verdicts that come in spells; with `cause` the second signal of bad batches leaves its course at two thirds;
    `late` makes it do so in the last 15 batches.
    """
    rng = np.random.default_rng(seed)
    offset = lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], rng.normal(size=(count, SIGNALS)), axis=0)
    offset = offset + walk * np.cumsum(rng.normal(size=(count, SIGNALS)), axis=0)
    spell = lfilter([0.3], [1.0, -0.95], rng.normal(size=count))
    bad = spell > np.quantile(spell, 0.88)
    height, bend = rng.uniform(5, 20, SIGNALS), rng.uniform(1, 3, SIGNALS)
    parts, number, verdict = [], [], []
    for batch in range(count):
        length = int(rng.integers(rows[0], rows[1] + 1))
        at = np.linspace(0, 1, length)[:, None]
        course = height * np.sin(np.pi * at**bend)
        noise = 2.0 * gaussian_filter1d(rng.normal(size=(length, SIGNALS)), 2, axis=0)
        curve = 50 + course + offset[batch] + noise
        if (cause and bad[batch]) or (late and batch >= count - 15):
            curve[2 * length // 3 :, 1] += 7.0
        parts.append(curve)
        number += [batch + 1] * length
        verdict += ["NG" if bad[batch] else "OK"] * length
    values = np.concatenate(parts)
    seconds = np.arange(values.shape[0]) * 5 + np.array(number) * 60
    columns = {"time": np.datetime64("2026-03-02T08:00", "us") + seconds.astype("timedelta64[s]")}
    roles = {"time": Role.TIME}
    if numbered:
        columns["batch_no"], roles["batch_no"] = np.array(number), Role.ID
    if judged:
        columns["result"], roles["result"] = np.array(verdict), Role.DEFECT
    columns |= {f"s{place + 1}": values[:, place] for place in range(SIGNALS)}
    return evidence(
        table_data(pl.DataFrame(columns), roles, kind=Kind.SIGNALS, file="signals.csv", time="time", bad_values=("ng",))
    )

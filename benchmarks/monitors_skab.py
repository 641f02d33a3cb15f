"""SKAB by its leaderboard's protocol: the first 400 rows of a file are normal, every row of the file is judged.

python -m benchmarks.monitors_skab --data ../shared/data/skab

The false-alarm rate asked for stays at 1 %; level alarms and smoothing of the score are chosen on the files of the other groups,
and once more with the rate among the choices. NAB: standard profile (1, -0.11, -1), a window of 60 rows after each change point,
a change told wherever the alarm begins or ends; blind alarms can win it, so nothing is chosen by it.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from threadpoolctl import threadpool_limits

from jasang.analyze.monitors import score, train_monitor

TRAINING = 400
GROUPS = ("valve1", "valve2", "other")
RATES = (0.01, 0.005, 0.002)
SMOOTHING = (1, 10, 20, 30)
NAB_WINDOW = 60  # rows
NAB_PROFILE = (1.0, -0.11, -1.0)  # change found in time, told wrongly, missed
Setting = tuple[float, bool, int]  # rate, level alarms, smoothing
Alarms = dict[tuple[str, str], np.ndarray]  # by group and file
Data = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]
Counts = np.ndarray  # true and false positives, false and true negatives


def read(folder: Path) -> Data:
    """Values (n, 8) and whether each row is anomalous, by group and file."""
    found = {}
    for group in GROUPS:
        for path in sorted((folder / group).glob("*.csv.gz")):
            frame = pl.read_csv(path, separator=";")
            values = frame.drop("datetime", "anomaly", "changepoint").to_numpy().astype(np.float64)
            found[group, path.name] = values, frame["anomaly"].to_numpy() > 0
    return found


def counts(alarm: np.ndarray, truth: np.ndarray) -> Counts:
    """tp, fp, fn, tn."""
    return np.array([(alarm & truth).sum(), (alarm & ~truth).sum(), (~alarm & truth).sum(), (~alarm & ~truth).sum()])


def figures(found: Iterable[Counts]) -> tuple[float, float, float]:
    """F1, false alarms % and missed % over all rows of all files."""
    tp, fp, fn, tn = np.sum(list(found), axis=0)
    return 2 * tp / (2 * tp + fp + fn), 100 * fp / (fp + tn), 100 * fn / (fn + tp)


def nab(found: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """The Numenta score of changes between alarm and no alarm, 0 for telling nothing, 100 for telling each change at once."""
    hit, wrong, missed = NAB_PROFILE
    total = changes = 0.0
    for alarm, truth in found:
        told = np.flatnonzero(np.diff(alarm.astype(np.int8), prepend=0))
        true = np.flatnonzero(np.diff(truth.astype(np.int8), prepend=0))
        inside = np.zeros(told.size, dtype=bool)
        changes += true.size
        for change in true:
            mine = (told >= change) & (told < change + NAB_WINDOW)
            inside |= mine
            if mine.any():
                place = (told[mine][0] - change) / NAB_WINDOW - 1.0
                total += hit * (2.0 / (1.0 + np.exp(5.0 * place)) - 1.0) / (2.0 / (1.0 + np.exp(-5.0)) - 1.0)
            else:
                total += missed
        total += wrong * float((~inside).sum())
    return float(100.0 * (total - missed * changes) / ((hit - missed) * changes))


def main() -> None:
    """Judge all files by all settings, choose by group, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = read(parser.parse_args().data)
    judged: dict[Setting, Alarms] = {}
    with threadpool_limits(limits=1):
        for rate, levels in product(RATES, (False, True)):
            for key, (values, _) in data.items():
                monitor = train_monitor(values[:TRAINING], levels=levels, false_alarm_rate=rate)
                for memory in SMOOTHING:
                    alarm = score(replace(monitor, smoothing=memory), values).alarm
                    judged.setdefault((rate, levels, memory), {})[key] = alarm
    show("Jasang, chosen on other groups", chosen(judged, data, rates=RATES[:1]), data)
    show("Jasang, the rate chosen too", chosen(judged, data, rates=RATES), data)
    show("Jasang, as it comes", judged[0.01, False, 1], data)
    show("Jasang, levels=True", judged[0.01, True, 1], data)
    show("Jasang, levels=True, smoothing=20", judged[0.01, True, 20], data)
    for name in ("isolation forest", "PCA T²+SPE", "all alarm"):
        show(name, {key: peer(name, values) for key, (values, _) in data.items()}, data)


def chosen(judged: dict[Setting, Alarms], data: Data, rates: tuple[float, ...]) -> Alarms:
    """The alarms of each group with the setting that has the best F1 on the other groups."""
    found: Alarms = {}
    for group in GROUPS:
        others = [key for key in data if key[0] != group]
        tried = [one for one in judged if one[0] in rates]
        best = max(tried, key=lambda one: figures(counts(judged[one][key], data[key][1]) for key in others)[0])
        mine = {key: alarm for key, alarm in judged[best].items() if key[0] == group}
        found |= mine
        own = figures(counts(alarm, data[key][1]) for key, alarm in mine.items())
        sys.stdout.write(f"{group}: {best} from the others, F1 {own[0]:.3f}\n")
    return found


def peer(name: str, values: np.ndarray) -> np.ndarray:
    """Alarms of a textbook method with its limit at the 99 % point of the training rows."""
    normal = values[:TRAINING]
    standard = (values - normal.mean(axis=0)) / (normal.std(axis=0) + 1e-9)
    if name == "all alarm":
        return np.ones(values.shape[0], dtype=bool)
    if name == "isolation forest":
        scores = -IsolationForest(random_state=0).fit(standard[:TRAINING]).score_samples(standard)
        return np.asarray(scores > np.quantile(scores[:TRAINING], 0.99))
    model = PCA(0.9).fit(standard[:TRAINING])
    states = model.transform(standard)
    t2 = (states**2 / model.explained_variance_).sum(axis=1)
    spe = ((standard - model.inverse_transform(states)) ** 2).sum(axis=1)
    return np.asarray((t2 > np.quantile(t2[:TRAINING], 0.99)) | (spe > np.quantile(spe[:TRAINING], 0.99)))


def show(name: str, alarms: Alarms, data: Data) -> None:
    """One line."""
    f1, false, missed = figures(counts(alarm, data[key][1]) for key, alarm in alarms.items())
    numenta = nab((alarm, data[key][1]) for key, alarm in alarms.items())
    sys.stdout.write(
        f"{name:42s} F1 {f1:.3f}  false alarms {false:5.1f} %  missed {missed:5.1f} %  NAB {numenta:.0f}\n"
    )


if __name__ == "__main__":
    main()

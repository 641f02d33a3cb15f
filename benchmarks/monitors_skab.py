"""SKAB by its leaderboard's protocol: the first 400 rows of a file are normal, every row of the file is judged.

python -m benchmarks.monitors_skab --data ../shared/data/skab

Settings (false-alarm rate asked for, level alarms, smoothing of the score) are chosen on the files of the other groups.
"""

import argparse
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from scipy.signal import lfilter
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from threadpoolctl import threadpool_limits

from jasang.analyze.monitors import score, train_monitor

TRAINING = 400
GROUPS = ("valve1", "valve2", "other")
RATES = (0.01, 0.003, 0.001)
SMOOTHING = (1, 10, 30)
Counts = np.ndarray  # true and false positives, false and true negatives


def read(folder: Path) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
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


def smoothed(scores: np.ndarray, memory: int) -> np.ndarray:
    """Weighted mean over the memory of scores that count three times the limit at most."""
    weight = 2.0 / (memory + 1.0)
    return np.asarray(lfilter([weight], [1.0, weight - 1.0], np.minimum(np.nan_to_num(scores), 3.0)))


def main() -> None:
    """Judge all files by all settings, choose by group, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = read(parser.parse_args().data)
    judged: dict[tuple[float, bool, int], dict[tuple[str, str], Counts]] = {}
    with threadpool_limits(limits=1):
        for rate, levels in product(RATES, (False, True)):
            for key, (values, truth) in data.items():
                scores = score(train_monitor(values[:TRAINING], levels=levels, false_alarm_rate=rate), values).score
                for memory in SMOOTHING:
                    judged.setdefault((rate, levels, memory), {})[key] = counts(smoothed(scores, memory) > 1.0, truth)
    chosen: list[Counts] = []
    for group in GROUPS:
        best = max(judged, key=lambda one: figures(found for key, found in judged[one].items() if key[0] != group)[0])
        mine = [found for key, found in judged[best].items() if key[0] == group]
        chosen += mine
        sys.stdout.write(f"{group}: {best} from the others, F1 {figures(mine)[0]:.3f}\n")
    show("Jasang, settings chosen on other groups", chosen)
    show("Jasang, as it comes", judged[0.01, False, 1].values())
    show("Jasang, levels=True", judged[0.01, True, 1].values())
    for name in ("isolation forest", "PCA T²+SPE", "all alarm"):
        show(name, [counts(peer(name, values), truth) for values, truth in data.values()])


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


def show(name: str, found: Iterable[Counts]) -> None:
    """One line."""
    f1, false, missed = figures(found)
    sys.stdout.write(f"{name:42s} F1 {f1:.3f}  false alarms {false:5.1f} %  missed {missed:5.1f} %\n")


if __name__ == "__main__":
    main()

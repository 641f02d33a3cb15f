"""Trees grown by scikit-learn and kept as plain arrays: predicted with NumPy, saved without pickle, the same on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

_SEED = 20191  # fixed: the same file gives the same model


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Many binary trees, one after another in flat arrays, shape (nodes,).

    A row goes left where its value of `feature` is at most `threshold`, or is missing and `missing_left`. `left` and `right`
    are places in these arrays; a leaf has feature -1. `roots` has shape (trees,). The sum of the leaves' `value` over the trees
    is a log-odds (`boosted`, with `start` added) or, divided by the number of trees, a probability. Each good row learned from
    `stands_for` so many.
    """

    feature: np.ndarray  # int32
    threshold: np.ndarray  # float64
    missing_left: np.ndarray  # bool
    left: np.ndarray  # int32
    right: np.ndarray  # int32
    value: np.ndarray  # float64
    roots: np.ndarray  # int32
    start: float
    boosted: bool
    stands_for: float = 1.0

    def __post_init__(self) -> None:
        nodes = self.feature.shape[0]
        for name in ("threshold", "missing_left", "left", "right", "value"):
            if getattr(self, name).shape != (nodes,):
                raise ValueError(f"trees: {name} has shape {getattr(self, name).shape}, expected ({nodes},)")
        inner = np.flatnonzero(self.feature >= 0)
        for child in (self.left[inner], self.right[inner]):
            # A child lies after its parent, so no walk through a damaged file can run in a circle.
            if ((child <= inner) | (child >= nodes)).any():
                raise ValueError("trees: a branch leads outside or backwards")
        if self.roots.size == 0 or (self.roots < 0).any() or (self.roots >= nodes).any():
            raise ValueError("trees: a root lies outside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """Trees and how much each column's splits gained, shape (columns,)."""

    trees: Trees
    gains: np.ndarray


def predict(trees: Trees, matrix: np.ndarray) -> np.ndarray:
    """Probability of bad of each row, shape (rows,). `matrix` has shape (rows, columns), NaN = missing."""
    total = leaf_values(trees, matrix)
    raw = 1 / (1 + np.exp(-np.clip(total + trees.start, -40, 40))) if trees.boosted else total / trees.roots.size
    probability: np.ndarray = raw / (raw + (1 - raw) * trees.stands_for)
    return probability


def leaf_values(trees: Trees, matrix: np.ndarray) -> np.ndarray:
    """Sum over the trees of the value of the leaf that each row falls into, shape (rows,)."""
    # Forests were grown on float32: a value between two float32 numbers must fall on the same side again.
    values = matrix if trees.boosted else matrix.astype(np.float32).astype(np.float64)
    total = np.zeros(values.shape[0])
    for root in trees.roots:
        node = np.full(values.shape[0], root, dtype=np.int32)
        moving = np.arange(values.shape[0])
        while moving.size:
            here = node[moving]
            inner = trees.feature[here] >= 0
            moving, here = moving[inner], here[inner]
            value = values[moving, trees.feature[here]]
            goes_left = np.where(np.isnan(value), trees.missing_left[here], value <= trees.threshold[here])
            node[moving] = np.where(goes_left, trees.left[here], trees.right[here])
        total += trees.value[node]
    return total


def grow_boosted(
    matrix: np.ndarray, bad: np.ndarray, stands_for: float = 1.0, *, trees: int = 150, leaves: int = 15, least: int = 10
) -> Grown:
    """Gradient-boosted trees on histograms (scikit-learn's HistGradientBoostingClassifier).

    `matrix` has shape (rows, columns), `bad` (rows,). Each good row `stands_for` so many: the probabilities are those of all.
    `least` rows are the fewest of a leaf.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a second that other commands do not pay

    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.1 if trees < 100 else 0.08,
        max_leaf_nodes=leaves,
        min_samples_leaf=least,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=_SEED,
    )
    # A limit set further out does not reach libraries loaded since, and threads that wait for each other burn the processor.
    with threadpool_limits(limits=1):
        model.fit(_filled(matrix), bad.astype(np.int64))
    # scikit-learn shows the nodes of these trees nowhere else.
    nodes = [rounds[0].nodes for rounds in model._predictors]
    gains = np.zeros(matrix.shape[1])
    for tree in nodes:
        split = tree[tree["is_leaf"] == 0]
        np.add.at(gains, split["feature_idx"], split["gain"])
    parts = [
        (
            np.where(tree["is_leaf"] == 1, -1, tree["feature_idx"]),
            tree["num_threshold"],
            tree["missing_go_to_left"] == 1,
            tree["left"],
            tree["right"],
            tree["value"],
        )
        for tree in nodes
    ]
    start = float(np.ravel(model._baseline_prediction)[0])
    return Grown(trees=_flat(parts, start=start, boosted=True, stands_for=stands_for), gains=gains)


def grow_forest(matrix: np.ndarray, bad: np.ndarray, stands_for: float = 1.0, *, trees: int = 200) -> Grown:
    """A random forest, every split from half of the columns (scikit-learn's RandomForestClassifier); see `grow_boosted`."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - a second that other commands do not pay

    model = RandomForestClassifier(n_estimators=trees, max_features=0.5, random_state=_SEED, n_jobs=1)
    model.fit(_filled(matrix), bad.astype(np.int64))
    parts = []
    for estimator in model.estimators_:
        tree = estimator.tree_
        share = tree.value[:, 0, :]
        leaf = tree.children_left < 0
        parts.append(
            (
                np.where(leaf, -1, tree.feature),
                tree.threshold,
                tree.missing_go_to_left == 1,
                tree.children_left,
                tree.children_right,
                share[:, 1] / np.maximum(share.sum(axis=1), 1e-300),
            )
        )
    return Grown(trees=_flat(parts, start=0.0, boosted=False, stands_for=stands_for), gains=model.feature_importances_)


def _filled(matrix: np.ndarray) -> np.ndarray:
    """The matrix with columns that hold nothing made 0: scikit-learn fails on them, and no split can use them."""
    blank = np.isnan(matrix).all(axis=0)
    if not blank.any():
        return matrix
    filled = matrix.copy()
    filled[:, blank] = 0.0
    return filled


def _flat(parts: Sequence[tuple[np.ndarray, ...]], *, start: float, boosted: bool, stands_for: float) -> Trees:
    sizes = np.array([part[0].size for part in parts])
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    shift = np.repeat(offsets, sizes)
    feature, threshold, missing_left, left, right, value = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    leaf = feature < 0
    return Trees(
        feature=feature.astype(np.int32),
        threshold=np.where(leaf, 0.0, threshold),
        missing_left=missing_left.astype(bool),
        left=np.where(leaf, 0, left.astype(np.int64) + shift).astype(np.int32),
        right=np.where(leaf, 0, right.astype(np.int64) + shift).astype(np.int32),
        value=value.astype(np.float64),
        roots=offsets.astype(np.int32),
        start=start,
        boosted=boosted,
        stands_for=stands_for,
    )

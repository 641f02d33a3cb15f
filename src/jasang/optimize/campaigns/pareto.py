"""Several losses at once: which trials nothing beats, how much of the space they dominate, and boxes of what is left."""

import numpy as np


def undominated(losses: np.ndarray) -> np.ndarray:
    """Which rows no other row beats in every column; bool of shape (rows,). Of equal rows the first stays."""
    keep = np.ones(len(losses), dtype=bool)
    for place, row in enumerate(losses):
        no_worse = np.all(losses <= row, axis=1)
        better = no_worse & np.any(losses < row, axis=1)
        same_before = np.all(losses[:place] == row, axis=1).any()
        keep[place] = not better.any() and not same_before
    return keep


def dominated_volume(losses: np.ndarray, reference: np.ndarray) -> float:
    """Hypervolume between the losses and the reference point; shapes (rows, goals) and (goals,)."""
    inside = losses[np.all(losses < reference, axis=1)]
    if not len(inside):
        return 0.0
    if inside.shape[1] == 1:
        return float(reference[0] - inside[:, 0].min())
    front = inside[undominated(inside)]
    order = np.argsort(front[:, -1])
    front = front[order]
    edges = np.r_[front[:, -1], reference[-1]]
    return float(
        sum(
            (edges[place + 1] - edges[place]) * dominated_volume(front[: place + 1, :-1], reference[:-1])
            for place in range(len(front))
            if edges[place + 1] > edges[place]
        )
    )


def open_boxes(losses: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes that fill what the losses do not dominate below the reference: low and high corners, shape (boxes, goals) each."""
    inside = losses[np.all(losses < reference, axis=1)]
    goals = len(reference)
    if goals == 1:
        top = float(inside.min()) if len(inside) else float(reference[0])
        return np.array([[-np.inf]]), np.array([[top]])
    front = inside[undominated(inside)] if len(inside) else inside
    front = front[np.argsort(front[:, -1])] if len(front) else front
    edges = np.r_[-np.inf, front[:, -1], reference[-1]]
    lows, highs = [], []
    for place in range(len(edges) - 1):
        if edges[place + 1] <= edges[place]:
            continue
        low, high = open_boxes(front[:place, :-1], reference[:-1])
        lows.append(np.column_stack([low, np.full(len(low), edges[place])]))
        highs.append(np.column_stack([high, np.full(len(high), edges[place + 1])]))
    return np.vstack(lows), np.vstack(highs)


def box_gains(losses: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far losses reach below the top of each box along one goal; losses of any shape, result with the boxes last."""
    reach = high - np.maximum(losses[..., None], low)
    return np.asarray(np.maximum(reach, 0.0))

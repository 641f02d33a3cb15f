"""Why this mentor and not another: what the chosen one beat, and what stood against those who score higher."""

import numpy as np

from jasang.optimize.assignment.loads import Loads, Prices
from jasang.optimize.assignment.problem import Rival
from jasang.plant.text import Text

_SHOWN = 2


def rivals_of(
    score: np.ndarray, loads: Loads, person: np.ndarray, prices: Prices, names: list[str]
) -> dict[int, tuple[int, tuple[Rival, ...]]]:
    """For each job that is done: the rank of its person by score, and the best others with the reason against them.

    `score` float64 (n, m), -inf = forbidden; `person` int64 (n,), -1 = nobody; `names` of the m people.
    """
    left = loads.capacity - loads.used(person)
    found = {}
    for i in np.flatnonzero(person >= 0).tolist():
        j = int(person[i])
        order = np.argsort(-score[i], kind="stable")[: _SHOWN + 1].tolist()
        others = [k for k in order if k != j and np.isfinite(score[i, k])][:_SHOWN]
        rank = 1 + int((score[i] > score[i, j]).sum())
        found[i] = (
            rank,
            tuple(
                Rival(name=names[k], score=float(score[i, k]), reason=_reason(score, loads, prices, left, i, j, k))
                for k in others
            ),
        )
    return found


def _reason(score: np.ndarray, loads: Loads, prices: Prices, left: np.ndarray, i: int, j: int, k: int) -> Text:
    ahead = float(score[i, k] - score[i, j])
    if ahead <= 0:
        return Text(ko=f"점수가 {-ahead:.1f}점 낮습니다.", en=f"Scores {-ahead:.1f} points lower.")
    cost = float(prices.price[:, k] @ loads.load[:, i])
    short = left[:, k] < loads.load[:, i] - 1e-9
    if short.any():
        room, need = float(left[np.argmax(short), k]), float(loads.load[np.argmax(short), i])
        unit = ("일", "days") if int(np.argmax(short)) == 0 else ("주", "weeks")
        return Text(
            ko=f"{ahead:.1f}점 높지만 다른 공장을 맡아 {room:g}{unit[0]}만 남았습니다({need:g}{unit[0]} 필요). "
            f"이 시간은 다른 공장에서 {cost:.1f}점의 값어치가 있습니다.",
            en=f"Scores {ahead:.1f} points higher, but has {room:g} of {need:g} {unit[1]} left beside other factories, "
            f"where that time is worth {cost:.1f} points.",
        )
    return Text(
        ko=f"{ahead:.1f}점 높지만 그 시간은 다른 공장에서 {cost:.1f}점의 값어치가 있거나 일정이 맞지 않습니다.",
        en=f"Scores {ahead:.1f} points higher, but that time is worth {cost:.1f} points elsewhere or the weeks do not fit.",
    )

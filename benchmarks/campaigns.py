"""Share of the possible gain that a campaign reaches: `python -m benchmarks.campaigns [--seeds N] [--plants NAME …]`.

Every run starts from 20 poor records crowded round the present operating point (three hundredths of each setting's range), the
same for all methods, then makes 30 trials one by one. The figure is 0 where the plant stands and 1 at the optimum, for
the best trial in
specification by its true outcome; with several goals the share of the hypervolume that can still be gained. Peers are run by
`benchmarks/campaign_peers.py` in an environment of their own.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.campaign_practice_problems import PRACTICE
from benchmarks.campaign_problems import PLANTS, Outcomes, Plant
from jasang.optimize.campaigns import Campaign, Trial
from jasang.optimize.campaigns.pareto import dominated_volume
from jasang.optimize.campaigns.space import Space

HISTORY, TRIALS, MARKS = 20, 30, (5, 10, 30)
CROWD = 0.03  # standard deviation of the records' settings, in shares of the range
Settings = dict[str, float | str]
# A method yields settings and is sent the measured outcomes.
Method = Callable[[Plant, list[tuple[Settings, Outcomes]], int], "Iterator[Settings]"]


def in_spec(plant: Plant, outcomes: Outcomes) -> bool:
    """Whether the true outcomes keep every specification."""
    return all(one.holds(outcomes[one.outcome]) for one in plant.specifications)


def losses(plant: Plant, outcomes: Outcomes) -> np.ndarray:
    """The true losses of the goals."""
    return np.array([float(goal.loss(outcomes[goal.outcome])) for goal in plant.goals])


def measured(plant: Plant, outcomes: Outcomes, generator: np.random.Generator) -> Outcomes:
    """What is measured: the first goal's outcome with noise."""
    first = plant.goals[0].outcome
    return {**outcomes, first: outcomes[first] + plant.noise * float(generator.standard_normal())}


def start(plant: Plant, seed: int) -> tuple[list[Settings], list[Outcomes]]:
    """Settings and true outcomes of the records: the last is where the plant stands, in specification and poor."""
    space, generator = Space(plant.settings, plant.limits), np.random.default_rng(1000 + seed)
    units = np.array([abs(goal.worst or 0.0) or 100.0 for goal in plant.goals])  # 100 for a yield, whose worst is none
    found: list[tuple[float, np.ndarray]] = []
    while len(found) < 20:
        point = space.rounded(generator.random((1, len(plant.settings))) * _top(plant))[0]
        true = plant.true(space.named(point))
        if in_spec(plant, true):
            found.append((float((losses(plant, true) / units).sum()), point))
    found.sort(key=lambda pair: pair[0])
    present = found[10][1]  # the middle of what a stranger would set
    rows = []
    while len(rows) < HISTORY - 1:
        moved = present + CROWD * generator.standard_normal(len(present)) * space.numeric
        rows.append(space.rounded(moved[None, :])[0])
    settings = [space.named(row) for row in [*rows, present]]
    return settings, [plant.true(one) for one in settings]


def _top(plant: Plant) -> np.ndarray:
    return np.array([1.0 if one.numeric else len(one.levels) - 1e-9 for one in plant.settings])


def reached(plant: Plant, before: list[Outcomes], trials: list[Outcomes]) -> list[float]:
    """Share of the possible gain after each trial."""
    if len(plant.goals) == 1:
        present = float(losses(plant, before[-1])[0])
        values = [float(losses(plant, one)[0]) if in_spec(plant, one) else np.inf for one in trials]
        best = np.minimum.accumulate(np.minimum(values, present))
        return [float(share) for share in (present - best) / (present - plant.best)]
    reference = np.array([goal.loss(goal.worst or 0.0) for goal in plant.goals], dtype=float)
    known = [losses(plant, one) for one in before if in_spec(plant, one)]
    base = dominated_volume(np.array(known), reference)
    found = []
    for one in trials:
        if in_spec(plant, one):
            known.append(losses(plant, one))
        found.append((dominated_volume(np.array(known), reference) - base) / (plant.best - base))
    return found


def run(plant: Plant, seed: int, method: Method) -> dict[str, object]:
    """One campaign: shares, share in specification, CPU seconds a suggestion."""
    generator = np.random.default_rng(seed)
    settings, before = start(plant, seed)
    records = [(one, measured(plant, true, generator)) for one, true in zip(settings, before, strict=True)]
    walk = method(plant, records, seed)
    asked: Settings = next(walk)
    trials: list[Outcomes] = []
    spent = 0.0
    while True:
        trials.append(plant.true(asked))
        if len(trials) == TRIALS:
            break
        told = measured(plant, trials[-1], generator)
        begun = time.process_time()
        asked = walk.send(told)  # type: ignore[attr-defined]
        spent += time.process_time() - begun
    shares = reached(plant, before, trials)
    return {
        "plant": plant.name,
        "seed": seed,
        "shares": [round(shares[mark - 1], 4) for mark in MARKS],
        "in_spec": float(np.mean([in_spec(plant, one) for one in trials])) if plant.specifications else None,
        "cpu": spent / (TRIALS - 1),
    }


def by_jasang(plant: Plant, records: list[tuple[Settings, Outcomes]], seed: int) -> Iterator[Settings]:
    """The campaign of this project."""
    campaign = Campaign(
        settings=plant.settings,
        goals=plant.goals,
        specifications=plant.specifications,
        limits=plant.limits,
        history=tuple(Trial(settings=one, outcomes=told) for one, told in records),
        seed=seed,
    )
    while True:
        suggestion = campaign.ask()[0]
        outcomes = yield dict(suggestion.settings)
        campaign.tell(suggestion.result(outcomes))


def by_operator(plant: Plant, records: list[tuple[Settings, Outcomes]], seed: int) -> Iterator[Settings]:
    """A careful operator: steps of a tenth in one or two settings from the best so far, halved after eight misses."""
    space, generator = Space(plant.settings, plant.limits), np.random.default_rng(seed)
    scale = np.abs(losses(plant, records[-1][1])) + 1e-12
    good = [(losses(plant, told) / scale, space.point(one)) for one, told in records if in_spec(plant, told)]
    value, best = min(((float(loss.sum()), point) for loss, point in good), key=lambda pair: pair[0])
    reach, misses = 0.1, 0
    while True:
        point = best.copy()
        for place in generator.choice(len(point), size=min(len(point), int(generator.integers(1, 3))), replace=False):
            if plant.settings[place].numeric:
                point[place] += reach * generator.choice([-1.0, 1.0])
            else:
                point[place] = generator.integers(len(plant.settings[place].levels))
        asked = space.named(space.rounded(point[None, :])[0])
        told = yield asked
        new = float((losses(plant, told) / scale).sum())
        if in_spec(plant, told) and new < value:
            value, best, misses = new, space.point(asked), 0
        else:
            misses += 1
            if misses % 8 == 0:
                reach /= 2


METHODS: dict[str, Method] = {"jasang": by_jasang, "operator": by_operator}


def table(results: list[dict[str, object]]) -> None:
    """One line a plant and method: medians over seeds of the shares, means of the rest; then the mean over plants."""
    for method in dict.fromkeys(str(one["method"]) for one in results):
        rows = []
        for plant in (*PLANTS, *PRACTICE):
            mine = [one for one in results if one["plant"] == plant.name and one["method"] == method]
            if not mine:
                continue
            shares = np.array([one["shares"] for one in mine], dtype=float)
            held = [float(one["in_spec"]) for one in mine if one["in_spec"] is not None]  # type: ignore[arg-type]
            cpu = float(np.mean([float(one["cpu"]) for one in mine]))  # type: ignore[arg-type]
            middle = np.median(shares, axis=0)
            rows.append([*middle, np.mean(held) if held else np.nan, cpu, *shares.mean(axis=0)])
            cells = " ".join(f"{share:.2f}" for share in middle)
            means = " ".join(f"{share:.2f}" for share in shares.mean(axis=0))
            sys.stdout.write(
                f"{method:10s} {plant.name:24s} {len(mine):3d} | {cells} | mean {means} "
                f"| in spec {rows[-1][3]:.2f} | {cpu:.2f} s\n"
            )
        overall = np.nanmean(np.array(rows, dtype=float), axis=0)
        sys.stdout.write(f"{method:10s} {'all':24s}     | " + " ".join(f"{value:.3f}" for value in overall) + "\n")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--plants", nargs="*", default=[""], help="beginnings of names")
    parser.add_argument("--practice", action="store_true", help="the plants of campaign_practice_problems.py instead")
    parser.add_argument("--by", nargs="*", default=["jasang"])
    parser.add_argument("--out", type=Path, help="JSON lines to add to")
    arguments = parser.parse_args()
    results: list[dict[str, object]] = []
    if arguments.out and arguments.out.exists():  # what an earlier run has done already
        results = [json.loads(line) for line in arguments.out.read_text().splitlines()]
    done = {(one["method"], one["plant"], one["seed"]) for one in results}
    for method in arguments.by:
        for plant in PRACTICE if arguments.practice else PLANTS:
            if not any(plant.name.startswith(name) for name in arguments.plants):
                continue
            for seed in range(arguments.first, arguments.first + arguments.seeds):
                if (method, plant.name, seed) in done:
                    continue
                results.append({"method": method, **run(plant, seed, METHODS[method])})
                if arguments.out:
                    with arguments.out.open("a") as lines:
                        lines.write(json.dumps(results[-1]) + "\n")
    table(results)


if __name__ == "__main__":
    main()

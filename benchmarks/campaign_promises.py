"""Do campaigns keep what they state? `python -m benchmarks.campaign_promises [--plants N] [--trials N] [--first SEED]`.

Each virtual plant (`campaign_virtual_plants.py`) has 20 records crowded round its present setting, then trials one by
one under a promise. Counted: how many suggestions stayed in specification as measured, with an interval over plants, by
kind of plant and by the stated chance; the true gain of `best()` and of each suggestion against the stated one (the
slope through the origin of true on stated, and how often the 95 % interval of `best()` held it). Seeds from 10,000 on
are for development.
"""

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.campaign_virtual_plants import VirtualPlant, virtual_plant
from jasang.optimize.campaigns import Campaign, Goal, Specification, Trial

Row = dict[str, object]
BANDS = (0.0, 0.5, 0.8, 0.9, 0.945, 0.96, 0.98, 0.995, 1.01)


def told(plant: VirtualPlant, point: np.ndarray, generator: np.random.Generator) -> dict[str, float]:
    """What is measured at a point of the plant's space."""
    x = plant.space.encoded(point[None, :])
    found = {f"g{i}": float(f(x)[0] + plant.noise * generator.standard_normal()) for i, f in enumerate(plant.limited)}
    return {"f": float(plant.goal(x)[0] + plant.goal_noise * generator.standard_normal()), **found}


def begun(plant: VirtualPlant, seed: int, promise: float | None) -> Campaign:
    """The campaign with twenty records, three hundredths of the range round the present setting."""
    generator, space = np.random.default_rng(50_000 + seed), plant.space
    moves = 0.03 * generator.standard_normal((19, len(plant.settings))) * space.numeric
    points = [*space.rounded(plant.present + moves), plant.present]
    return Campaign(
        settings=plant.settings,
        goals=(Goal(outcome="f"),),
        specifications=tuple(Specification(outcome=f"g{i}", high=high) for i, high in enumerate(plant.highs)),
        history=tuple(Trial(settings=space.named(x), outcomes=told(plant, x, generator)) for x in points),
        promise=promise,
        seed=seed,
    )


def followed(seed: int, trials: int, promise: float | None) -> Row:
    """One campaign: what was stated of each trial and what came."""
    plant, generator = virtual_plant(seed), np.random.default_rng(90_000 + seed)
    campaign, space = begun(plant, seed, promise), plant.space
    here = float(plant.goal(space.encoded(plant.present[None, :]))[0])
    stayed, stated, stated_gains, true_gains = [], [], [], []
    for _ in range(trials):
        suggestion = campaign.ask()[0]
        point = space.point(suggestion.settings)
        measured = told(plant, point, generator)
        campaign.tell(suggestion.result(measured))
        stayed.append(all(measured[f"g{i}"] <= high for i, high in enumerate(plant.highs)))
        stated.append(suggestion.chance)
        stated_gains.append(suggestion.gain)
        true_gains.append(here - float(plant.goal(space.encoded(point[None, :]))[0]))
    gain = campaign.best()
    true = here - float(plant.goal(space.encoded(space.point(gain.settings)[None, :]))[0])
    return {
        "seed": seed,
        "kind": plant.kind,
        "settings": len(plant.settings),
        "noise": plant.noise,
        "near": plant.near,
        "stayed": stayed,
        "stated": stated,
        "gain": gain.value,
        "true": true,
        "held": gain.low <= true <= gain.high,
        "gains": stated_gains,
        "trues": true_gains,
    }


def over_plants(values: list[np.ndarray], generator: np.random.Generator) -> str:
    """The mean of all values with a 95 % interval from drawing plants again."""
    sums, counts = np.array([one.sum() for one in values]), np.array([one.size for one in values])
    picks = generator.integers(len(values), size=(2000, len(values)))
    low, high = np.quantile(sums[picks].sum(1) / np.maximum(counts[picks].sum(1), 1), [0.025, 0.975])
    return f"{100 * sums.sum() / counts.sum():.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def slope(stated: np.ndarray, true: np.ndarray, generator: np.random.Generator) -> str:
    """Slope through the origin of true on stated, rows are plants, with a 95 % interval from drawing plants again."""
    products, squares = (stated * true).sum(axis=1), (stated**2).sum(axis=1)
    picks = generator.integers(len(stated), size=(2000, len(stated)))
    low, high = np.quantile(products[picks].sum(1) / squares[picks].sum(1), [0.025, 0.975])
    return f"{products.sum() / squares.sum():.3f} ({low:.3f}–{high:.3f})"


def show(rows: list[Row]) -> None:
    """The figures."""
    generator = np.random.default_rng(0)
    stayed = [np.array(row["stayed"], dtype=float) for row in rows]
    stated = [np.array(row["stated"], dtype=float) for row in rows]
    write = sys.stdout.write
    write(f"{sum(map(len, stayed))} suggestions, {len(rows)} plants: stayed {over_plants(stayed, generator)}, ")
    write(f"stated {100 * np.concatenate(stated).mean():.1f} %\n")
    for name, first, last in (("1-5", 0, 5), ("6-15", 5, 15), ("16-50", 15, 50)):
        if any(len(one) > first for one in stayed):
            write(f"  trials {name}: {over_plants([one[first:last] for one in stayed], generator)}\n")
    binding = [s[c < 0.98] for s, c in zip(stayed, stated, strict=True)]
    write(f"  stated below 98 %: {sum(map(len, binding))}, stayed {over_plants(binding, generator)}\n")
    for field in ("kind", "noise", "near", "settings"):
        for value in sorted({row[field] for row in rows}, key=str):
            mine = [s for s, row in zip(stayed, rows, strict=True) if row[field] == value]
            write(f"  {field} {value}: {len(mine)} plants, stayed {over_plants(mine, generator)}\n")
    chances, kept = np.concatenate(stated), np.concatenate(stayed)
    for low, high in pairwise(BANDS):
        inside = (chances >= low) & (chances < high)
        if inside.any():
            write(f"  stated {low:.3f} to {high:.3f}: {int(inside.sum())}, ")
            write(f"mean {chances[inside].mean():.3f}, stayed {kept[inside].mean():.3f}\n")
    gain, true = (np.array([[row[name]] for row in rows], dtype=float) for name in ("gain", "true"))
    gains, trues = (np.array([row[name] for row in rows], dtype=float) for name in ("gains", "trues"))
    write(f"gain of best(): slope {slope(gain, true, generator)}, stated {gain.mean():.3f}, true {true.mean():.3f}, ")
    write(f"intervals hold {np.mean([bool(row['held']) for row in rows]):.3f}\n")
    write(f"gain of suggestions: slope {slope(gains, trues, generator)}, ")
    write(f"first five {slope(gains[:, :5], trues[:, :5], generator)}\n")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plants", type=int, default=200)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--promise", type=float, default=0.95)
    parser.add_argument("--out", type=Path, help="JSON lines to add to")
    arguments = parser.parse_args()
    rows = []
    if arguments.out and arguments.out.exists():  # what an earlier run has done already
        rows = [json.loads(line) for line in arguments.out.read_text().splitlines()]
    done = {row["seed"] for row in rows}
    for seed in range(arguments.first, arguments.first + arguments.plants):
        if seed in done:
            continue
        rows.append(followed(seed, arguments.trials, arguments.promise or None))
        if arguments.out:
            with arguments.out.open("a") as lines:
                lines.write(json.dumps(rows[-1], default=float) + "\n")
    show(rows)


if __name__ == "__main__":
    main()

"""Do campaigns keep what they state? `python -m benchmarks.campaign_promises [--plants N] [--trials N]`.

Virtual plants: two to five settings, an objective and one or two specified outcomes drawn at random (random smooth
functions, some with a step in scale, with measuring noise), 20 records round a present setting. Counted: how many
suggestions made under a promise of 95 % stayed in specification as measured, against the promise and against the stated
chance; and the true gain of the setting recommended after the last trial against the stated one (the slope through the
origin of true on stated, and how often the 95 % interval held it)."""

import argparse
import sys

import numpy as np

from jasang.optimize.campaigns import Campaign, Goal, Setting, Specification, Trial


class Wave:
    """A random smooth function on the unit cube of about unit variance: a sum of cosines (a draw of a Gaussian process)."""

    def __init__(self, generator: np.random.Generator, settings: int) -> None:
        lengths = generator.uniform(0.5, 1.5, settings) * np.sqrt(settings)
        self.frequencies = generator.standard_normal((200, settings)) / lengths
        self.phases = generator.uniform(0, 2 * np.pi, 200)
        self.bend = float(generator.choice([0.0, 0.7]))  # some outcomes grow many-fold

    def __call__(self, x: np.ndarray) -> float:
        value = float(np.sqrt(2 / 200) * np.cos(self.frequencies @ x + self.phases).sum())
        return float(np.expm1(self.bend * value) / self.bend) if self.bend else value


def plant(seed: int, trials: int, promise: float | None) -> tuple[list[bool], list[float], float, float, bool]:
    """Whether each trial stayed, the stated chances, stated and true gain, and whether the interval held it."""
    generator = np.random.default_rng(seed)
    settings = int(generator.integers(2, 6))
    objective = Wave(generator, settings)
    limited = [Wave(generator, settings) for _ in range(int(generator.integers(1, 3)))]
    noise = float(generator.choice([0.02, 0.1]))
    cloud = generator.random((400, settings))
    values = np.array([[wave(x) for wave in limited] for x in cloud])
    limits = np.quantile(values, generator.uniform(0.4, 0.8), axis=0)
    inside = np.flatnonzero(np.all(values < limits - 4 * noise, axis=1))
    present = cloud[inside[0]] if len(inside) else cloud[int(np.argmin((values - limits).max(axis=1)))]

    def outcomes(x: np.ndarray) -> dict[str, float]:
        found = {f"g{i}": wave(x) + noise * generator.standard_normal() for i, wave in enumerate(limited)}
        return {"f": objective(x) + noise * float(generator.standard_normal()), **found}

    names = [f"x{place}" for place in range(settings)]
    rows = [*np.clip(present + 0.03 * generator.standard_normal((19, settings)), 0, 1), present]
    campaign = Campaign(
        settings=tuple(Setting(name=name, low=0.0, high=1.0) for name in names),
        goals=(Goal(outcome="f"),),
        specifications=tuple(Specification(outcome=f"g{i}", high=float(limit)) for i, limit in enumerate(limits)),
        history=tuple(Trial(settings=dict(zip(names, map(float, x), strict=True)), outcomes=outcomes(x)) for x in rows),
        promise=promise,
        seed=seed,
    )
    stayed, stated = [], []
    for _ in range(trials):
        suggestion = campaign.ask()[0]
        told = outcomes(np.array([float(value) for value in suggestion.settings.values()]))
        campaign.tell(suggestion.result(told))
        stayed.append(all(told[f"g{i}"] <= limit for i, limit in enumerate(limits)))
        stated.append(suggestion.chance)
    gain = campaign.best()
    true = objective(present) - objective(np.array([float(value) for value in gain.settings.values()]))
    return stayed, stated, gain.value, true, gain.low <= true <= gain.high


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plants", type=int, default=200)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--promise", type=float, default=0.95)
    arguments = parser.parse_args()
    found = [
        plant(seed, arguments.trials, arguments.promise or None)
        for seed in range(arguments.first, arguments.first + arguments.plants)
    ]
    stayed = np.array([one[0] for one in found], dtype=float)
    stated = np.array([one[1] for one in found])
    gain, true = np.array([one[2] for one in found]), np.array([one[3] for one in found])
    sys.stdout.write(
        f"{stayed.size} suggestions: stated {stated.mean():.4f}, stayed {stayed.mean():.4f} "
        f"(first ten trials {stayed[:, :10].mean():.4f})\n"
        f"gain: slope of true on stated {float(gain @ true / (gain @ gain)):.3f}, mean stated {gain.mean():.3f}, "
        f"mean true {true.mean():.3f}, intervals hold {np.mean([one[4] for one in found]):.3f}\n"
    )
    for low, high in ((0.0, 0.9), (0.9, 0.949), (0.949, 0.97), (0.97, 0.99), (0.99, 1.01)):
        mine = (stated >= low) & (stated < high)
        if mine.any():
            sys.stdout.write(
                f"  stated {low:.2f}–{high:.2f}: {int(mine.sum())} suggestions, stated {stated[mine].mean():.4f}, "
                f"stayed {stayed[mine].mean():.4f}\n"
            )


if __name__ == "__main__":
    main()

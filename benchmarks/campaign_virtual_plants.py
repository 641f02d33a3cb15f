"""Virtual plants of many kinds for `benchmarks/campaign_promises.py`: what a stranger's line may look like.

A plant has two to eight settings (now and then a named level or whole steps), one to three specified outcomes that nobody
has a formula of, and a goal that often pushes towards their limits. Outcomes are waves (draws of a Gaussian process,
smooth to rough), polynomials of second order or products of powers, with little or much noise. Seeds below 10,000 are
for judging, those from 10,000 on for development.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jasang.optimize.campaigns import Setting
from jasang.optimize.campaigns.space import Space

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class VirtualPlant:
    """One plant: outcomes are functions of rows in the unit cube, shape (points, columns) to (points,)."""

    kind: str
    settings: tuple[Setting, ...]
    goal: Function
    limited: tuple[Function, ...]
    highs: tuple[float, ...]
    noise: float
    goal_noise: float
    present: np.ndarray  # a point of `space`
    near: bool  # whether the plant stands close to a limit

    @property
    def space(self) -> Space:
        """The settings as a space."""
        return Space(self.settings)


def wave(generator: np.random.Generator, columns: int, rough: float) -> Function:
    """A draw of a Gaussian process of unit variance: a sum of cosines; `rough` divides its lengths."""
    lengths = generator.uniform(0.5, 1.5, columns) * np.sqrt(columns) / rough
    # Some settings matter little, as on every line.
    lengths = np.where(generator.random(columns) < 0.25, 6.0 * lengths, lengths)
    spread = np.sqrt(5.0 / generator.chisquare(5.0, (200, 1)))  # Matérn 5/2: frequencies of a t distribution
    frequencies = generator.standard_normal((200, columns)) * spread / lengths
    phases = generator.uniform(0, 2 * np.pi, 200)
    return lambda x: np.sqrt(2 / 200) * np.cos(x @ frequencies.T + phases).sum(axis=1)


def parabola(generator: np.random.Generator, columns: int) -> Function:
    """Linear, quadratic and product terms of random weights."""
    linear = generator.standard_normal(columns) * (generator.random(columns) < 0.8)
    square = 0.7 * generator.standard_normal((columns, columns)) / np.sqrt(columns)
    return lambda x: (x - 0.5) @ linear * 2 + 2 * np.einsum("ij,jk,ik->i", x - 0.5, square, x - 0.5)


def powers(generator: np.random.Generator, columns: int) -> Function:
    """A product of powers, as costs and stresses are; a few units high."""
    exponents = generator.uniform(-1.5, 2.0, columns)
    offsets = generator.uniform(0.2, 1.0, columns)
    return lambda x: np.exp(np.log((x + offsets) / (0.5 + offsets)) @ exponents)


def outcome(generator: np.random.Generator, kind: str, columns: int) -> Function:
    """An outcome of a kind, about unit spread."""
    if kind == "wave":
        return wave(generator, columns, 1.0)
    if kind == "rough wave":
        return wave(generator, columns, 1.6)
    if kind == "bent wave":
        smooth = wave(generator, columns, 1.0)
        return lambda x: np.expm1(0.7 * smooth(x)) / 0.7
    made = parabola(generator, columns) if kind == "parabola" else powers(generator, columns)
    spread = float(made(generator.random((500, columns))).std()) or 1.0
    return lambda x: made(x) / spread


KINDS = ("wave", "rough wave", "bent wave", "parabola", "powers")


def virtual_plant(seed: int) -> VirtualPlant:
    """The plant of a seed."""
    generator = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    count = int(generator.integers(2, 7)) if generator.random() < 0.8 else int(generator.integers(7, 9))
    settings = []
    for place in range(count):
        name, shape = f"x{place}", generator.random()
        if shape < 0.1 and place:
            settings.append(Setting(name=name, levels=("A", "B", "C")))
        elif shape < 0.25:
            settings.append(Setting(name=name, low=0.0, high=20.0, step=1.0))
        else:
            settings.append(Setting(name=name, low=0.0, high=1.0))
    space = Space(tuple(settings))
    columns = space.encoded(space.spread(2, 0)).shape[1]
    goal = outcome(generator, kind, columns)
    kinds = [
        kind if generator.random() < 0.7 else str(generator.choice(KINDS)) for _ in range(generator.integers(1, 4))
    ]
    limited = [outcome(generator, one, columns) for one in kinds]
    # On most lines what is gained is taken from a quality: the goal pushes towards limits.
    pull = generator.uniform(0.2, 1.0, len(limited)) * (generator.random(len(limited)) < 0.6)
    noise = float(generator.choice([0.0, 0.02, 0.1]))

    def traded(x: np.ndarray) -> np.ndarray:
        return np.asarray(goal(x) - sum(weight * one(x) for weight, one in zip(pull, limited, strict=True)))

    cloud = space.spread(512, int(generator.integers(1 << 30)))
    values = np.array([function(space.encoded(cloud)) for function in limited])
    highs = np.quantile(values, generator.uniform(0.45, 0.85, len(limited)), axis=1).diagonal()
    # Where the plant stands, its parts are good: 2.5 deviations of the noise below each limit, or well inside.
    near = bool(generator.random() < 0.5)
    margin = np.min(highs[:, None] - values, axis=0)
    fair = np.flatnonzero(margin > 2.5 * noise + 0.02)
    if not len(fair):
        highs = highs + 2.5 * noise + 0.03 - margin.max()
        fair = np.array([int(np.argmax(margin))])
    order = fair[np.argsort(margin[fair])]
    pool = order[: max(1, len(order) // 5)] if near else order[len(order) // 3 :]
    # Not by chance at its best: the worse half of what it might stand at.
    losses = traded(space.encoded(cloud[pool]))
    chosen = pool[np.argsort(losses)[len(pool) // 2 :]]
    return VirtualPlant(
        kind=kind,
        settings=tuple(settings),
        goal=traded,
        limited=tuple(limited),
        highs=tuple(float(high) for high in highs),
        noise=noise,
        goal_noise=float(generator.choice([0.0, 0.02, 0.1, 0.3])),
        present=cloud[int(generator.choice(chosen))],
        near=near,
    )

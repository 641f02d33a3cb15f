"""Plants to try changes on, so that the ten of `campaign_problems.py` stay judges: `benchmarks.campaigns --practice`."""

from collections.abc import Mapping

import numpy as np

from benchmarks.campaign_problems import ONE, Outcomes, Plant, below_zero, limited, numbers, numeric, two
from jasang.optimize.campaigns import Setting


def hills(x: Mapping[str, float | str]) -> Outcomes:
    """Five narrow hills of different height in five settings; far from all of them it is flat."""
    point, generator = np.array(numbers(x)), np.random.default_rng(77)
    centres, heights = generator.uniform(0.15, 0.85, (5, 5)), np.array([2.0, 1.4, 1.2, 1.0, 0.8])
    return {"f": -float(heights @ np.exp(-((point - centres) ** 2).sum(1) / 0.12))}


def valley(x: Mapping[str, float | str]) -> Outcomes:
    """Rosenbrock (1960), four settings; its logarithm is what a plant would report."""
    z = np.array(numbers(x))
    return {"f": float(np.log1p(np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2)))}


def bowl_with_grade(x: Mapping[str, float | str]) -> Outcomes:
    """A tilted bowl in four settings whose lowest place depends on one of five grades and one of three nozzles."""
    z = np.array(numbers(x))
    shift, lift = {
        "a": (0.0, 0.6),
        "b": (0.1, 0.3),
        "c": (0.2, 0.0),
        "d": (-0.1, 0.8),
        "e": (-0.2, 1.0),
    }[str(x["grade"])]
    low = np.array([0.3, 0.6, 0.5, 0.7]) + shift
    away = z - low
    return {
        "f": float(3 * away @ away + 1.5 * away[0] * away[1] + lift + {"n": 0.0, "o": 0.25, "p": 0.5}[str(x["nozzle"])])
    }


def levy(x: Mapping[str, float | str]) -> Outcomes:
    """Levy's function of four settings, square root."""
    w = 1 + (np.array(numbers(x)) - 1) / 4
    f = np.sin(np.pi * w[0]) ** 2 + np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))
    return {"f": float(np.sqrt(f + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)))}


def spring(x: Mapping[str, float | str]) -> Outcomes:
    """The tension spring of Arora (1989)."""
    d, c, n = numbers(x)
    g = [
        1 - c**3 * n / (71785 * d**4),
        (4 * c**2 - d * c) / (12566 * (c * d**3 - d**4)) + 1 / (5108 * d**2) - 1,
        1 - 140.45 * d / (c**2 * n),
        (c + d) / 1.5 - 1,
    ]
    return limited(float((n + 2) * c * d**2), [float(v) for v in g])


def truss(x: Mapping[str, float | str]) -> Outcomes:
    """Four bars, Cheng and Li (1999): volume and displacement."""
    a, b, c, d = numbers(x)
    volume = 200 * (2 * a + np.sqrt(2) * b + np.sqrt(c) + d)
    shift = 0.01 * (2 / a + 2 * np.sqrt(2) / b - 2 * np.sqrt(2) / c + 2 / d)
    return {"f1": float(volume), "f2": float(shift)}


PRACTICE = (
    Plant(
        name="hills, noisy",
        settings=numeric("0 0 0 0 0", "1 1 1 1 1"),
        goals=ONE,
        true=hills,
        best=-3.17514,
        noise=0.06,
    ),
    Plant(name="valley", settings=numeric("-2 -2 -2 -2", "2 2 2 2"), goals=ONE, true=valley, best=0.0, noise=0.05),
    Plant(
        name="bowl with grade",
        settings=(
            *numeric("0 0 0 0", "1 1 1 1"),
            Setting(name="grade", levels=tuple("abcde")),
            Setting(name="nozzle", levels=tuple("nop")),
        ),
        goals=ONE,
        true=bowl_with_grade,
        best=0.0,
        noise=0.02,
    ),
    Plant(name="Levy", settings=numeric("-5 -5 -5 -5", "5 5 5 5"), goals=ONE, true=levy, best=0.0, noise=0.02),
    Plant(
        name="spring",
        settings=numeric("0.05 0.25 2", "0.2 1.3 15"),
        goals=ONE,
        specifications=below_zero(4),
        true=spring,
        best=0.012665,
    ),
    Plant(
        name="truss", settings=numeric("1 1.414 1.414 1", "3 3 3 3"), goals=two(3000.0, 0.05), true=truss, best=62.937
    ),
)

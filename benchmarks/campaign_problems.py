"""Ten plants whose best setting is known, for `benchmarks/campaigns.py`. Sources stand beside each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import integrate, optimize

from jasang.optimize.campaigns import Goal, Setting, SettingLimit, Specification

Outcomes = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A made-up plant: settings, goals, specifications, and what truly comes out of a setting."""

    name: str
    settings: tuple[Setting, ...]
    goals: tuple[Goal, ...]
    true: Callable[[Mapping[str, float | str]], Outcomes]
    best: float  # best loss, or the best hypervolume with several goals
    specifications: tuple[Specification, ...] = ()
    limits: tuple[SettingLimit, ...] = ()
    noise: float = 0.0  # standard deviation of the first goal's outcome


def numeric(lows: str, highs: str, steps: dict[int, float] | None = None) -> tuple[Setting, ...]:
    """Settings x1, x2 … from two rows of limits."""
    pairs = zip(lows.split(), highs.split(), strict=True)
    return tuple(
        Setting(name=f"x{place + 1}", low=float(low), high=float(high), step=(steps or {}).get(place))
        for place, (low, high) in enumerate(pairs)
    )


def numbers(x: Mapping[str, float | str]) -> list[float]:
    """The numeric settings in order."""
    return [float(value) for value in x.values() if not isinstance(value, str)]


def below_zero(count: int) -> tuple[Specification, ...]:
    """Specifications g1 … ≤ 0."""
    return tuple(Specification(outcome=f"g{place + 1}", high=0.0) for place in range(count))


def limited(f: float | list[float], g: list[float]) -> Outcomes:
    """Outcomes f (or f1, f2) and g1 …"""
    goals = {"f": f} if isinstance(f, float) else {f"f{i + 1}": v for i, v in enumerate(f)}
    return {**goals, **{f"g{i + 1}": v for i, v in enumerate(g)}}


def pressure_vessel(x: Mapping[str, float | str]) -> Outcomes:
    """Kannan and Kramer (1994)."""
    a, b, r, length = numbers(x)
    f = 0.6224 * a * r * length + 1.7781 * b * r**2 + 3.1661 * a**2 * length + 19.84 * a**2 * r
    g = [0.0193 * r - a, 0.00954 * r - b, 1296000 - np.pi * r**2 * length - 4 / 3 * np.pi * r**3]
    return limited(float(f), g)


def speed_reducer(x: Mapping[str, float | str]) -> Outcomes:
    """Golinski (1973)."""
    a, b, c, d, e, f, h = numbers(x)
    cost = 0.7854 * a * b**2 * (3.3333 * c**2 + 14.9334 * c - 43.0934) - 1.508 * a * (f**2 + h**2)
    cost += 7.4777 * (f**3 + h**3) + 0.7854 * (d * f**2 + e * h**2)
    g = [
        27 / (a * b**2 * c) - 1,
        397.5 / (a * b**2 * c**2) - 1,
        1.93 * d**3 / (b * c * f**4) - 1,
        1.93 * e**3 / (b * c * h**4) - 1,
        np.sqrt((745 * d / (b * c)) ** 2 + 16.9e6) / (110 * f**3) - 1,
        np.sqrt((745 * e / (b * c)) ** 2 + 157.5e6) / (85 * h**3) - 1,
        b * c / 40 - 1,
        5 * b / a - 1,
        a / (12 * b) - 1,
        (1.5 * f + 1.9) / d - 1,
        (1.1 * h + 1.9) / e - 1,
    ]
    return limited(float(cost), g)


def welded_beam(x: Mapping[str, float | str]) -> Outcomes:
    """Coello (2000)."""
    h, w, t, b = numbers(x)
    load, span, young, shear = 6000.0, 14.0, 30e6, 12e6
    first = load / (np.sqrt(2) * h * w)
    moment = load * (span + w / 2)
    radius = np.sqrt(w**2 / 4 + ((h + t) / 2) ** 2)
    polar = 2 * (np.sqrt(2) * h * w * (w**2 / 12 + ((h + t) / 2) ** 2))
    second = moment * radius / polar
    tau = np.sqrt(first**2 + 2 * first * second * w / (2 * radius) + second**2)
    sigma = 6 * load * span / (b * t**2)
    delta = 4 * load * span**3 / (young * t**3 * b)
    buckling = 4.013 * young * np.sqrt(t**2 * b**6 / 36) / span**2 * (1 - t / (2 * span) * np.sqrt(young / (4 * shear)))
    f = 1.10471 * h**2 * w + 0.04811 * t * b * (14 + w)
    return limited(float(f), [tau - 13600, sigma - 30000, h - b, delta - 0.25, load - buckling])


def gas_transmission(x: Mapping[str, float | str]) -> Outcomes:
    """Beightler and Phillips (1976)."""
    a, b, c, d = numbers(x)
    f = 8.61e5 * a**0.5 * b * c ** (-2 / 3) * d**-0.5 + 3.69e4 * c + 7.72e8 / a * b**0.219 - 765.43e6 / a
    return limited(float(f), [d / b**2 + 1 / b**2 - 1])


def williams_otto(x: Mapping[str, float | str]) -> Outcomes:
    """The reactor of Williams and Otto (1960) with the limits of del Rio Chanona et al. (2021)."""
    flow, temperature = numbers(x)
    feed, holdup = 1.8275, 2105.2
    rates = [1.6599e6 * np.exp(-6666.7 / (temperature + 273.15))]
    rates.append(7.2117e8 * np.exp(-8333.3 / (temperature + 273.15)))
    rates.append(2.6745e12 * np.exp(-11111.0 / (temperature + 273.15)))

    def balance(s: np.ndarray) -> np.ndarray:
        a, b, c, e, p, g = s
        r1, r2, r3 = rates[0] * a * b * holdup, rates[1] * b * c * holdup, rates[2] * c * p * holdup
        total = feed + flow
        return np.array(
            [
                feed - total * a - r1,
                flow - total * b - r1 - r2,
                -total * c + 2 * r1 - 2 * r2 - r3,
                -total * e + 2 * r2,
                -total * p + r2 - 0.5 * r3,
                -total * g + 1.5 * r3,
            ]
        )

    found = optimize.root(balance, [0.1, 0.4, 0.02, 0.3, 0.1, 0.05], method="hybr")
    a, _, _, e, p, g = found.x
    profit = 1043.38 * p * (feed + flow) + 20.92 * e * (feed + flow) - 79.23 * feed - 118.34 * flow
    return limited(float(-profit), [float(a - 0.12), float(g - 0.08)])


def snar(x: Mapping[str, float | str]) -> Outcomes:
    """The SnAr flow reaction of Hone et al. (2017) as in Summit: space-time yield and E-factor."""
    tau, ratio, start, celsius = numbers(x)
    kelvin, gas = celsius + 273.71, 8.314 / 1000
    base = 90 + 273.71
    k = [
        rate * 1e-2 * np.exp(-energy / gas * (1 / kelvin - 1 / base))
        for rate, energy in ((57.9, 33.3), (2.70, 35.3), (0.865, 38.9), (1.63, 44.8))
    ]

    def slope(_: float, c: np.ndarray) -> list[float]:
        r1, r2 = k[0] * c[0] * c[1], k[1] * c[0] * c[1]
        r3, r4 = k[2] * c[2] * c[1], k[3] * c[3] * c[1]
        return [-r1 - r2, -r1 - r2 - r3 - r4, r1 - r3, r2 - r4, r3 + r4]

    c = integrate.solve_ivp(slope, (0, tau), [start, start * ratio, 0, 0, 0], method="LSODA", rtol=1e-7, atol=1e-10).y[
        :, -1
    ]
    weights = (159.09, 87.12, 210.21, 210.21, 261.33)
    flow = 5.0 / tau  # volume 5 mL
    product = max(c[2], 1e-9)
    yield_ = 60e-3 * 60 * weights[2] / 1000 * product * 1000 / tau
    fed = 1.0 * flow + sum(weights[i] * c[i] * flow * 1e-3 for i in (0, 1, 3, 4))
    factor = fed / (1e-3 * weights[2] * flow * product)
    return {"f1": -float(yield_), "f2": float(min(factor, 1e3))}


def branin_currin(x: Mapping[str, float | str]) -> Outcomes:
    """Belakaria et al. (2019)."""
    a, b = numbers(x)
    u, v = 15 * a - 5, 15 * b
    f1 = (v - 5.1 / (4 * np.pi**2) * u**2 + 5 / np.pi * u - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(u) + 10
    f2 = (1 - np.exp(-1 / (2 * max(b, 1e-9)))) * (2300 * a**3 + 1900 * a**2 + 2092 * a + 60)
    f2 /= 100 * a**3 + 500 * a**2 + 4 * a + 20
    return {"f1": float(f1), "f2": float(f2)}


def disc_brake(x: Mapping[str, float | str]) -> Outcomes:
    """Ray and Liew (2002)."""
    a, b, force, n = numbers(x)
    two, three = b**2 - a**2, b**3 - a**3
    f1 = 4.9e-5 * two * (n - 1)
    f2 = 9.82e6 * two / (force * n * three)
    g = [
        20 - (b - a),
        force / (np.pi * two) - 0.4,
        2.22e-3 * force * three / two**2 - 1,
        900 - 2.66e-2 * force * n * three / two,
    ]
    return limited([float(f1), float(f2)], [float(v) for v in g])


ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
A6 = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
P6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(x: Mapping[str, float | str]) -> Outcomes:
    """Hartmann's function of six settings."""
    return {"f": -float(ALPHA @ np.exp(-(A6 * (np.array(numbers(x)) - P6) ** 2).sum(1)))}


MOVED = {"A": (0.0, 0.6), "B": (0.05, 0.85), "C": (0.0, 1.0), "D": (-0.08, 0.75)}


def hartmann_with_material(x: Mapping[str, float | str]) -> Outcomes:
    """The same where a material moves the best setting and the height; the best is C."""
    move, height = MOVED[str(x["material"])]
    return {"f": -height * float(ALPHA @ np.exp(-(A6 * (np.array(numbers(x)) + move - P6) ** 2).sum(1)))}


UNIT6 = numeric("0 0 0 0 0 0", "1 1 1 1 1 1")
ONE = (Goal(outcome="f"),)


def two(first: float, second: float) -> tuple[Goal, ...]:
    """Two outcomes to make small, with the worst values that count."""
    return (Goal(outcome="f1", worst=first), Goal(outcome="f2", worst=second))


PLANTS = (
    Plant(
        name="pressure vessel",
        settings=numeric("0.0625 0.0625 10 10", "6.1875 6.1875 200 200", {0: 0.0625, 1: 0.0625}),
        goals=ONE,
        specifications=below_zero(3),
        true=pressure_vessel,
        best=6059.714,
    ),
    Plant(
        name="speed reducer",
        settings=numeric("2.6 0.7 17 7.3 7.3 2.9 5", "3.6 0.8 28 8.3 8.3 3.9 5.5", {2: 1.0}),
        goals=ONE,
        specifications=below_zero(11),
        true=speed_reducer,
        best=2994.471,
    ),
    Plant(
        name="welded beam",
        settings=numeric("0.125 0.1 0.1 0.1", "2 10 10 2"),
        goals=ONE,
        specifications=below_zero(5),
        true=welded_beam,
        best=1.724852,
    ),
    Plant(
        name="gas transmission",
        settings=numeric("20 1 20 0.1", "50 10 50 60"),
        goals=ONE,
        specifications=below_zero(1),
        true=gas_transmission,
        best=2.9648954e6,
    ),
    Plant(
        name="Williams-Otto reactor",
        settings=numeric("3 70", "6 100"),
        goals=ONE,
        specifications=below_zero(2),
        true=williams_otto,
        best=-75.819947,
    ),
    Plant(
        name="SnAr reaction",
        settings=numeric("0.5 1 0.1 30", "2 5 0.5 120"),
        goals=two(0.0, 100.0),
        true=snar,
        best=49060.0,
    ),
    Plant(name="Branin-Currin", settings=numeric("0 0", "1 1"), goals=two(18.0, 6.0), true=branin_currin, best=59.36),
    Plant(
        name="disc brake",
        settings=numeric("55 75 1000 11", "80 110 3000 20", {3: 1.0}),
        goals=two(5.8, 4.0),
        specifications=below_zero(4),
        true=disc_brake,
        best=11.115,
    ),
    Plant(name="noisy Hartmann-6", settings=UNIT6, goals=ONE, true=hartmann, best=-3.32237, noise=0.1),
    Plant(
        name="Hartmann with a material",
        settings=(*UNIT6, Setting(name="material", levels=tuple(MOVED))),
        goals=ONE,
        true=hartmann_with_material,
        best=-3.32237,
    ),
)

"""Made plants for `jasang recommend`: share of the attainable gain, recommendations worse than today, coverage, nulls.

python -m benchmarks.recipe_plants --seeds 6 [--kinds window,ridge] [--judge] [--out lines.jsonl]
Seeds from 0 were used while the method was made, those from 10,000 (`--judge`) only to report it. Attainable is the best true
result among the settings that the record holds for the product (that keep specifications): what data speak of.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from jasang.optimize.campaigns.setting import Goal, Setting, Specification
from jasang.optimize.recipe import RecipeRecords, Recommendation, recommend_recipe

JUDGE = 10_000
# True loss (smaller is better) of settings (rows of numbers, named) for a product, and the share of units in specification.
Truth = Callable[[str, Mapping[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipePlant:
    """Records and what is true of them. `effective` is False where no setting does anything or nothing can be known."""

    kind: str
    records: RecipeRecords
    loss: Truth
    in_spec: Truth | None = None
    knowable: bool = True


class Shop:
    """One made shop: how settings wander, lots come, the day goes, and what a unit's result is."""

    def __init__(self, seed: int, kind: str) -> None:
        self.rng = np.random.default_rng([seed, sum(map(ord, kind))])
        self.kind = kind
        self.rows = int(self.rng.choice([800, 2000, 4000, 8000, 16000], p=[0.15, 0.3, 0.25, 0.2, 0.1]))
        self.rows = int(self.rng.integers(200, 600)) if kind == "short" else self.rows
        self.base = float(self.rng.uniform(0.01, 0.12))
        self.count = int(self.rng.integers(3, 7))
        lots = int(self.rng.integers(12, 70))
        self.lot = np.sort(self.rng.integers(0, lots, self.rows))
        self.lot_effect = self.rng.normal(size=lots) * self.rng.uniform(0.1, 0.5)
        self.when = np.linspace(0, 1, self.rows)
        days = self.rows / float(self.rng.uniform(80, 600))
        self.time = 1.7e9 + 86_400 * days * self.when
        self.ambient = 20 + 6 * np.sin(2 * np.pi * days * self.when) + 4 * np.sin(2 * np.pi * self.when + 1)
        self.ambient += self.rng.normal(size=self.rows) * 0.5

    def wander(self, centre: float) -> np.ndarray:
        """A setting in half ranges: set points held for a while, or values that move a little all the time."""
        rng, rows = self.rng, self.rows
        if rng.random() < 0.5:
            hold = int(rng.integers(15, max(20, rows // 40)))
            levels = np.clip(np.round(rng.normal(centre, 0.55, rows // hold + 2) * 4) / 4, -1.5, 1.5)
            return np.asarray(np.repeat(levels, hold)[:rows])
        slow = self.smooth(max(10, rows // int(rng.integers(20, 80))))
        return np.asarray(np.clip(centre + 0.4 * slow + 0.3 * rng.normal(size=rows), -1.6, 1.6))

    def smooth(self, span: int) -> np.ndarray:
        """Noise that remembers about `span` units, of spread 1."""
        keep = float(np.exp(-1.0 / span))
        noise = self.rng.normal(size=self.rows) * np.sqrt(1 - keep**2)
        found = np.empty(self.rows)
        level = float(self.rng.normal())
        for row in range(self.rows):
            level = keep * level + noise[row]
            found[row] = level
        return found


UNITS = (
    (230.0, 18.0, "°C"),
    (80.0, 15.0, "bar"),
    (45.0, 8.0, "%"),
    (12.0, 3.0, "s"),
    (60.0, 10.0, "°C"),
    (5.0, 1.5, "mm"),
)
NAMES = ("barrel_temp", "hold_pressure", "speed", "hold_time", "mould_temp", "cushion")


def as_values(z: np.ndarray, place: int) -> np.ndarray:
    """Half ranges as what the machine shows."""
    centre, half, _ = UNITS[place]
    return centre + half * z


def as_z(values: np.ndarray, place: int) -> np.ndarray:
    """The reverse."""
    centre, half, _ = UNITS[place]
    return (np.asarray(values, dtype=np.float64) - centre) / half


def shape_of(shop: Shop, count: int) -> Callable[[np.ndarray], np.ndarray]:
    """What the settings do, on the logit scale: windows, lines, thresholds, ridges; zero at its best."""
    rng, kind = shop.rng, shop.kind
    active = rng.permutation(count)[: int(rng.integers(1, min(3, count) + 1))]
    if kind.endswith("null") or kind == "confounded":
        return lambda z: np.zeros(len(z))
    if kind == "ridge":
        a, b = rng.permutation(count)[:2]
        slope, offset = float(rng.choice([-1, 1]) * rng.uniform(0.6, 1.3)), float(rng.uniform(-0.4, 0.4))
        strength, side = float(rng.uniform(1.0, 2.5)), float(rng.uniform(0.2, 0.5))
        return lambda z: strength * (z[:, a] - slope * z[:, b] - offset) ** 2 + side * (z[:, b] - 0.3) ** 2
    optimum = rng.choice([-1, 1], count) * rng.uniform(0.3, 0.9, count)
    strength = rng.uniform(0.8, 2.2, count) * (0.4 if kind == "weak" else 1.0)
    hinge = rng.random(count) < 0.35

    def effect(z: np.ndarray) -> np.ndarray:
        total = np.zeros(len(z))
        for j in active:
            away = z[:, j] - optimum[j]
            total += np.where(hinge[j], 2 * np.maximum(np.abs(away) - 0.35, 0.0), away**2) * strength[j]
        return total

    return effect


def make_plant(kind: str, seed: int) -> RecipePlant:
    """The plant of that kind and seed."""
    if kind == "products":
        return _products(seed)
    shop = Shop(seed, kind)
    rng, rows, count = shop.rng, shop.rows, shop.count
    effect = shape_of(shop, count)
    z = np.column_stack([shop.wander(float(rng.normal() * 0.3)) for _ in range(count)])
    context: dict[str, np.ndarray] = {
        "lot": np.array([f"L{code:03d}" for code in shop.lot], dtype=object),
        "shift": np.array(["day", "night"], dtype=object)[(shop.time % 86_400 > 43_200).astype(int)],
        "ambient_temp": np.round(shop.ambient, 1),
    }
    disturbance = shop.lot_effect[shop.lot] + 0.1 * (shop.time % 86_400 > 43_200)
    if kind.startswith("lots"):  # bad lots get another setting
        for j in range(count):
            z[:, j] += rng.uniform(0.5, 1.2) * rng.choice([-1, 1]) * 2 * shop.lot_effect[shop.lot]
        disturbance = disturbance + shop.lot_effect[shop.lot]
    if kind.startswith("drift"):
        z[:, 0] += 0.8 * (shop.when - 0.5) * rng.choice([-1, 1])
        disturbance = disturbance + rng.choice([-1, 1]) * 1.0 * (shop.when - 0.5) + 0.4 * shop.smooth(rows // 8)
    if kind == "ambient":
        z[:, 0] += 0.06 * (shop.ambient - 20) * rng.choice([-1, 1])
        disturbance = disturbance + 0.08 * (shop.ambient - 20)
    if kind == "confounded":  # one setting, moved with the lot alone, and the lots differ
        lots = shop.lot.max() + 1
        moved = rng.normal(size=lots)
        z = np.column_stack([np.round(moved[shop.lot] * 2) / 4, np.full(rows, 0.2)])
        count = 2
        disturbance = disturbance + 0.6 * moved[shop.lot]
    resin = None
    if kind == "categorical":
        hold = max(20, rows // 40)
        resin = np.repeat(rng.integers(0, 3, rows // hold + 1), hold)[:rows]
        shift = rng.uniform(-0.6, 0.6, 3)
        level = rng.permutation([0.0, 0.35, 0.8])
    if kind.startswith("feedback"):
        return _feedback(shop, effect, z, disturbance, context)
    # Today: the last part of the record stands at a poor place.
    last = max(40, rows // 12)
    poor = z[rng.permutation(rows)[:400]]
    ranked = np.argsort(effect(poor))
    today = poor[ranked[int(0.75 * len(ranked))]]
    if kind != "confounded":
        z[-last:] = today + np.where(np.ptp(z, axis=0) > 0, 0.05, 0.0) * rng.normal(size=(last, count))
    total = effect(z) + disturbance
    if resin is not None:
        moved_z = z.copy()
        moved_z[:, 0] += shift[resin]
        total = effect(moved_z) + level[resin] + disturbance
    offset = _offset(total, shop.base)
    names = NAMES[:count]
    values = {name: np.round(as_values(z[:, j], j), 3) for j, name in enumerate(names)}
    settings = [_setting(name, values[name], j) for j, name in enumerate(names)]
    if resin is not None:
        values["resin"] = np.array(["A", "B", "C"], dtype=object)[resin]
        settings.append(Setting(name="resin", levels=("A", "B", "C")))

    def linear(settings_: Mapping[str, np.ndarray]) -> np.ndarray:
        at = np.column_stack([as_z(settings_[name], j) for j, name in enumerate(names)])
        if resin is None:
            return effect(at)
        codes = np.array([("A", "B", "C").index(str(one)) for one in settings_["resin"]])
        at[:, 0] += shift[codes]
        return effect(at) + level[codes]

    usual = np.quantile(disturbance[-rows // 10 :], (np.arange(40) + 0.5) / 40)
    outcomes = {"defect": (rng.random(rows) < expit(offset + total)).astype(np.float64)}
    goals, specifications, in_spec = (Goal(outcome="defect"),), (), None
    loss: Truth = lambda _, s: expit(offset + linear(s)[:, None] + usual[None, :]).mean(1)  # noqa: E731
    if kind in ("cycle", "short", "wander", "wander_null"):
        spread = float(rng.uniform(0.4, 1.5))
        outcomes = {"cycle_time": 30 + total + spread * rng.standard_t(5, rows)}
        if kind.startswith("wander"):  # the level goes its own way, slowly
            outcomes["cycle_time"] += float(rng.uniform(0.5, 1.5)) * shop.smooth(int(rng.integers(20, 800)))
        goals = (Goal(outcome="cycle_time"),)
        loss = lambda _, s: 30 + linear(s) + float(usual.mean())  # noqa: E731
    if kind == "target":
        slopes, sigma = rng.normal(size=count), float(rng.uniform(0.2, 0.8))
        meant = float(np.quantile(z @ slopes, rng.uniform(0.2, 0.8)))
        outcomes = {"length": 50 + z @ slopes + 0.5 * disturbance + sigma * rng.normal(size=rows)}
        goals = (Goal(outcome="length", direction="target", target=50 + meant),)
        away = 0.5 * usual[:, None] + sigma * norm.ppf((np.arange(40) + 0.5) / 40)

        def loss(_: str, s: Mapping[str, np.ndarray]) -> np.ndarray:
            size = np.column_stack([as_z(s[name], j) for j, name in enumerate(names)]) @ slopes
            return np.array([np.abs(one - meant + away).mean() for one in size])

    if kind == "constraint":
        slopes = rng.normal(size=count) * 0.5
        sigma = 0.35

        def size(s: Mapping[str, np.ndarray]) -> np.ndarray:
            return np.column_stack([as_z(s[name], j) for j, name in enumerate(names)]) @ slopes

        centre = float(today @ slopes)
        outcomes["length"] = 100 + z @ slopes - centre + sigma * rng.normal(size=rows)
        specifications = (Specification(outcome="length", low=100 - 0.85, high=100 + 0.85),)

        def in_spec(_: str, s: Mapping[str, np.ndarray]) -> np.ndarray:
            mean = size(s) - centre
            return np.asarray(norm.cdf((0.85 - mean) / sigma) - norm.cdf((-0.85 - mean) / sigma))

    records = RecipeRecords(
        settings=tuple(settings),
        values=values,
        outcomes=outcomes,
        goals=goals,
        specifications=specifications,
        context=context,
        time=shop.time,
        seed=seed,
    )
    return RecipePlant(
        kind=kind,
        records=records,
        loss=loss,
        in_spec=in_spec,
        knowable=not kind.endswith("null") and kind != "confounded",
    )


def _feedback(
    shop: Shop,
    effect: Callable[[np.ndarray], np.ndarray],
    wander: np.ndarray,
    disturbance: np.ndarray,
    context: dict[str, np.ndarray],
) -> RecipePlant:
    """Operators turn one setting up after bad units, and let it come back after good ones."""
    rng, rows, count = shop.rng, shop.rows, shop.count
    disturbance = disturbance + 0.7 * shop.smooth(int(rng.integers(100, 600)))
    offset = _offset(effect(wander) + disturbance, shop.base)
    z, defect = wander.copy(), np.zeros(rows)
    lift, window, sign = 0.0, int(rng.integers(20, 60)), float(rng.choice([-1, 1]))
    last = max(40, rows // 12)
    poor = wander[rng.permutation(rows)[:400]]
    today = poor[np.argsort(effect(poor))[300]]
    for row in range(rows):
        if row % window == 0 and row:
            rate = defect[max(0, row - window) : row].mean()
            lift = lift + 0.25 if rate > 1.3 * shop.base else 0.8 * lift
            lift = min(lift, 1.0)
        z[row, 0] = wander[row, 0] + sign * lift if row < rows - last else today[0]
        if row >= rows - last:
            z[row, 1:] = today[1:] + 0.05 * rng.normal(size=count - 1)
        defect[row] = rng.random() < expit(offset + effect(z[[row]])[0] + disturbance[row])
    names = NAMES[:count]
    values = {name: np.round(as_values(z[:, j], j), 3) for j, name in enumerate(names)}
    usual = np.quantile(disturbance[-rows // 10 :], (np.arange(40) + 0.5) / 40)

    def loss(_: str, s: Mapping[str, np.ndarray]) -> np.ndarray:
        at = np.column_stack([as_z(s[name], j) for j, name in enumerate(names)])
        return np.asarray(expit(offset + effect(at)[:, None] + usual[None, :]).mean(1))

    records = RecipeRecords(
        settings=tuple(_setting(name, values[name], j) for j, name in enumerate(names)),
        values=values,
        outcomes={"defect": defect},
        goals=(Goal(outcome="defect"),),
        context=context,
        time=shop.time,
    )
    return RecipePlant(kind=shop.kind, records=records, loss=loss, knowable=shop.kind == "feedback")


def _products(seed: int) -> RecipePlant:
    """Three products, each with its own set point and optimum, made in turns."""
    plants = [make_plant("window", 977 * (seed + 1) + place) for place in range(3)]
    count = min(len(plant.records.settings) for plant in plants)
    names = NAMES[:count]
    rng = np.random.default_rng([seed, 5])
    order = rng.permutation(np.repeat(np.arange(3), [plant.records.rows for plant in plants]))
    order = np.repeat(order[::50], 50)[: order.size]  # runs of a product
    places = [0, 0, 0]
    which, rows = [], []
    for product in order:
        if places[product] < plants[product].records.rows:
            which.append(product)
            rows.append(places[product])
            places[product] += 1
    which_, rows_ = np.array(which), np.array(rows)

    def gathered(pick: Callable[[RecipeRecords], np.ndarray]) -> np.ndarray:
        columns = [np.asarray(pick(plant.records)) for plant in plants]
        return np.array(
            [columns[product][row] for product, row in zip(which_, rows_, strict=True)], dtype=columns[0].dtype
        )

    products = np.array(["P1", "P2", "P3"], dtype=object)[which_]
    values = {name: gathered(lambda r, n=name: r.values[n]) for name in names}
    hidden = {  # settings that not every plant has stay where they are today
        place: {n: np.median(plant.records.values[n][-40:]) for n in plant.records.values}
        for place, plant in enumerate(plants)
    }
    records = RecipeRecords(
        settings=tuple(_setting(name, values[name], j) for j, name in enumerate(names)),
        values=values,
        outcomes={"defect": gathered(lambda r: r.outcomes["defect"])},
        goals=(Goal(outcome="defect"),),
        context={name: gathered(lambda r, n=name: r.context[n]) for name in ("ambient_temp", "shift")},
        product=products,
        time=1.7e9 + 60.0 * np.arange(which_.size),
    )

    def loss(product: str, s: Mapping[str, np.ndarray]) -> np.ndarray:
        place = ("P1", "P2", "P3").index(product)
        size = len(next(iter(s.values())))
        full = {n: np.full(size, value) for n, value in hidden[place].items()} | dict(s)
        return plants[place].loss("", full)

    return RecipePlant(kind="products", records=records, loss=loss)


def _setting(name: str, values: np.ndarray, place: int) -> Setting:
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = float(as_values(np.array(-1.5), place)), float(as_values(np.array(1.5), place))
    return Setting(name=name, low=low, high=high, unit=UNITS[place][2])


def _offset(total: np.ndarray, base: float) -> float:
    low, high = -20.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if expit(middle + total).mean() > base else (middle, high)
    return (low + high) / 2


KINDS = (
    "window", "ridge", "categorical", "lots", "drift", "ambient", "feedback", "products", "constraint", "cycle",
    "wander", "target", "weak", "short", "null", "lots_null", "drift_null", "feedback_null", "wander_null", "confounded",
)  # fmt: skip


def score(plant: RecipePlant, answer: Recommendation) -> dict[str, object]:
    """One answer against the truth."""
    records = plant.records
    product = answer.product or ""
    rows = np.arange(records.rows) if records.product is None else np.flatnonzero(records.product == answer.product)
    names = [setting.name for setting in records.settings]
    now = {name: np.array([answer.now[name]]) for name in names}
    seen = {name: np.asarray(records.values[name])[rows] for name in names}
    before = float(plant.loss(product, now)[0])
    losses = plant.loss(product, seen)
    if plant.in_spec is not None:
        allowed = plant.in_spec(product, seen) >= min(records.in_spec, float(plant.in_spec(product, now)[0]))
        losses = losses[allowed] if allowed.any() else losses
    attainable = before - float(losses.min())
    line: dict[str, object] = {
        "kind": plant.kind, "product": product, "rows": int(rows.size), "status": answer.status, "before": before,
        "attainable": attainable, "knowable": plant.knowable, "reasons": [reason.code for reason in answer.reasons],
    }  # fmt: skip
    if answer.recommended is not None and answer.gain is not None:
        to = {name: np.array([answer.recommended[name]]) for name in names}
        line |= {
            "gain": before - float(plant.loss(product, to)[0]),
            "told": answer.gain.value, "low": answer.gain.low, "high": answer.gain.high,
            "extrapolated": answer.extrapolation,
        }  # fmt: skip
        if plant.in_spec is not None:
            line["in_spec"] = float(plant.in_spec(product, to)[0])
            line["spec_now"] = float(plant.in_spec(product, now)[0])
    return line


def table(lines: list[dict[str, object]]) -> str:
    """The figures by kind."""
    rows = [
        "| kind | asked | recommended | share of attainable, mean (median) | truly worse | interval holds | told / true |"
    ]
    rows.append("|---|---|---|---|---|---|---|")
    for kind in [*KINDS, "all knowable"]:
        mine = [x for x in lines if x["kind"] == kind or (kind == "all knowable" and x["knowable"])]
        if not mine:
            continue
        given = [x for x in mine if x["status"] == "recommend"]
        able = [
            x
            for x in mine
            if x["attainable"] > 0.15 * abs(x["before"])
            or (x["kind"] in ("cycle", "short", "wander") and x["attainable"] > 0.3)
        ]  # type: ignore[operator, arg-type]
        shares = [
            float(x.get("gain", 0.0) if x["status"] == "recommend" else 0.0) / float(x["attainable"]) for x in able
        ]  # type: ignore[arg-type]
        worse = sum(float(x["gain"]) < 0 for x in given)  # type: ignore[arg-type]
        held = [float(x["low"]) <= float(x["gain"]) <= float(x["high"]) for x in given]  # type: ignore[arg-type]
        ratio = (
            sum(float(x["told"]) for x in given) / max(sum(float(x["gain"]) for x in given), 1e-9)
            if given
            else float("nan")
        )  # type: ignore[arg-type]
        share = f"{np.mean(shares):.2f} ({np.median(shares):.2f})" if shares and mine[0]["knowable"] else "–"
        holds = f"{np.mean(held):.2f}" if held else "–"
        rows.append(f"| {kind} | {len(mine)} | {len(given)} | {share} | {worse} | {holds} | {ratio:.2f} |")
    return "\n".join(rows)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    lines = []
    for kind in arguments.kinds.split(","):
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            began = time.process_time()
            plant = make_plant(kind, seed + (JUDGE if arguments.judge else 0))
            made = time.process_time() - began
            for answer in recommend_recipe(replace(plant.records, seed=0)):
                line = score(plant, answer) | {"seed": seed, "seconds": round(time.process_time() - began - made, 1)}
                lines.append(line)
                if arguments.verbose:
                    sys.stdout.write(
                        json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}) + "\n"
                    )
                    sys.stdout.flush()
    if arguments.out:
        arguments.out.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    sys.stdout.write(table(lines) + "\n")


if __name__ == "__main__":
    main()

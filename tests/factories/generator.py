"""Random small manufacturers on disk, healthy or with planted problems of known truth.

`make_factory(7, Path("out"))` always writes the same folder: units, perhaps states and signals, perhaps a factory.toml.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from tests.factories import drivers, energy, gauge_table, losses, problems, time_losses, together, writing
from tests.factories.columns import Names, build
from tests.factories.made import RULES, MadeFactory, Planted, Series, Sheet
from tests.factories.plant_floor import Floor, ar1, make_plan, sensor, wander
from tests.factories.problems import Job, moment
from tests.factories.world import World, make_world
from tests.factories.writing import Style, quoted

PLANTERS = {
    "missing_data": problems.missing_data,
    "stuck_sensor": problems.stuck_sensor,
    "duplicate_rows": problems.duplicate_rows,
    "unit_flip": problems.unit_flip,
    "sentinel_value": problems.sentinel_value,
    "dead_channel": problems.dead_channel,
    "mean_shift": problems.mean_shift,
    "drift": problems.drift,
    "off_centre": problems.off_centre,
    "excess_spread": problems.excess_spread,
    "driver": drivers.driver,
    "downtime": problems.downtime,
    "minor_stops": time_losses.minor_stops,
    "slow_cycle": time_losses.slow_cycle,
    "changeover": time_losses.changeover,
    "early_warning": together.early_warning,
    "monitor_alarm": together.monitor_alarm,
    "out_of_control": together.out_of_control,
    "impossible_time": together.impossible_time,
}
# Planted when all units are what they will be: they measure what the shop did.
LATE = ("energy_per_piece", "idle_energy", "peak_demand", "gauge")
# How a firm writes its verdict: header (ko, en), good, bad.
VERDICTS = (
    ("판정", "result", "OK", "NG"),
    ("판정", "judgement", "양품", "불량"),
    ("검사결과", "inspection", "합격", "불합격"),
    ("불량여부", "defect", "0", "1"),
    ("불량", "is_defect", "N", "Y"),
    ("합격여부", "PassOrFail", "Y", "N"),
    ("양불판정", "pass_fail", "pass", "fail"),
    ("불량코드여부", "NG", "0", "1"),
)
STATES = {
    "ko": {"running": "가동", "idle": "대기", "setup": "준비교체", "down": "고장", "planned": "계획정지"},
    "en": {state: state for state in ("running", "idle", "setup", "down", "planned")},
}


def make_factory(
    seed: int, into: Path, rules: tuple[str, ...] | None = None, traps: tuple[str, ...] = (), wide: bool = False
) -> MadeFactory:
    """Write the factory of that seed under `into`.

    `rules` are the problems to plant: `()` makes a healthy factory; `None` plants the rule number `seed` mod 12 and up to two
    more. The problems that the first plan cannot carry (no specification, too few rows) are tried on another plan. `traps` are
    healthy habits of `time_losses.TRAPS` that look like a loss of time. `wide` makes the factory in the wide world of `world.py`:
    all rules of the catalogue, short histories, meters, a gauge study; `None` then plants rule number `seed` mod 23 and up to
    three more.
    """
    folder = into / f"factory-{seed:05d}{'-null' if rules == () else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    world = make_world(seed, rules == (), rules) if wide else None
    for attempt in range(40 if world is None else 120):
        rng = np.random.default_rng([seed, attempt, (0 if rules == () else 1) + (2 if wide else 0)])
        wanted = world.wanted if world is not None else _wanted(rng, seed) if rules is None else rules
        plan = make_plan(rng)
        floor, names = build(rng, plan if world is None else world.narrowed(plan, rng))
        job = Job(rng=rng, floor=floor, sheets=[floor.units])
        goes_together = world is not None and world.together
        if rng.random() < 0.3 or goes_together:
            job.sheets.append(_signals(rng, floor, names, awake=goes_together))
            if goes_together:
                together.correlated_signals(rng, job.sheets[1])
        for trap in traps if world is None else world.traps:
            time_losses.TRAPS[trap](job)
        planted = _plant(job, tuple(rule for rule in wanted if rule not in LATE))
        surroundings = None if planted is None or world is None else _surroundings(job, names, world)
        if world is not None and job.needs_spec and not world.stated:
            continue  # limits that nobody wrote down are no truth
        if planted is not None and (world is None or surroundings is not None):
            return _write(job, names, planted, folder, seed, world, surroundings)
    raise RuntimeError(f"no plan of seed {seed} can carry {wanted}")


def _wanted(rng: np.random.Generator, seed: int) -> tuple[str, ...]:
    chosen = [RULES[seed % len(RULES)]]
    weights = np.array([3.0 if rule == "driver" else 1.0 for rule in RULES])
    for _ in range(int(rng.choice([0, 1, 2], p=[0.4, 0.35, 0.25]))):
        extra = str(rng.choice(RULES, p=weights / weights.sum()))
        if extra not in chosen or extra not in ("duplicate_rows", "downtime", "driver"):
            chosen.append(extra)
    return tuple(chosen)


@dataclass(kw_only=True)
class Surroundings:
    """What the wide world adds: the meter's sheet, the contract to state, and what was planted there."""

    meter: Sheet | None = None
    contract: float | None = None
    planted: list[Planted] = field(default_factory=list)


def _surroundings(job: Job, names: Names, world: World) -> Surroundings | None:
    """Meters and the energy of the units; `None` where this shop cannot carry what is wanted."""
    made, rng = Surroundings(), job.rng
    wanted = next((rule for rule in LATE[:3] if rule in world.wanted), None)
    if not world.meter:
        return made
    in_units = rng.random() < (0.5 if wanted == "energy_per_piece" else 0.25 if wanted is None else 0.0)
    if wanted == "energy_per_piece" and np.unique(job.units.when // 86400).size < 25:
        return None
    if in_units:
        truth = energy.by_unit(job, names, wanted is not None)
    else:
        found = energy.plant(job, names, wanted, world.stated)
        if found is None:
            return None
        made.meter, truth, made.contract = found
    made.planted += [truth] if truth is not None else []
    return made


def _plant(job: Job, wanted: tuple[str, ...]) -> list[Planted] | None:
    """Plant them, those that move rows or draw on clean columns first; `None` when one does not fit."""
    order = {
        "minor_stops": 0,
        "slow_cycle": 0,
        "changeover": 0,
        "downtime": 0,
        "driver": 1,
        "early_warning": 1,
        "monitor_alarm": 1,
        "off_centre": 2,
        "excess_spread": 2,
        "duplicate_rows": 9,
    }
    planted: list[Planted] = []
    for rule in sorted(wanted, key=lambda name: order.get(name, 5)):
        for _ in range(12):
            before = losses.state_of(job)
            made = PLANTERS[rule](job)
            if made is not None:
                planted.append(losses.with_loss(made, before, job))
                break
        else:
            return None
    return planted


def _signals(rng: np.random.Generator, floor: Floor, names: Names, awake: bool = False) -> Sheet:
    """Readings of one machine at an even pace; at night the logger sleeps (always with `awake`), or logs the cold machine."""
    windows = floor.windows
    pace = float(rng.choice([30, 60, 300, 600]))
    horizon = min(windows[-1][1], windows[0][0] + pace * float(rng.integers(6000, 20000)))
    when = np.arange(windows[0][0], horizon, pace)
    place = np.searchsorted([begin for begin, _ in windows], when, side="right") - 1
    on = (place >= 0) & (when < np.array([end for _, end in windows])[np.maximum(place, 0)])
    sleeps = rng.random() < 0.5 or awake
    if sleeps:
        when, on = when[on], on[on]
    asset = np.zeros(when.size, dtype=np.int64)
    sheet = Sheet(name="signals", when=when, asset=asset, product=asset, assets=(floor.units.assets[0],),
                  products=("",), series=[], since_start=np.full(when.size, 1000))  # fmt: skip
    ambient = np.sin(2 * np.pi * ((when % 86400) / 86400 - 0.375)) + 0.4 * wander(rng, when, 50.0)
    channels = floor.plan.process.sensors
    for number in rng.permutation(len(channels))[: int(rng.integers(3, len(channels) + 1))]:
        channel = channels[number]
        name = names.channel(replace(channel, ko=channel.ko + "_PV", en=channel.en + "_pv"))
        made = sensor(rng, sheet, channel, name, None, ambient)
        if not sleeps:
            resting = float(rng.choice([0.0, round(channel.level * 0.4, channel.decimals)]))
            cold = resting + (0.0 if resting == 0 else 1.0) * channel.spread * ar1(rng, when.size, 0.9)
            made.values = np.where(on, made.values, cold)
            made.centre, made.fickle = None, True
        sheet.series.append(made)
    return sheet


def _verdict(job: Job, names: Names, planted: list[Planted]) -> Series | None:
    """Good or bad, unit by unit; units outside a planted specification are bad in half of the factories."""
    rng, sheet = job.rng, job.units
    if not job.floor.plan.has_defects:
        return None
    bad = rng.random(sheet.when.size) < job.floor.rate
    gauged = {one.column for one in planted if one.rule in ("off_centre", "excess_spread")}
    if rng.random() < 0.5:
        for series in sheet.series:
            if series.header in gauged and series.lower is not None and series.upper is not None:
                bad |= (series.values < series.lower) | (series.values > series.upper)
    ko, en, good, wrong = VERDICTS[int(rng.integers(len(VERDICTS)))]
    texts = np.where(bad, wrong, good).astype(object)
    return Series(key="verdict", header=names.plain(ko, en), role="defect", values=texts)


def _ordinary_gaps(job: Job) -> None:
    """A few empty cells here and there (at most 1 %), and in some shops only every fifth part is measured."""
    rng = job.rng
    for sheet in job.sheets:
        n = sheet.when.size
        for series in sheet.series:
            if series.header in job.taken or series.role in ("id", "count"):
                continue
            if series.role == "quality" and series.header not in job.needs_spec and rng.random() < 0.1:
                gone = np.arange(n) % 5 != 0
            elif rng.random() < 0.3:
                gone = rng.random(n) < rng.uniform(0.0005, 0.01)
            else:
                continue
            series.values = series.values.copy()
            series.values[gone] = None if series.values.dtype == object else np.nan


def _write(
    job: Job, names: Names, planted: list[Planted], folder: Path, seed: int, world: World | None = None,
    around: Surroundings | None = None,
) -> MadeFactory:  # fmt: skip
    rng, units, plan = job.rng, job.units, job.floor.plan
    verdict = _verdict(job, names, planted)
    planted = [losses.with_rejects(one, job) for one in planted] + (around.planted if around else [])
    late = None
    if world is not None and world.leak and verdict is not None:
        late = together.late_column(job, names, verdict.values == _bad_of(verdict))
    _ordinary_gaps(job)
    style = writing.readable(writing.make_style(rng, units.when.size), job.sheets)
    headers = {
        "time": names.plain(
            *_choice(
                rng, ("일시", "timestamp"), ("생산시각", "time"), ("등록일시", "date_time"), ("작업일시", "TimeStamp")
            )
        ),
        "asset": names.plain(*_choice(rng, ("설비", "machine"), ("호기", "equip_name"), ("설비명", "line"))),
        "product": names.plain(*_choice(rng, ("품번", "product"), ("제품코드", "item_no"), ("품명", "part_name"))),
    }
    frame = _units_frame(rng, units, verdict, headers, style, late)
    files = {"units": writing.write_table(frame, folder / str(rng.choice(["units", "생산실적", "production"])), style)}
    if len(job.sheets) > 1:
        files["signals"] = _write_signals(rng, job.sheets[1], folder, replace(style, grouped=False), headers)
    reasons = None
    if any(one.rule == "downtime" for one in planted) or rng.random() < 0.5:
        files["states"], reasons = _write_states(rng, job, folder, style)
    limits = None
    if around is not None and around.meter is not None:
        files["meter"] = _write_meter(rng, around.meter, folder, replace(style, grouped=False), headers)
    if world is not None and world.gauge:
        files["gauge"], poor, limits = gauge_table.write_gauge(job, folder, style, "gauge" in world.wanted)
        planted = planted + ([poor] if poor is not None else [])
    prices = _write_toml(rng, job, folder, files, headers, verdict, world, around.contract if around else None, limits)
    truth = [_as_written(one, job, headers, verdict, files, reasons) for one in planted]
    truth = [losses.with_worth(one, prices, job) for one in truth]
    return MadeFactory(
        folder=folder, seed=seed, process=plan.process.name, rows=frame.height, planted=tuple(truth),
        span=(moment(units.when[0]), moment(units.when[-1])),
        traits={"machines": plan.machines, "products": plan.products, "weeks": plan.weeks, "shifts": plan.shifts,
                "names": plan.style, "suffix": style.suffix, "encoding": style.encoding, "separator": style.separator,
                "clock": style.clock, "columns": frame.width, "toml": (folder / "factory.toml").exists(),
                "priced": bool(prices), "short": plan.weeks <= 2, "world": None if world is None else asdict(world),
                "files": sorted(path.name for path in folder.iterdir())},
    )  # fmt: skip


def _choice(rng: np.random.Generator, *names: tuple[str, str]) -> tuple[str, str]:
    return names[int(rng.integers(len(names)))]


def _units_frame(
    rng: np.random.Generator,
    sheet: Sheet,
    verdict: Series | None,
    headers: dict[str, str],
    style: Style,
    late: Series | None,
) -> pl.DataFrame:
    clock = sheet.when if sheet.stamp is None else np.where(np.isnan(sheet.stamp), sheet.when, sheet.stamp)
    columns = [writing.time_column(headers["time"], clock, style)]
    if len(sheet.assets) > 1 or rng.random() < 0.5:
        columns.append(pl.Series(headers["asset"], [sheet.assets[code] for code in sheet.asset]))
    if len(sheet.products) > 1 or rng.random() < 0.5:
        columns.append(pl.Series(headers["product"], [sheet.products[code] for code in sheet.product]))
    columns += [writing.column(series) for series in sheet.series]
    if verdict is not None:
        made = writing.column(verdict)
        columns.append(made.cast(pl.Int64) if set(made.unique()) <= {"0", "1"} else made)
    if late is not None:
        columns.append(writing.column(late))
    return pl.DataFrame(columns)[writing.row_order(sheet, style)]


def _write_signals(rng: np.random.Generator, sheet: Sheet, folder: Path, style: Style, headers: dict[str, str]) -> Path:
    frame = pl.DataFrame([writing.time_column(headers["time"], sheet.when, style), *map(writing.column, sheet.series)])
    if rng.random() < 0.4:
        floats = frame.with_columns(pl.col(series.header).cast(pl.Float64) for series in sheet.series)
        name, value = _choice(rng, ("signal", "value"), ("태그", "값"), ("tag", "val"))
        frame = floats.with_row_index("row").unpivot(
            index=["row", headers["time"]],
            on=[series.header for series in sheet.series],
            variable_name=name,
            value_name=value,
        )
        frame = frame.sort("row", maintain_order=True).drop("row")
    return writing.write_table(frame, folder / "signals", style)


def _bad_of(verdict: Series) -> str:
    """How this firm writes bad: the rare one ("Y" is good in one firm and bad in another)."""
    words, counts = np.unique(verdict.values.astype(str), return_counts=True)
    return str(words[np.argmin(counts)])


def _write_meter(rng: np.random.Generator, sheet: Sheet, folder: Path, style: Style, headers: dict[str, str]) -> Path:
    frame = pl.DataFrame([writing.time_column(headers["time"], sheet.when, style), *map(writing.column, sheet.series)])
    return writing.write_table(frame, folder / str(rng.choice(["energy", "전력", "meter"])), style)


def _write_states(rng: np.random.Generator, job: Job, folder: Path, style: Style) -> tuple[Path, list[str]]:
    korean = job.floor.plan.style != "en"
    words = STATES["ko" if korean else "en"]
    reasons = [ko if korean else en for ko, en in job.floor.plan.process.stop_reasons]
    log = sorted(job.floor.stops, key=lambda stop: (stop.start, stop.asset))
    rest = rng.random() < 0.7  # does the log hold planned breaks, or only what happens in working time
    log = [stop for stop in log if rest or stop.state != "planned"]
    start, end, asset, state, reason = (
        ("시작", "종료", "설비", "상태", "사유") if korean else ("start", "end", "machine", "state", "reason")
    )
    frame = pl.DataFrame([
        writing.time_column(start, np.array([stop.start for stop in log]), style),
        writing.time_column(end, np.array([stop.end for stop in log]), style),
        pl.Series(asset, [job.units.assets[stop.asset] for stop in log]),
        pl.Series(state, [words[stop.state] for stop in log]),
        pl.Series(reason, [reasons[stop.reason] if stop.reason >= 0 else None for stop in log], dtype=pl.String),
    ])  # fmt: skip
    return writing.write_table(frame, folder / str(rng.choice(["states", "가동이력", "stops"])), style), reasons


def _write_toml(
    rng: np.random.Generator, job: Job, folder: Path, files: dict[str, Path], headers: dict[str, str], verdict: Series | None,
    world: World | None, contract: float | None, gauge: tuple[str, float, float] | None,
) -> dict[str, float]:  # fmt: skip
    """None, part or all of factory.toml; the limits that a planted problem needs are always stated. The costs it states."""
    amount = str(rng.choice(["none", "costs", "limits", "full"], p=[0.5, 0.15, 0.2, 0.15]))
    if world is not None:
        amount = str(rng.choice(["costs", "limits", "full"])) if world.stated else "none"
    stated = set(job.needs_spec)
    if amount in ("limits", "full"):
        stated |= {series.header for series in job.units.series if series.lower is not None}
    if amount == "none" and not stated:
        return {}
    text = ""
    prices: dict[str, float] = {}
    if amount != "none":
        text += f'[factory]\nname = "시험공장 {job.floor.plan.process.machine}"\nregion = "광주"\n'
        text += 'timezone = "Asia/Seoul"\ncurrency = "KRW"\n\n'
        prices = {"defect": int(rng.integers(5, 90)) * 100, "machine_hour": int(rng.integers(20, 80)) * 1000}
        if world is not None:
            prices["energy_kwh"] = int(rng.integers(11, 22)) * 10
        text += "[costs]\n" + "".join(f"{name} = {price}\n" for name, price in prices.items())
        text += f"\n[energy]\ncontract_kw = {contract}\n" if contract else ""
    if amount == "full":
        text += (
            f'\n[[tables]]\nfile = {quoted(files["units"].name)}\nkind = "units"\ntime = {quoted(headers["time"])}\n'
        )
        if len(job.units.assets) > 1:
            text += f"asset_column = {quoted(headers['asset'])}\n"
        else:
            text += f"asset = {quoted(job.units.assets[0])}\n"
        if len(job.units.products) > 1:
            text += f"product_column = {quoted(headers['product'])}\n"
    text += writing.columns_toml(job.units.series, verdict.header if verdict else None, amount == "full", stated)
    if amount in ("limits", "full") and gauge is not None and gauge[2] > gauge[1]:
        text += f'\n[columns.{quoted(gauge[0])}]\nrole = "quality"\nlower = {gauge[1]}\nupper = {gauge[2]}\n'
    (folder / "factory.toml").write_text(text, encoding="utf-8")
    return prices


def _as_written(
    one: Planted,
    job: Job,
    headers: dict[str, str],
    verdict: Series | None,
    files: dict[str, Path],
    reasons: list[str] | None,
) -> Planted:
    """The truth in the words of the files."""
    changed: dict[str, object] = {"table": files[one.table].name}
    if one.outcome == "verdict" and verdict is not None:
        changed["outcome"] = verdict.header
    if one.column == "asset":
        changed["column"] = headers["asset"]
    if one.rule in ("off_centre", "excess_spread") and one.kind == "one machine":
        changed["also"] = (headers["asset"],)  # parts outside the limits are bad there: the machine explains defects
        changed["outcome"] = verdict.header if verdict is not None else None
    if one.column == "start_up":
        changed["also"] = (*one.also, headers["time"])
    if one.rule == "downtime" and reasons is not None and one.level is not None:
        changed["level"] = reasons[int(one.level)]
    return replace(one, **changed)  # type: ignore[arg-type]

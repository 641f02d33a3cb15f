"""The columns of a healthy factory's units table: settings, sensors, context, quality, and many that say nothing."""

import numpy as np
from tests.factories import plant_floor as floor
from tests.factories.made import Series, Sheet
from tests.factories.plant_floor import DAY, Floor, Plan
from tests.factories.processes import Channel


class Names:
    """Headers in the style of the house, each given once."""

    def __init__(self, rng: np.random.Generator, style: str) -> None:
        self._rng, self._style, self._used = rng, style, set[str]()
        self._unit_style = str(rng.choice(["none", "none", "(u)", " [u]", "_u"]))
        self._code = str(rng.choice(["T{}", "P_{:02d}", "ch{}", "AI_{:03d}", "D{:04d}"]))
        self._upper = rng.random() < 0.2

    def channel(self, channel: Channel) -> str:
        """A measured quantity: may be a bare code, may carry its unit."""
        if self._style == "code":
            return self._once(self._code.format(len(self._used) + 1))
        name = self.plain(channel.ko, channel.en, once=False)
        if self._unit_style != "none" and channel.unit not in ("", "pH") and self._rng.random() < 0.8:
            name += self._unit_style.replace("u", channel.unit)
        return self._once(name)

    def plain(self, ko: str, en: str, once: bool = True) -> str:
        """A name in words."""
        korean = self._style == "ko" or (self._style != "en" and self._rng.random() < 0.5)
        english = en.upper() if self._upper else en
        return self._once(ko if korean else english) if once else (ko if korean else english)

    def _once(self, name: str) -> str:
        while name in self._used:
            name += "_2"
        self._used.add(name)
        return name


def build(rng: np.random.Generator, plan: Plan) -> tuple[Floor, Names]:
    """A healthy factory from its plan, all columns but the verdict."""
    sheet, stops, windows = floor.skeleton(rng, plan)
    names = Names(rng, plan.style)
    ambient = floor.weather(rng, sheet.when)
    process = plan.process
    columns = sheet.series
    knobs = {}
    for channel in process.settings[: int(rng.integers(1, len(process.settings) + 1))]:
        knob = floor.setting(rng, sheet, channel, names.channel(channel))
        knobs[channel.en.removesuffix("_set")] = knob
        columns.append(knob)
    for place in np.sort(rng.permutation(len(process.sensors))[: int(rng.integers(3, len(process.sensors) + 1))]):
        channel = process.sensors[place]
        knob = knobs.get(channel.en) or knobs.get(channel.en.rstrip("_1"))
        columns.append(floor.sensor(rng, sheet, channel, names.channel(channel), knob, ambient))
    _context(rng, plan, sheet, names, ambient, columns)
    for channel in floor.bystander_channels(rng, plan.noise_columns):
        columns.append(_bystander(rng, sheet, channel, names))
    for place in rng.permutation(len(process.qualities))[: int(rng.integers(1, len(process.qualities) + 1))]:
        channel = process.qualities[place]
        header = names.channel(channel) if rng.random() < 0.5 else names.plain(channel.ko, channel.en)
        columns.append(floor.quality(rng, sheet, channel, header))
    rate = floor.base_rate(rng, plan, sheet)
    return Floor(plan=plan, units=sheet, stops=stops, rate=rate, ambient=ambient, windows=windows), names


def _context(
    rng: np.random.Generator, plan: Plan, sheet: Sheet, names: Names, ambient: np.ndarray, columns: list[Series]
) -> None:
    """Operators by shift, suppliers by lot, cavities, counters, tools, the hall's air; each only in some factories."""
    n = sheet.when.size
    hour = (sheet.when % DAY) / 3600
    shift = np.where((hour >= 8) & (hour < 18), 0, 1)
    if rng.random() < 0.4:
        texts = np.array(["주간", "야간"] if plan.style != "en" else ["DAY", "NIGHT"], dtype=object)
        columns.append(_text("shift", names.plain("근무조", "shift"), texts[shift]))
    if rng.random() < 0.5:
        people = np.array(
            rng.permutation(["김영수", "이정호", "박민재", "최은지", "정하늘", "OP5", "OP6", "한수빈"])[:6],
            dtype=object,
        )
        week = ((sheet.when - plan.start) // (7 * DAY)).astype(int)
        crew = (shift * 3 + (week + sheet.asset + rng.integers(0, 2, n) * (rng.random(n) < 0.1)) % 3) % 6
        columns.append(_text("operator", names.plain("작업자", "operator"), people[crew]))
    lot_length = max(20.0, n / plan.machines / rng.integers(18, 40))
    level, number = floor.lots(rng, sheet, ["a"] * int(rng.integers(3, 6)), lot_length)
    if rng.random() < 0.65:
        firms = np.array(["S1", "S2", "S3", "S4", "S5"] if rng.random() < 0.5 else
                         ["대성소재", "한빛화학", "동진", "POLYKOR", "신우"], dtype=object)  # fmt: skip
        columns.append(_text("supplier", names.plain("원료업체", "supplier"), firms[level]))
    if rng.random() < 0.4:
        columns.append(
            _text("lot", names.plain("자재LOT", "material_lot"), np.array([f"L{k}" for k in number], dtype=object))
        )
    if rng.random() < 0.3:
        cavities = int(rng.choice([2, 4, 8]))
        columns.append(_number("cavity", names.plain("캐비티", "cavity"), "context", 1.0 + np.arange(n) % cavities, 0))
    if rng.random() < 0.45:
        key = sheet.asset * 10**6 + ((sheet.when - plan.start) // DAY).astype(np.int64)
        columns.append(_number("count", names.plain("일생산순번", "count"), "count", _running_number(key), 0))
    if rng.random() < 0.35:
        columns.append(
            _number("tool", names.plain("공구사용횟수", "tool_count"), "context", floor.tool_count(rng, sheet), 0)
        )
    if rng.random() < 0.5:
        air = 22 + 3.0 * ambient + rng.normal(0, 0.2, n)
        columns.append(_number("ambient", names.plain("실내온도", "ambient_temp"), "context", air, 1, unit="°C"))
    if rng.random() < 0.3:
        wet = 48 - 6 * ambient + 3 * floor.wander(rng, sheet.when, 24.0) + rng.normal(0, 0.6, n)
        columns.append(_number("humidity", names.plain("실내습도", "humidity"), "context", wet, 1, unit="%"))
    if rng.random() < 0.4:
        columns.append(_number("serial", names.plain("시리얼", "serial_no"), "id", 100000.0 + np.arange(n), 0))


def _bystander(rng: np.random.Generator, sheet: Sheet, channel: Channel, names: Names) -> Series:
    made = floor.sensor(rng, sheet, channel, names.channel(channel), None, np.zeros(sheet.when.size))
    made.noise = True
    return made


def _running_number(key: np.ndarray) -> np.ndarray:
    """1, 2, 3 … within each key, rows in order."""
    order = np.argsort(key, kind="stable")
    index = np.arange(key.size)
    fresh = np.concatenate([[True], np.diff(key[order]) != 0])
    out = np.zeros(key.size)
    out[order] = index - np.maximum.accumulate(np.where(fresh, index, 0)) + 1
    return out


def _text(key: str, header: str, values: np.ndarray) -> Series:
    return Series(key=key, header=header, role="context", values=values, fickle=True)


def _number(key: str, header: str, role: str, values: np.ndarray, decimals: int, unit: str = "") -> Series:
    return Series(key=key, header=header, role=role, values=values, decimals=decimals, unit=unit, fickle=True)

"""Small synthetic tables with the headers of Korean MES, PLC and ERP exports (and some others), each with its right roles.

A column is (header, values, right roles parted by "|"). Values come from the makers below and a seeded generator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

Maker = Callable[[np.random.Generator, int], pl.Series]
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ShopTable:
    """One table and its right answer."""

    name: str
    kind: str
    columns: tuple[tuple[str, Maker, str], ...]
    rows: int = 1500
    time: str | None = None
    asset: str | None = None
    product: str | None = None
    bad: tuple[str, ...] = ()

    def frame(self, seed: int = 7) -> pl.DataFrame:
        """The rows."""
        rng = np.random.default_rng(seed)
        return pl.DataFrame([make(rng, self.rows).alias(header) for header, make, _ in self.columns])


def _times(moments: list[datetime]) -> pl.Series:
    return pl.Series(moments, dtype=pl.Datetime("us", "UTC"))


def clock(step: float, jitter: float = 0.0) -> Maker:
    """A time every `step` seconds, give or take `jitter`."""

    def make(rng: np.random.Generator, n: int) -> pl.Series:
        gaps = step + rng.uniform(-jitter, jitter, n)
        return _times([START + timedelta(seconds=float(s)) for s in np.cumsum(gaps).round(0 if step > 1 else 3)])

    return make


def days(rows_a_day: int) -> Maker:
    """The date of the row, without a time of day."""
    midnight = START.replace(hour=15)  # 00:00 in Korea
    return lambda rng, n: _times([midnight + timedelta(days=i // rows_a_day) for i in range(n)])


def ends(step: float) -> Maker:
    """The end of each interval of `clock(step)`, exactly where the next one starts."""
    return lambda rng, n: _times([START + timedelta(seconds=step * (i + 2)) for i in range(n)])


def tonic(step: float) -> Maker:
    """A time of day every `step` seconds."""
    return lambda rng, n: pl.Series([(START + timedelta(seconds=step * i)).time() for i in range(n)])


def mixed(*levels: str) -> Maker:
    """A level at random in every row."""
    return lambda rng, n: pl.Series(rng.choice(list(levels), n))


def campaign(levels: tuple[str, ...], every: int) -> Maker:
    """A level held for `every` rows."""
    return lambda rng, n: pl.Series([levels[(i // every) % len(levels)] for i in range(n)])


def lots(every: int, form: str = "L2603-{:03d}") -> Maker:
    """Lots that follow one another."""
    return lambda rng, n: pl.Series([form.format(i // every) for i in range(n)])


def same(value: str) -> Maker:
    """Always the same text."""
    return lambda rng, n: pl.Series([value] * n)


def normal(mean: float, sd: float, digits: int = 1) -> Maker:
    """Independent readings."""
    return lambda rng, n: pl.Series(rng.normal(mean, sd, n).round(digits))


def wander(mean: float, sd: float, digits: int = 1) -> Maker:
    """Readings that depend on the one before."""

    def make(rng: np.random.Generator, n: int) -> pl.Series:
        steps = rng.normal(0, sd * 0.3, n)
        level = np.empty(n)
        level[0] = 0.0
        for i in range(1, n):
            level[i] = 0.95 * level[i - 1] + steps[i]
        return pl.Series((mean + level).round(digits))

    return make


def by(header_levels: tuple[str, ...], every: int, means: tuple[float, ...], sd: float) -> Maker:
    """Readings whose level follows the campaign `campaign(header_levels, every)`."""
    return lambda rng, n: pl.Series([round(means[(i // every) % len(means)] + rng.normal(0, sd), 1) for i in range(n)])


def steps(values: tuple[float, ...], every: int) -> Maker:
    """A setting changed now and then."""
    return lambda rng, n: pl.Series(np.repeat(rng.choice(values, n // every + 1), every)[:n])


def counter(reset: int | None = None, first: int = 1) -> Maker:
    """A running number, starting again after `reset` rows."""
    return lambda rng, n: pl.Series([first + (i % reset if reset else i) for i in range(n)])


def pieces(most: int) -> Maker:
    """Whole numbers from 0."""
    return lambda rng, n: pl.Series(rng.integers(0, most + 1, n))


def flag(rate: float, bad: object = 1, good: object = 0) -> Maker:
    """`bad` in a share `rate` of the rows."""
    return lambda rng, n: pl.Series([bad if x else good for x in rng.random(n) < rate])


def sometimes(rate: float, *levels: str) -> Maker:
    """A level in a share `rate` of the rows, else nothing."""
    return lambda rng, n: pl.Series(
        [str(rng.choice(list(levels))) if x else None for x in rng.random(n) < rate], dtype=pl.String
    )


def daily(mean: float, swing: float, step: float) -> Maker:
    """Something that follows the hour of the day, a row every `step` seconds."""
    return lambda rng, n: pl.Series(
        (mean + swing * np.sin(np.arange(n) * step / 86400 * 2 * np.pi) + rng.normal(0, 0.2, n)).round(1)
    )


PARTS = ("A1200", "B3100", "C7700")

TABLES = (
    ShopTable(
        name="injection MES in Korean",
        kind="units",
        time="생산일시",
        asset="설비명",
        product="품번",
        bad=("ng",),
        columns=(
            ("생산일시", clock(45, 10), "time"),
            ("설비명", mixed("사출1호기", "사출2호기", "사출3호기"), "asset"),
            ("품번", campaign(PARTS, 250), "product"),
            ("금형번호", campaign(("M-11", "M-12"), 400), "context|product"),
            ("LOT NO", lots(120), "context"),
            ("작업자", mixed("김철수", "이영희", "박민수"), "context"),
            ("실린더온도1(℃)", wander(230, 3), "sensor|setting"),
            ("금형온도(℃)", wander(60, 2), "sensor"),
            ("사출압력(bar)", normal(980, 12), "sensor"),
            ("보압설정(bar)", steps((60.0, 62.0, 65.0), 300), "setting"),
            ("냉각시간(초)", steps((12.0, 13.0), 500), "setting|sensor"),
            ("사이클타임(초)", normal(34, 0.4, 2), "sensor"),
            ("외기온도", daily(15, 6, 45), "context"),
            ("제품중량(g)", normal(52.4, 0.3, 2), "quality"),
            ("양불판정", flag(0.03, "NG", "OK"), "defect"),
        ),
    ),
    ShopTable(
        name="units of the design page",
        kind="units",
        time="time",
        asset="machine",
        product="product",
        bad=("1",),
        columns=(
            ("time", clock(60, 15), "time"),
            ("machine", mixed("INJ-01", "INJ-02"), "asset"),
            ("product", campaign(PARTS, 300), "product"),
            ("barrel_temp", normal(232, 2), "sensor|setting"),
            ("mold_temp", wander(60, 1), "sensor"),
            ("cast_pressure", normal(95, 1), "sensor"),
            ("cooling_time", steps((12.0, 14.0), 400), "setting|sensor"),
            ("supplier", campaign(("S1", "S2", "S3"), 170), "context"),
            ("lot", lots(85), "context"),
            ("operator", mixed("kim", "lee", "park"), "context"),
            ("shift", campaign(("day", "night"), 480), "context"),
            ("ambient_humidity", daily(55, 10, 60), "context"),
            ("weight", normal(48, 0.2, 2), "quality"),
            ("energy_kwh", normal(0.42, 0.02, 3), "energy"),
            ("shot_no", counter(400), "count|id"),
            ("defect", flag(0.04), "defect"),
        ),
    ),
    ShopTable(
        name="units with meaningless headers",
        kind="units",
        time="col_1",
        asset="col_2",
        product="col_3",
        bad=("1",),
        columns=(
            ("col_1", clock(60, 15), "time"),
            ("col_2", mixed("INJ-01", "INJ-02"), "asset"),
            ("col_3", campaign(PARTS, 300), "product"),
            ("col_4", by(PARTS, 300, (225.0, 232.0, 240.0), 1.5), "sensor|setting|quality"),
            ("col_5", wander(60, 1), "sensor|quality"),
            ("col_6", steps((12.0, 14.0), 400), "setting"),
            ("col_7", campaign(("S1", "S2", "S3"), 170), "context"),
            ("col_8", lots(85), "context"),
            ("col_9", normal(48, 0.2, 2), "sensor|quality"),
            ("col_10", flag(0.04), "defect"),
        ),
    ),
    ShopTable(
        name="units with X headers and words in the verdict",
        kind="units",
        time="X1",
        product="X2",
        bad=("fail",),
        columns=(
            ("X1", clock(30, 8), "time"),
            ("X2", campaign(PARTS, 200), "product"),
            ("X3", by(PARTS, 200, (80.0, 95.0, 88.0), 0.6), "sensor|setting|quality"),
            ("X4", by(PARTS, 200, (5.0, 7.0, 6.0), 0.2), "sensor|setting|quality"),
            ("X5", normal(3.3, 0.1, 2), "sensor|quality"),
            ("X6", counter(), "id"),
            ("X7", flag(0.05, "Fail", "Pass"), "defect"),
        ),
    ),
    ShopTable(
        name="press strokes",
        kind="units",
        time="작업일시",
        asset="프레스호기",
        product="제품코드",
        bad=("y",),
        columns=(
            ("No", counter(), "id"),
            ("작업일시", clock(4, 1), "time"),
            ("프레스호기", mixed("P1호기", "P2호기"), "asset"),
            ("제품코드", campaign(("ED5260", "ED5270"), 500), "product"),
            ("타발수", counter(700), "count"),
            ("좌하중(톤)", normal(275, 2), "sensor"),
            ("우하중(톤)", normal(274, 2), "sensor"),
            ("슬라이드높이설정(mm)", steps((310.2, 310.4), 600), "setting"),
            ("불량여부", flag(0.02, "Y", "N"), "defect"),
        ),
    ),
    ShopTable(
        name="machining with a diameter",
        kind="units",
        time="측정일시",
        asset="설비코드",
        product="품명",
        bad=("불합격",),
        columns=(
            ("측정일시", clock(90, 20), "time"),
            ("설비코드", mixed("CNC-01", "CNC-02", "CNC-03"), "asset"),
            ("품명", campaign(("샤프트", "플랜지"), 350), "product"),
            ("공구번호", campaign(("T01", "T02", "T03"), 90), "context|product"),
            ("스핀들속도_rpm", steps((3000.0, 3200.0), 350), "setting|sensor"),
            ("주축부하(%)", wander(43, 3), "sensor"),
            ("외경(mm)", normal(25.01, 0.004, 4), "quality"),
            ("표면조도(Ra)", normal(0.8, 0.06, 3), "quality"),
            ("판정", flag(0.03, "불합격", "합격"), "defect"),
        ),
    ),
    ShopTable(
        name="die casting with a defect type",
        kind="units",
        time="등록일시",
        product="금형코드",
        bad=("불량",),
        columns=(
            ("계획일자", days(400), "time"),
            ("등록일시", clock(110, 20), "time"),
            ("금형코드", campaign(("8412", "8573", "8722"), 260), "product"),
            ("쇼트수", counter(400), "count"),
            ("용탕온도", wander(715, 5), "sensor"),
            ("주조압력", normal(330, 6), "sensor"),
            ("고속속도(m/s)", normal(2.6, 0.05, 2), "sensor"),
            ("비스켓두께", normal(50, 3), "sensor|quality"),
            ("검사결과", flag(0.05, "불량", "양호"), "defect"),
            ("불량유형", sometimes(0.05, "기공", "미성형", "크랙"), "reason"),
        ),
    ),
    ShopTable(
        name="lots with pieces",
        kind="units",
        rows=400,
        time="작업시작",
        asset="로번호",
        product="강종",
        columns=(
            ("로트번호", lots(1, "HT26{:05d}"), "id"),
            ("작업시작", clock(5400, 900), "time|start"),
            ("로번호", mixed("1호로", "2호로"), "asset"),
            ("강종", campaign(("SCM440", "S45C"), 30), "product"),
            ("가열온도(℃)", wander(860, 4), "sensor|setting"),
            ("유지시간(분)", steps((90.0, 100.0), 60), "setting|sensor"),
            ("투입수량", pieces(500), "count"),
            ("불량수량", pieces(12), "count"),
            ("경도(HRC)", normal(52, 0.8), "quality"),
        ),
    ),
    ShopTable(
        name="downtime log",
        kind="states",
        rows=300,
        time="정지시작",
        asset="설비명",
        columns=(
            ("설비명", mixed("1호기", "2호기"), "asset"),
            ("정지시작", clock(1800), "start"),
            ("정지종료", ends(1800), "end"),
            ("정지시간(분)", normal(28, 5), "sensor"),
            ("비가동사유", mixed("금형교체", "자재대기", "설비고장", "청소"), "reason"),
        ),
    ),
    ShopTable(
        name="state log without telling headers",
        kind="states",
        rows=400,
        time="a",
        asset="c",
        columns=(
            ("a", clock(600), "start"),
            ("b", ends(600), "end"),
            ("c", mixed("INJ-01", "INJ-02"), "asset"),
            ("d", mixed("running", "idle", "setup", "down"), "state"),
            ("e", sometimes(0.4, "tool_change", "no_material", "jam"), "reason"),
        ),
    ),
    ShopTable(
        name="states every five minutes",
        kind="states",
        time="수집시각",
        asset="호기",
        columns=(
            ("수집시각", clock(300), "time"),
            ("호기", mixed("M1", "M2", "M3"), "asset"),
            ("가동상태", lambda rng, n: pl.Series(rng.integers(0, 4, n)), "state"),
            ("생산수량", pieces(12), "count"),
            ("알람", flag(0.02), "state|reason"),
            ("소비전력(kW)", normal(6, 1.5), "energy"),
        ),
    ),
    ShopTable(
        name="registers of a PLC",
        kind="signals",
        time="DateTime",
        columns=(
            ("DateTime", clock(1), "time"),
            ("D100", wander(180, 4), "sensor"),
            ("D102", wander(75, 2), "sensor"),
            ("D104", wander(1.2, 0.1, 3), "sensor"),
            ("D106", steps((180.0, 185.0), 400), "setting"),
            ("W200", wander(33, 1), "sensor"),
        ),
    ),
    ShopTable(
        name="set and process values",
        kind="signals",
        time="기록시간",
        columns=(
            ("기록시간", clock(5), "time"),
            ("EX1_Z1_SV", steps((210.0, 215.0), 700), "setting"),
            ("EX1_Z1_PV", wander(212, 2), "sensor"),
            ("EX1_Z2_SV", steps((220.0, 225.0), 700), "setting"),
            ("EX1_Z2_PV", wander(222, 2), "sensor"),
            ("스크류회전수(rpm)", wander(71, 0.5, 2), "sensor"),
            ("수지압력(kgf/cm2)", wander(140, 4), "sensor"),
        ),
    ),
    ShopTable(
        name="tags one below the other",
        kind="signals",
        time="수집시각",
        columns=(
            ("수집시각", lambda rng, n: _times([START + timedelta(seconds=10 * (i // 3)) for i in range(n)]), "time"),
            ("태그명", lambda rng, n: pl.Series([("온도1", "압력1", "전류1")[i % 3] for i in range(n)]), "signal"),
            (
                "측정값",
                lambda rng, n: pl.Series([(200.0, 50.0, 8.0)[i % 3] + rng.normal(0, 1) for i in range(n)]),
                "value",
            ),
            ("단위", lambda rng, n: pl.Series([("℃", "bar", "A")[i % 3] for i in range(n)]), "context|ignore|signal"),
        ),
    ),
    ShopTable(
        name="energy every quarter of an hour",
        kind="signals",
        time="측정일시",
        columns=(
            ("측정일시", clock(900), "time"),
            ("유효전력량(kWh)", normal(27, 6, 2), "energy"),
            ("무효전력량(kVarh)", normal(13, 4, 2), "energy"),
            ("역률(%)", normal(93, 2), "sensor|energy"),
            ("요일", campaign(("월", "화", "수", "목", "금", "토", "일"), 96), "context"),
            ("부하구분", campaign(("경부하", "중간부하", "최대부하"), 32), "context"),
        ),
    ),
    ShopTable(
        name="order book",
        kind="orders",
        rows=300,
        product="품번",
        columns=(
            ("수주번호", lots(1, "SO-2603-{:04d}"), "id"),
            ("고객사", mixed("한빛자동차", "대성전자", "미래산업"), "context"),
            ("품번", mixed(*PARTS), "product"),
            ("수주일자", days(6), "time"),
            ("납기일", days(5), "time|end"),
            ("수주량", pieces(900), "count"),
        ),
    ),
    ShopTable(
        name="gauge study in Korean",
        kind="gauge",
        rows=90,
        columns=(
            ("측정자", lambda rng, n: pl.Series([("A", "B", "C")[i // 30] for i in range(n)]), "context"),
            ("부품번호", lambda rng, n: pl.Series([i % 10 + 1 for i in range(n)]), "id"),
            ("반복", lambda rng, n: pl.Series([i // 10 % 3 + 1 for i in range(n)]), "count"),
            (
                "측정값(mm)",
                lambda rng, n: pl.Series([10 + i % 10 * 0.02 + rng.normal(0, 0.003) for i in range(n)]),
                "value",
            ),
        ),
    ),
    ShopTable(
        name="German press shop",
        kind="units",
        time="Zeitstempel",
        asset="Maschine",
        product="Artikel",
        bad=("1",),
        columns=(
            ("Zeitstempel", clock(20, 5), "time"),
            ("Maschine", mixed("M01", "M02"), "asset"),
            ("Artikel", campaign(("4711", "4712"), 300), "product"),
            ("Temperatur [°C]", wander(190, 3), "sensor"),
            ("Druck (bar)", normal(160, 2), "sensor"),
            ("Gewicht_g", normal(12.4, 0.1, 2), "quality"),
            ("Ausschuss", flag(0.03), "defect"),
        ),
    ),
    ShopTable(
        name="a flag that means good",
        kind="units",
        time="일시",
        bad=("0",),
        columns=(
            ("일시", clock(75, 20), "time"),
            ("배치", lots(60), "context"),
            ("건조온도(℃)", wander(85, 2), "sensor"),
            ("상대습도(%)", daily(50, 8, 75), "context"),
            ("수분율(%)", normal(3.2, 0.1, 2), "quality"),
            ("양품여부", flag(0.04, 0, 1), "defect"),
        ),
    ),
    ShopTable(
        name="labels of minus one and one",
        kind="units",
        time="Time",
        bad=("1",),
        columns=(
            ("Time", clock(600, 200), "time"),
            ("S001", normal(3000, 60, 2), "sensor"),
            ("S002", normal(0.12, 0.01, 4), "sensor"),
            ("S003", wander(55, 2), "sensor"),
            ("label", flag(0.06, 1, -1), "defect"),
        ),
    ),
    ShopTable(
        name="circles and crosses",
        kind="units",
        time="시간",
        asset="라인",
        bad=("x",),
        columns=(
            ("시간", clock(50, 12), "time"),
            ("라인", mixed("A라인", "B라인"), "asset"),
            ("토크(N·m)", normal(8.1, 0.1, 2), "sensor"),
            ("체결각도", normal(42, 2), "sensor"),
            ("판정", flag(0.02, "X", "O"), "defect"),
        ),
    ),
    ShopTable(
        name="a date beside a time of day",
        kind="signals",
        time="시각",
        columns=(
            ("일자", days(5000), "time"),
            ("시각", tonic(5), "time"),
            ("온도", wander(76, 3, 3), "sensor"),
            ("전류", wander(1.6, 0.1, 3), "sensor"),
        ),
    ),
)

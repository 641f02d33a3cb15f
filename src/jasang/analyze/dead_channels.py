"""Dead channels: columns of a sensor that never move, told from settings that were simply never changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A value is the constant of a column when this share of the rows has it: start-up and one stray row do not make a sensor alive.
NEARLY_ALL = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The one value of a column (`nan`: always blank) and the share of rows that have it."""

    value: float
    share: float
    rows: int


def constant(values: np.ndarray, *, least: int = 50) -> Constant | None:
    """The value that (nearly) all rows of `values` (float64, shape (n,), NaN = blank) have; `None` when the column moves.

    Blank rows count against the share unless all rows are blank. Fewer than `least` rows prove nothing.
    """
    if values.size < least:
        return None
    blank = int(np.isnan(values).sum())
    if blank == values.size:
        return Constant(value=float("nan"), share=1.0, rows=blank)
    if blank > 0.5 * values.size:
        return None
    value = float(np.nanmedian(values[:10_001])) if values.size > 10_001 else float(np.nanmedian(values))
    same = int((values == value).sum())
    share = same / (values.size - blank)
    return Constant(value=value, share=share, rows=same) if share >= NEARLY_ALL else None


def family(name: str) -> str:
    """The name without its number: `Mold_Temperature_12` and `mold_temp 3` belong to `mold_temperature_#`, `mold_temp #`."""
    return re.sub(r"\d+", "#", name.strip().lower())


def sisters(name: str, names: Sequence[str]) -> list[str]:
    """The other columns of the same family; a name without a number has none."""
    own = family(name)
    return [other for other in names if other != name and family(other) == own] if "#" in own else []


_SETTING = re.compile(
    r"(?<![a-z])(set|sv|sp|setpoint|target|limit|spec|std|standard|recipe|preset|usl|lsl|mode|no)(?![a-z])|die.?height"
    r"|다이 ?하이트|설정|목표|기준|규격|한계|상한|하한|번호|모드|레시피",
    re.I,
)


def named_as_setting(name: str) -> bool:
    """Whether the name says that people choose the value (set, SV, target, 설정 …)."""
    return bool(_SETTING.search(name.replace("_", " ")))


_MEASURED = re.compile(
    r"temp|press|flow|current|speed|vibra|level|humid|volt|torque|load|force|sensor|actual|(?<![a-z])(pv|ph|rpm|act|mv)(?![a-z])"
    r"|온도|로온|유온|압력|유량|전류|전압|진동|습도|하중|부하|토크|속도|회전수|센서|측정|현재|농도|수위",
    re.IGNORECASE,
)


def named_as_measured(name: str) -> bool:
    """Whether the name is that of a quantity machines measure (temp, pressure, 온도, 유량 …)."""
    return bool(_MEASURED.search(name.replace("_", " ")))


_FLAG = re.compile(
    r"(?<![a-z])(alarm|error|err|fault|ng|flag|count|cnt|qty|defect|reject|scrap|warning|trip|stop|label|anomaly|fail|status|state)"
    r"(?![a-z])|알람|경보|이상|불량|수량|에러|여부|경고|횟수|상태",
    re.IGNORECASE,
)


def named_as_flag(name: str) -> bool:
    """Whether the name says that zero is the healthy value (alarm, error, defect count, 불량 …)."""
    return bool(_FLAG.search(name.replace("_", " ")))

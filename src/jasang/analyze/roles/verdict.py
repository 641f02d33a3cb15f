"""Which column is the verdict on a unit, and which of its raw values mean a defect.

A word that means good or bad decides ("불량", "ng", "양품"); where the values are mere marks (0/1, Y/N, -1/1) the
name decides when it is plain ("불량여부", "is_good"); else the rarer value is the defect, because a factory that
lives makes mostly good parts.
"""

import numpy as np
import polars as pl

from jasang.analyze.roles.behaviour import Behaviour, level_text
from jasang.analyze.roles.level_words import BAD, GOOD
from jasang.analyze.roles.names import read_name
from jasang.analyze.roles.vocabulary import word_set

MARKS_YES = word_set(
    """
    1 y yes t true o 예 유 √ v"""
)
MARKS_NO = word_set(
    """
    0 n no f false x 아니오 무 -"""
)
CLEAR_GOOD = (
    GOOD
    - MARKS_YES
    - MARKS_NO
    - word_set(
        """
    o y p g t none"""
    )
)
CLEAR_BAD = (
    BAD
    - MARKS_YES
    - MARKS_NO
    - word_set(
        """
    x b f false"""
    )
)
NAMES_GOOD = word_set(
    """
    good pass passed ok 양품 합격 정상 conform conforming 적합 finalized finished accept accepted gut bueno"""
)
NAMES_BAD = word_set(
    """
    불량 불합격 이상 이상여부 defect defective ng nok fail failed failure reject rejected scrap fault faults faulty
    anomaly abnormal bad isbad ausschuss fehler schlecht defecto defectuoso difetto scarto outlier error 폐기"""
)
KOREAN_GOOD = ("양품", "합격", "정상", "적합")
KOREAN_BAD = ("불량", "이상여부", "폐기", "결함")


def name_means(header: str) -> str | None:
    """ "good" or "bad" where a yes in this column plainly means that; `None` where the name names both or neither."""
    reading = read_name(header)
    words = {word.text for word in reading.words} | set(reading.texts)
    plain = header.replace("불합격", "불량").replace(
        "비정상", "불량"
    )  # so that "합격" and "정상" are found only where they stand
    good = bool(words & NAMES_GOOD) or any(word in plain for word in KOREAN_GOOD)
    bad = bool(words & NAMES_BAD) or any(word in plain for word in KOREAN_BAD)
    if good == bad or "passorfail" in words or "양불" in header or "합부" in header:
        return None
    return "good" if good else "bad"


def bad_values(header: str, one: Behaviour) -> tuple[str, ...]:
    """The raw texts that mean a defect, lower-cased and stripped, as the labels of the table print them.

    Examples: `("ng",)`, `("1",)`, `("불량",)`. For a column with one value only, the value that would be a defect.
    """
    levels = tuple(dict.fromkeys(level.strip().lower() for level in one.top))
    bad = tuple(level for level in levels if level in CLEAR_BAD)
    good = tuple(level for level in levels if level in CLEAR_GOOD)
    if bad:
        return bad
    if good:
        return tuple(level for level in levels if level not in good and level not in ("", "none")) or ("ng",)
    means = name_means(header)
    yes = tuple(level for level in levels if level in MARKS_YES)
    no = tuple(level for level in levels if level in MARKS_NO)
    if len(levels) == 1:
        return _absent(levels[0], means, yes)
    if means is not None and (yes or no) and set(levels) != {"-1", "1"}:
        return (yes if means == "bad" else no) or levels[-1:]
    if len(levels) == 2 and set(levels) == {"o", "x"}:
        return ("x",)
    if len(levels) == 2 and one.top_share > 0.5:
        return levels[-1:]
    # Half and half, or several levels: the marks' own meaning, a set flag being the defect.
    return yes or tuple(level for level in levels[1:])


def _absent(level: str, means: str | None, yes: tuple[str, ...]) -> tuple[str, ...]:
    """One value only: it is the good one unless the name says that a yes is bad (or a no is)."""
    if yes and means == "bad":
        return (level,)
    opposite = {"0": "1", "1": "0", "y": "n", "n": "y", "true": "false", "false": "true", "o": "x", "x": "o", "-1": "1"}
    if not yes and means == "good":
        return (level,)
    return (opposite.get(level, "ng"),)


def main_flag(
    columns: list[str], sample: pl.DataFrame, found: dict[str, Behaviour], weights: dict[str, float]
) -> str | None:
    """The one column that says good or bad overall.

    Among several flags the one that covers the others (a row bad in any of them is bad in it), else the weightiest, else the
    commonest. `None` where the flags part the rows among them without a rest: every row is a defect then and the flags are
    its kinds.
    """
    if len(columns) <= 1:
        return columns[0] if columns else None
    flags = {name: _flags(sample[name], bad_values(name, found[name])) for name in columns}
    together = np.sum(list(flags.values()), axis=0)
    if len(columns) > 2 and bool(np.all(together == 1)):
        return None
    covering = {
        name: sum(float(flag[other].mean()) for key, other in flags.items() if key != name and other.any())
        for name, flag in flags.items()
    }
    most = len(columns) - 1
    return max(columns, key=lambda name: (covering[name] >= 0.9 * most, weights[name], float(flags[name].mean())))


def _flags(series: pl.Series, bad: tuple[str, ...]) -> np.ndarray:
    flags: np.ndarray = level_text(series).str.to_lowercase().is_in(list(bad)).fill_null(False).to_numpy().astype(bool)
    return flags

"""The last time it looked like this was …, and then …: similar stretches of the past and what followed, as a study."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from jasang.analyze.similar_periods import (
    FEWEST_ROWS,
    Chance,
    Followed,
    LevelAfter,
    Match,
    chance_of_match,
    distance_profile,
    level_after,
    rank_of_match,
    similar_periods,
    standard_scores,
    together,
    what_followed,
)
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import iso, local, number, percent
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.period_data import PeriodData, events_of, means_after, results_of
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

MOST_MATCHES = 5
RARE = 0.05  # a match this unlikely by chance is told as one
_TELLING = 0.05  # what followed is told with words of warning below this probability


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimilarPeriods:
    """The stretch `start:end`, its matches nearest first with the chance of each, and what came after them.

    `followed` counts events and `levels` compares results and signals, each within `horizon` seconds (or rows).
    """

    found: PeriodData
    start: int
    end: int
    matches: tuple[Match, ...]
    chance: Chance
    rank: float
    horizon: float
    followed: tuple[tuple[Text, Followed], ...]
    levels: tuple[tuple[Text, LevelAfter, bool], ...]  # name, numbers, is a share

    @property
    def real(self) -> tuple[Match, ...]:
        """The matches that chance does not explain."""
        return tuple(match for match, p in zip(self.matches, self.chance.p, strict=True) if p <= RARE)


def similar_to(
    base: EvidenceBase,
    found: PeriodData,
    start: int,
    end: int,
    *,
    most: int = MOST_MATCHES,
    horizon: float | None = None,
    surrogates: int = 99,
) -> SimilarPeriods:
    """Search the record for stretches like rows `start:end`, before it where it is the latest, else everywhere.

    Raises
    ------
    ValueError
        The stretch is too short, or there is too little record beside it.
    """
    latest = end == found.values.shape[0]
    ahead = horizon if horizon is not None else (end - start) * found.step
    matches = similar_periods(found.values, start, end, most=most, before_only=latest, breaks=tuple(found.starts))
    if not matches:
        raise ValueError("no other stretch of this length is in the record without a gap")
    distances = np.array([match.distance for match in matches])
    chance = chance_of_match(found.values, start, end, distances, before_only=latest, surrogates=surrogates)
    rank = rank_of_match(found.values, start, end, float(distances[0])) if start > 3 * (end - start) else float("nan")
    followed, levels = _afterwards(base, found, start, end, matches, ahead)
    return SimilarPeriods(
        found=found,
        start=start,
        end=end,
        matches=matches,
        chance=chance,
        rank=rank,
        horizon=ahead,
        followed=followed,
        levels=levels,
    )


def _afterwards(
    base: EvidenceBase, found: PeriodData, start: int, end: int, matches: tuple[Match, ...], horizon: float
) -> tuple[tuple[tuple[Text, Followed], ...], tuple[tuple[Text, LevelAfter, bool], ...]]:
    length, seconds = end - start, found.seconds
    ends = seconds[np.array([match.end for match in matches]) - 1]
    moments = seconds[length - 1 : start] if end == seconds.size else seconds[length - 1 :]
    followed = []
    for event in events_of(base, found):
        try:
            counted = what_followed(ends, event.seconds, horizon, moments=moments, until=float(seconds[-1]))
        except ValueError:
            continue  # no match is far enough from the end of the record
        followed.append((event.name, counted))
    levels: list[tuple[Text, LevelAfter, bool]] = []
    # Stretches that do not overlap: means after neighbouring moments would be one and the same.
    apart = moments[:: max(1, round(horizon / found.step))]
    for result in results_of(base, found):
        try:
            after = level_after(means_after(result, ends, horizon), means_after(result, apart, horizon))
        except ValueError:
            continue
        levels.append((result.name, after, result.rate))
    for signal, name in enumerate(found.names):
        changes = _change_after(found, length, horizon)[:, signal]
        try:
            mine = changes[[match.end for match in matches if match.end < changes.size]]
            after = level_after(mine, changes[length :: max(1, round(horizon / found.step))])
        except ValueError:
            continue
        if after.p < _TELLING / len(found.names):
            levels.append((Text(ko=f"{name}의 변화", en=f"change of {name}"), after, False))
    return tuple(followed), tuple(levels)


def _change_after(found: PeriodData, length: int, horizon: float) -> np.ndarray:
    """Mean of the horizon after each row minus that of the stretch before it, (rows, signals), NaN where either is cut off."""
    ahead = max(1, round(horizon / found.step))
    filled = np.where(np.isfinite(found.values), found.values, np.nanmean(found.values, axis=0))
    total = np.concatenate([np.zeros((1, filled.shape[1])), np.cumsum(filled, axis=0)])
    rows = filled.shape[0]
    change = np.full((rows, filled.shape[1]), np.nan)
    at = np.arange(length, rows - ahead + 1)
    if at.size:
        change[at[at < rows]] = ((total[at + ahead] - total[at]) / ahead - (total[at] - total[at - length]) / length)[
            at < rows
        ]
    return change


def similar_study(base: EvidenceBase, similar: SimilarPeriods) -> Study:
    """The whole answer."""
    return Study(
        kind="similar",
        title=Text(ko="언제 이랬고, 그다음 어떻게 됐나?", en="When was it like this before, and what came next?"),
        answer=_answer(base, similar),
        subject=Subject(table=similar.found.data.table.file, asset=similar.found.asset),
        evidence=_evidence(similar),
        charts=(*(overlay_chart(similar, signal) for signal in _signals_to_show(similar)), distance_chart(similar)),
        tables=(_matches_table(base, similar), *_levels_table(similar)),
        actions=_actions(similar),
        notes=_notes(similar),
    )


def moment_words(base: EvidenceBase, found: PeriodData, row: int) -> str:
    """A row's moment on the factory's clock, or its number."""
    row = min(max(row, 0), found.seconds.size - 1)
    if not found.timed:
        return f"#{row + 1:,}"
    return local(base, datetime.fromtimestamp(float(found.seconds[row]), UTC))


def horizon_words(similar: SimilarPeriods) -> Text:
    """ "2 h", "30 min" or "40 rows"."""
    if not similar.found.timed:
        rows = round(similar.horizon)
        return Text(ko=f"{rows:,}행", en=f"{rows:,} rows")
    hours = similar.horizon / 3600.0
    if hours >= 1.0:
        return Text(ko=f"{number(hours)}시간", en=f"{number(hours)} h")
    return Text(ko=f"{number(hours * 60)}분", en=f"{number(hours * 60)} min")


def followed_words(similar: SimilarPeriods, name: Text, counted: Followed) -> Text:
    """ "3 of 4 times a stop followed within 2 h; usually 12 %"."""
    within, usual = horizon_words(similar), percent(counted.usual)
    return Text(
        ko=f"{counted.of}번 가운데 {counted.count}번은 {within.ko} 안에 {name.ko}이(가) 뒤따랐습니다(평소에는 {usual}).",
        en=f"{counted.count} of {counted.of} times {name.en} followed within {within.en} (usually {usual}).",
    )


def _answer(base: EvidenceBase, similar: SimilarPeriods) -> Text:
    found = similar.found
    first, last = moment_words(base, found, similar.start), moment_words(base, found, similar.end - 1)
    best, p = similar.matches[0], float(similar.chance.p[0])
    when = moment_words(base, found, best.start)
    chance = percent(p)
    if not similar.real:
        return Text(
            ko=f"{first} ~ {last}와 뚜렷하게 닮은 때가 기록에 없습니다. 가장 가까운 {when}도 "
            f"우연히 그만큼 닮을 확률이 {chance}입니다.",
            en=f"Nothing in the record is plainly like {first} to {last}: even the nearest, {when}, is matched as closely by "
            f"chance in {chance} of cases.",
        )
    ko = f"{first} ~ {last}와 가장 닮은 때는 {when}입니다(우연히 이만큼 닮을 확률 {chance} 이하)."
    en = f"{first} to {last} looks most like {when} (so close by chance: at most {chance})."
    for name, counted in similar.followed:
        words = followed_words(similar, name, counted)
        ko, en = f"{ko} {words.ko}", f"{en} {words.en}"
    return Text(ko=ko, en=en)


def _evidence(similar: SimilarPeriods) -> tuple[Evidence, ...]:
    found = [
        Evidence(
            name="matches",
            label=Text(ko="우연으로 보기 어려운 닮은 때", en="matches that chance does not explain"),
            value=float(len(similar.real)),
        ),
        Evidence(
            name="distance",
            label=Text(
                ko="가장 닮은 때와의 거리(0 = 똑같음, 1.4 = 남남)", en="distance of the nearest (0 same, 1.4 unrelated)"
            ),
            value=similar.matches[0].distance,
        ),
        Evidence(
            name="chance",
            label=Text(ko="우연히 이만큼 닮을 확률", en="probability of so close a match by chance"),
            value=float(similar.chance.p[0]),
            unit="share",
        ),
    ]
    if np.isfinite(similar.rank):
        found.append(
            Evidence(
                name="rank",
                label=Text(
                    ko="더 닮은 짝이 있는 다른 때의 비율(1에 가까우면 처음 보는 모습)",
                    en="share of other times with a nearer match (near 1: never seen before)",
                ),
                value=similar.rank,
                unit="share",
            )
        )
    for name, counted in similar.followed:
        found.append(
            Evidence(
                name="followed",
                label=Text(ko=f"{name.ko}이(가) 뒤따른 비율", en=f"share followed by {name.en}"),
                value=counted.share,
                low=counted.low,
                high=counted.high,
                unit="share",
            )
        )
        found.append(
            Evidence(
                name="usually_followed",
                label=Text(ko=f"평소 {name.ko}이(가) 뒤따르는 비율", en=f"share usually followed by {name.en}"),
                value=counted.usual,
                unit="share",
            )
        )
    return tuple(found)


def _actions(similar: SimilarPeriods) -> tuple[Action, ...]:
    warned = [name for name, counted in similar.followed if counted.p < _TELLING and counted.count >= 2]
    if not similar.real or not warned:
        return ()
    name = warned[0]
    return (
        Action(
            text=Text(
                ko=f"닮은 때들의 작업 일지를 보고, 그때 {name.ko}을(를) 일으킨 것을 지금 미리 확인하세요.",
                en=f"Read the log of those times and check now what led to {name.en} then.",
            ),
            owner="maintenance",
        ),
    )


def _notes(similar: SimilarPeriods) -> tuple[Text, ...]:
    notes = [
        Text(
            ko=f"신호 {len(similar.found.names)}개의 수준과 모양을 함께 견주었습니다: {', '.join(similar.found.names)}.",
            en=f"Level and shape of {len(similar.found.names)} signals were compared together: {', '.join(similar.found.names)}.",
        ),
        Text(
            ko="닮았다고 같은 까닭은 아닙니다. 뒤따른 일의 횟수는 적은 수이니 구간을 함께 보세요.",
            en="Alike does not mean for the same reason, and these are few cases: mind the intervals.",
        ),
    ]
    if not similar.followed:
        notes.append(
            Text(
                ko="정지 기록(설비 상태 표)이 없어 무엇이 뒤따랐는지는 신호와 품질로만 보았습니다.",
                en="There is no log of stops, so what followed is told by signals and quality only.",
            )
        )
    return tuple(notes)


def _matches_table(base: EvidenceBase, similar: SimilarPeriods) -> StudyTable:
    found = similar.found
    events = events_of(base, found)
    body = []
    for match, p in zip(similar.matches, similar.chance.p, strict=True):
        end = float(found.seconds[match.end - 1])
        came: list[Text] = []
        for event in events:
            place = int(np.searchsorted(event.seconds, end, side="right"))
            if place < event.seconds.size and event.seconds[place] <= end + similar.horizon:
                minutes = number((float(event.seconds[place]) - end) / 60.0)
                came.append(Text(ko=f"{minutes}분 뒤 {event.name.ko}", en=f"{event.name.en} after {minutes} min"))
        nearest = int(np.nan_to_num(np.array(match.by_signal), nan=np.inf).argmin())
        body.append(
            (
                moment_words(base, found, match.start),
                moment_words(base, found, match.end - 1),
                round(match.distance, 3),
                f"{float(p):.2f}",
                found.names[nearest],
                Text(ko=", ".join(t.ko for t in came), en=", ".join(t.en for t in came)) if came else None,
            )
        )
    return StudyTable(
        title=Text(ko="닮은 때", en="Times like this"),
        headings=(
            Text(ko="시작", en="from"),
            Text(ko="끝", en="to"),
            Text(ko="거리", en="distance"),
            Text(ko="우연일 확률", en="chance"),
            Text(ko="가장 닮은 신호", en="signal most alike"),
            Text(ko="그다음", en="and then"),
        ),
        rows=tuple(body),
    )


def _levels_table(similar: SimilarPeriods) -> tuple[StudyTable, ...]:
    if not similar.levels:
        return ()

    def words(value: float, rate: bool) -> str:
        return percent(max(value, 0.0)) if rate else number(value)

    return (
        StudyTable(
            title=Text(ko="닮은 때 다음의 결과", en="Results after those times"),
            headings=(
                Text(ko="무엇", en="what"),
                Text(ko="닮은 때 다음", en="after those times"),
                Text(ko="95 % 구간", en="95 % interval"),
                Text(ko="평소", en="usually"),
                Text(ko="우연일 확률", en="chance"),
            ),
            rows=tuple(
                (
                    name,
                    words(after.value, rate),
                    f"{words(after.low, rate)} ~ {words(after.high, rate)}",
                    words(after.usual, rate),
                    f"{after.p:.2g}",
                )
                for name, after, rate in similar.levels
            ),
        ),
    )


def _signals_to_show(similar: SimilarPeriods) -> list[int]:
    """The signals that moved most within the stretch, for a person has to see what is alike."""
    scores = np.nan_to_num(standard_scores(similar.found.values)[similar.start : similar.end])
    size = np.abs(scores).mean(axis=0) + scores.std(axis=0)
    return [int(one) for one in np.argsort(-size, kind="stable")[:2]]


def overlay_chart(similar: SimilarPeriods, signal: int) -> Chart:
    """One signal now and at the matches, over the time since the stretch began, with what came after."""
    found, length = similar.found, similar.end - similar.start
    ahead = max(1, round(similar.horizon / found.step))
    offsets = thin(length + ahead)
    unit = 3600.0 if found.timed else 1.0
    name = found.names[signal]

    def line(words: Text, start: int, stop: int, look: str) -> Line:
        y = []
        for offset in offsets:
            row = start + int(offset)
            value = found.values[row, signal] if row < stop else np.nan
            y.append(float(value) if np.isfinite(value) else None)
        return Line(name=words, y=tuple(y), look="line" if look == "line" else "thin")

    rows = found.values.shape[0]
    lines = [line(Text(ko="지금", en="now"), similar.start, rows, "line")]
    for place, match in enumerate(similar.matches[:4]):
        words = Text(ko=f"닮은 때 {place + 1}", en=f"match {place + 1}")
        lines.append(line(words, match.start, rows, "thin"))
    return Chart(
        title=Text(
            ko=f"{name}은(는) 그때와 얼마나 닮았고 그다음 어떻게 됐나?",
            en=f"How alike is {name}, and how did it go on?",
        ),
        x_kind="number",
        x=tuple(float(offset * found.step / unit) for offset in offsets),
        lines=tuple(lines),
        marks=(
            Mark(
                name=Text(ko="여기까지 견줌", en="compared up to here"),
                axis="x",
                at=float(length * found.step / unit),
                look="event",
            ),
        ),
        x_label=Text(ko="시간", en="hours") if found.timed else Text(ko="행", en="rows"),
        y_label=Text(ko=name, en=name),
    )


def distance_chart(similar: SimilarPeriods) -> Chart:
    """How unlike each stretch of the record is, with the matches marked and the line below which chance is no explanation."""
    found = similar.found
    total = together(distance_profile(standard_scores(found.values), similar.start, similar.end))
    chosen = thin(total.size, np.array([match.start for match in similar.matches]))
    times = (found.seconds[chosen] * 1e6).astype("datetime64[us]") if found.timed else None

    def at(row: int) -> float | str:
        if not found.timed:
            return float(row + 1)
        return iso(np.array([found.seconds[row] * 1e6]).astype("datetime64[us]"))[0]

    limit = float(np.quantile(similar.chance.closest, RARE))
    return Chart(
        title=Text(ko="기록의 어느 때가 지금과 닮았나?", en="Which times of the record were like this?"),
        x_kind="time" if found.timed else "number",
        x=iso(times) if times is not None else tuple(float(row + 1) for row in chosen),
        lines=(
            Line(
                name=Text(ko="거리", en="distance"),
                y=tuple(float(total[row]) if np.isfinite(total[row]) else None for row in chosen),
                look="thin",
            ),
        ),
        marks=(
            Mark(name=Text(ko="우연으로는 드문 가까움", en="nearer than chance"), axis="y", at=limit, look="limit"),
            *(
                Mark(
                    name=Text(ko="닮은 때", en="match"), axis="x", at=at(match.start), to=at(match.end - 1), look="good"
                )
                for match in similar.matches
            ),
        ),
        x_label=None if found.timed else Text(ko="행", en="row"),
        y_label=Text(ko="거리(작을수록 닮음)", en="distance (smaller is more alike)"),
    )


def stretch_of(found: PeriodData, end_s: float | None, length_s: float | None) -> tuple[int, int]:
    """Rows of the stretch of that length that ends at a moment; the latest, and 2 % of the record or 4 hours, where not asked.

    Raises
    ------
    ValueError
        The moment lies outside the record, or the stretch has too few rows or is longer than a third of the record.
    """
    rows = found.seconds.size
    end = rows if end_s is None else int(np.searchsorted(found.seconds, end_s, side="right"))
    if length_s is None:
        length = max(12, round(0.02 * rows))
        if found.timed:
            length = max(12, min(length, round(4 * 3600.0 / found.step)))
    else:
        length = max(1, round(length_s / found.step))
    if end_s is not None and not found.seconds[0] < end_s <= found.seconds[-1] + 1.5 * found.step:
        raise ValueError("the moment lies outside the record")
    if not FEWEST_ROWS <= length <= rows // 3 or end - length < 0:
        raise ValueError(
            f"a stretch of {length} rows was asked for; expected {FEWEST_ROWS} to {rows // 3} (a third of the record)"
        )
    return end - length, end

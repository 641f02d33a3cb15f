"""Which batches left the course of the good ones, where, when and in which signal: the golden batch as a study."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.batches import (
    FEWEST_GOOD,
    POINTS,
    SHARE_OUTSIDE,
    Envelope,
    Judged,
    fair_scores,
    golden_envelope,
    judge_batches,
)
from jasang.diagnose.batch_data import DURATION, BatchData, Course, on_one_axis
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import as_datetime, iso, local, number, percent
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

MOST_ROWS = 30
LATEST = 20
_MOST_SCORE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenBatch:
    """Batches, their envelope, and the verdict; `scores` (b,) are fair to the batches the envelope was made from (limit 1)."""

    found: BatchData
    course: Course
    envelope: Envelope
    judged: Judged
    scores: np.ndarray

    @property
    def out(self) -> np.ndarray:
        """Bool (b,): the batch left the envelope."""
        return np.asarray(self.scores > 1.0)

    @property
    def bad(self) -> np.ndarray | None:
        """Bool (b,) of batches somebody called bad; `None` where nobody judged."""
        labels = self.found.labels
        return None if labels is None else np.asarray(labels.bad == 1.0)

    def minutes(self, batch: int) -> float | None:
        """Minutes from the batch's begin to where it left; `None` without time."""
        seconds = self.found.seconds()
        place = self._place(batch)
        if seconds is None or place is None:
            return None
        rows = self.found.batches.lengths[batch] - 1
        return float(seconds[batch] * place / rows / 60.0)

    def part(self, batch: int) -> float | None:
        """Share of the batch that was over when it left, 0 to 1."""
        place = self._place(batch)
        return None if place is None else float(place / (self.found.batches.lengths[batch] - 1))

    def _place(self, batch: int) -> float | None:
        point = int(self.judged.point[batch])
        return None if point < 0 else float(self.course.aligned.place[batch, point])


def golden_batch(
    found: BatchData, *, points: int = POINTS, share_outside: float = SHARE_OUTSIDE, good: np.ndarray | None = None
) -> GoldenBatch:
    """The envelope of the good batches (`good`, bool, where given; else those called good; else most) and all judged by it.

    Raises
    ------
    ValueError
        Fewer good batches than an envelope needs.
    """
    course = on_one_axis(found, points=points)
    labels = found.labels
    if good is None and labels is not None and (labels.bad == 0.0).sum() >= FEWEST_GOOD:
        good = labels.bad == 0.0
    envelope = golden_envelope(
        course.values, names=course.names, good=good, share_outside=share_outside, whole=course.whole
    )
    judged = judge_batches(envelope, course.values)
    return GoldenBatch(
        found=found, course=course, envelope=envelope, judged=judged, scores=fair_scores(envelope, judged)
    )


def signal_words(name: str) -> Text:
    """The name of a signal, or of the duration, in both languages."""
    return DURATION if name == DURATION.en else Text(ko=name, en=name)


def batches_study(base: EvidenceBase, golden: GoldenBatch, *, show: int | None = None) -> Study:
    """The whole answer; `show` is the batch to draw beside the golden course, the worst one where nobody chose."""
    chosen = show if show is not None else _worst(golden)
    notes = [*_notes(golden)]
    charts = [score_chart(golden)]
    if chosen is not None:
        charts += [envelope_chart(golden, chosen, signal) for signal in _signals_to_show(golden, chosen)]
    first = first_signal_chart(golden)
    if first is not None:
        charts.append(first)
    table = _table(base, golden)
    return Study(
        kind="batches",
        title=Text(
            ko="어느 배치가 좋은 배치의 길에서 벗어났나?",
            en="Which batches left the course of the good ones, and where?",
        ),
        answer=_answer(golden, show),
        subject=Subject(table=golden.found.data.table.file, asset=golden.found.asset),
        evidence=_evidence(golden),
        charts=tuple(charts),
        tables=(table,) if table is not None else (),
        actions=_actions(golden),
        notes=tuple(notes),
    )


def where_words(golden: GoldenBatch, batch: int) -> Text:
    """ "2.5 min after the start", or the share of the batch that was over."""
    minutes, part = golden.minutes(batch), golden.part(batch)
    if int(golden.judged.signal[batch]) in golden.envelope.whole:
        return Text(ko="끝에서", en="at its end")
    if part is None:
        return Text(ko="–", en="–")
    if part < 1e-9:
        return Text(ko="시작할 때부터", en="from the start")
    if minutes is not None:
        return Text(ko=f"시작 {number(minutes)}분 뒤", en=f"{number(minutes)} min after the start")
    return Text(ko=f"{100 * part:.0f} % 지점", en=f"at {100 * part:.0f} %")


def main_exit(golden: GoldenBatch, batches: np.ndarray) -> tuple[str, int, float]:
    """The signal that most of these batches left first in, how many did, and the median part of the batch over then."""
    signals = golden.judged.signal[batches]
    signals = signals[signals >= 0]
    if not signals.size:
        return "", 0, 0.0
    counts = np.bincount(signals)
    best = int(counts.argmax())
    mine = [golden.part(int(batch)) or 0.0 for batch in batches if golden.judged.signal[batch] == best]
    return golden.envelope.names[best], int(counts[best]), float(np.median(mine))


def _answer(golden: GoldenBatch, show: int | None) -> Text:
    found, out = golden.found, golden.out
    count, seconds = found.batches.starts.size, found.seconds()
    usual = float(np.median(seconds)) / 60.0 if seconds is not None else float(np.median(found.batches.lengths))
    long_ko, long_en = (
        (f"{number(usual)}분", f"{number(usual)} min")
        if seconds is not None
        else (f"{usual:.0f}행", f"{usual:.0f} rows")
    )
    ko = f"배치 {count:,}개를 찾았습니다({found.told_by.ko}; 보통 {long_ko})."
    en = f"{count:,} batches found ({found.told_by.en}; usually {long_en})."
    bad = golden.bad
    if show is not None:
        told = _one_batch(golden, show)
        return Text(ko=f"{ko} {told.ko}", en=f"{en} {told.en}")
    if bad is not None and bad.any():
        left = np.flatnonzero(out & bad)
        good = percent(float((golden.envelope.good_scores > 1.0).mean()))
        of = int(bad.sum())
        ko += f" 나쁜 배치 {of:,}개 가운데 {left.size:,}개가 좋은 배치의 폭을 벗어났습니다(좋은 배치는 {good})."
        en += f" {left.size:,} of {of:,} bad batches left the envelope of the good ones (of the good, {good})."
    else:
        left = np.flatnonzero(out)
        expected = golden.envelope.outside.value * count
        ko += f" {left.size:,}개가 평소의 폭을 벗어났습니다(아무 일 없어도 {expected:.0f}개쯤은 벗어납니다)."
        en += f" {left.size:,} left the usual envelope (about {expected:.0f} would by chance)."
    name, often, part = main_exit(golden, left)
    if often:
        words = signal_words(name)
        ko += f" 가장 자주 먼저 벗어난 신호는 {words.ko}이고({often:,}개), 배치의 {100 * part:.0f} % 지점입니다."
        en += f" The signal most often first was {words.en} ({often:,}), at {100 * part:.0f} % of the batch."
    return Text(ko=ko, en=en)


def _one_batch(golden: GoldenBatch, batch: int) -> Text:
    name = golden.found.batches.names[batch]
    if golden.judged.point[batch] < 0:
        return Text(
            ko=f"배치 {name}은(는) 처음부터 끝까지 좋은 배치의 폭 안에 있습니다.",
            en=f"Batch {name} stays inside the envelope from begin to end.",
        )
    words, where = signal_words(golden.envelope.names[int(golden.judged.signal[batch])]), where_words(golden, batch)
    return Text(
        ko=f"배치 {name}은(는) {where.ko} {words.ko}에서 처음 벗어났습니다(점수 {golden.scores[batch]:.2g}, 한계 1).",
        en=f"Batch {name} left the envelope first in {words.en}, {where.en} (score {golden.scores[batch]:.2g}, limit 1).",
    )


def _evidence(golden: GoldenBatch) -> tuple[Evidence, ...]:
    outside, out, bad = golden.envelope.outside, golden.out, golden.bad
    found = [
        Evidence(name="batches", label=Text(ko="배치 수", en="batches"), value=float(golden.scores.size)),
        Evidence(
            name="good_batches",
            label=Text(ko="기준이 된 좋은 배치 수", en="good batches in the envelope"),
            value=float(golden.envelope.good.size),
        ),
        Evidence(
            name="good_outside",
            label=Text(
                ko="좋은 배치도 폭을 벗어나는 비율(90 % 구간)", en="share of good batches that leave it (90 % interval)"
            ),
            value=outside.value,
            low=outside.low,
            high=outside.high,
            unit="share",
        ),
        Evidence(
            name="outside", label=Text(ko="벗어난 배치 수", en="batches that left the envelope"), value=float(out.sum())
        ),
    ]
    if bad is not None and bad.any():
        low, high = clopper_pearson(int((out & bad).sum()), int(bad.sum()))
        found.append(
            Evidence(
                name="bad_outside",
                label=Text(ko="나쁜 배치 가운데 벗어난 비율", en="share of bad batches that left it"),
                value=float((out & bad).sum() / bad.sum()),
                low=low,
                high=high,
                unit="share",
            )
        )
    return tuple(found)


def clopper_pearson(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share."""
    tail = (1.0 - level) / 2.0
    low = 0.0 if count == 0 else float(stats.beta.ppf(tail, count, of - count + 1))
    high = 1.0 if count == of else float(stats.beta.ppf(1.0 - tail, count + 1, of - count))
    return low, high


def _actions(golden: GoldenBatch) -> tuple[Action, ...]:
    left = np.flatnonzero(golden.out if golden.bad is None or not golden.bad.any() else golden.out & golden.bad)
    name, often, part = main_exit(golden, left)
    if not often:
        return ()
    words = signal_words(name)
    return (
        Action(
            text=Text(
                ko=f"배치의 {100 * part:.0f} % 지점에서 {words.ko}을(를) 금색 띠와 비교하고, 벗어나면 그 자리에서 확인하세요.",
                en=f"Compare {words.en} with the band at {100 * part:.0f} % of the batch, and look at once when it leaves.",
            ),
            owner="operator",
        ),
    )


def _notes(golden: GoldenBatch) -> list[Text]:
    labels, aside = golden.found.labels, golden.envelope.set_aside
    notes = []
    if labels is not None:
        notes.append(
            Text(
                ko=f"나쁜 배치는 {labels.source.ko}에서 읽었습니다.", en=f"Bad batches are told by {labels.source.en}."
            )
        )
    else:
        notes.append(
            Text(
                ko=f"좋고 나쁨을 적은 기록이 없어 대부분의 배치를 좋은 것으로 보았습니다(유별난 {aside.size}개는 뺐음).",
                en=f"Nobody recorded which were bad, so most count as good ({aside.size} unlike the others were set aside).",
            )
        )
    ways = {
        "linear": Text(ko="길이를 똑같이 늘여", en="stretched evenly"),
        "warp": Text(ko="모양이 맞도록 시간을 조금씩 당기고 늦춰", en="warped in time to fit"),
        "phase": Text(ko="단계마다 늘여", en="stretched phase by phase"),
        "indicator": Text(ko="진행을 나타내는 신호에 맞춰", en="laid along an indicator"),
    }
    way = ways[golden.course.aligned.method]
    notes.append(Text(ko=f"배치들을 {way.ko} 겹쳤습니다.", en=f"Batches were {way.en} to lie on each other."))
    notes.append(
        Text(
            ko="폭은 모든 신호와 전체 과정에 한꺼번에 맞춘 것입니다. 벗어난 자리는 먼저 볼 곳이지 원인의 증명은 아닙니다.",
            en="The band holds for all signals and the whole course at once. It says where to look; it proves no cause.",
        )
    )
    return notes


def _worst(golden: GoldenBatch) -> int | None:
    """The batch to show: the highest score among the bad that left, else among all that left, else the last one."""
    out, bad = golden.out, golden.bad
    for chosen in ((out & bad) if bad is not None else None, out):
        if chosen is not None and chosen.any():
            places = np.flatnonzero(chosen)
            return int(places[golden.scores[places].argmax()])
    return golden.scores.size - 1 if golden.scores.size else None


def _signals_to_show(golden: GoldenBatch, batch: int) -> Sequence[int]:
    whole = set(golden.envelope.whole)
    order = [int(one) for one in np.argsort(-golden.judged.by_signal[batch], kind="stable") if int(one) not in whole]
    first = int(golden.judged.signal[batch])
    if first in order:
        order = [first, *(one for one in order if one != first)]
    return order[:3]


def envelope_chart(golden: GoldenBatch, batch: int, signal: int) -> Chart:
    """The golden band of one signal with one batch on it."""
    envelope = golden.envelope
    points = envelope.centre.shape[1]
    seconds = golden.found.seconds()
    end = float(np.median(seconds)) / 60.0 if seconds is not None else 100.0
    x = np.linspace(0.0, end, points)
    name, title = envelope.names[signal], golden.found.batches.names[batch]
    marks: tuple[Mark, ...] = ()
    point = int(golden.judged.first[batch, signal])
    if point >= 0:
        marks = (Mark(name=Text(ko="벗어난 곳", en="left here"), axis="x", at=float(x[point]), look="event"),)
    return Chart(
        title=Text(
            ko=f"배치 {title}의 {name}은(는) 어디서 벗어났나?"
            if point >= 0
            else f"배치 {title}의 {name}은(는) 길 안에 있나?",
            en=f"Where did {name} of batch {title} leave the course?"
            if point >= 0
            else f"Does {name} of batch {title} stay on the course?",
        ),
        x_kind="number",
        x=tuple(float(one) for one in x),
        lines=(
            Line(
                name=Text(ko="좋은 배치의 폭", en="envelope of good batches"),
                y=_gaps(envelope.upper[signal]),
                base=_gaps(envelope.lower[signal]),
                look="band",
            ),
            Line(name=Text(ko="좋은 배치의 가운데", en="golden course"), y=_gaps(envelope.centre[signal]), look="thin"),
            Line(name=Text(ko=f"배치 {title}", en=f"batch {title}"), y=_gaps(golden.course.values[batch, signal])),
        ),
        marks=marks,
        x_label=Text(ko="배치 시작 뒤 분", en="minutes in the batch")
        if seconds is not None
        else Text(ko="배치의 %", en="% of the batch"),
        y_label=Text(ko=name, en=name),
        y_unit=_unit(golden, name),
    )


def score_chart(golden: GoldenBatch) -> Chart:
    """The score of each batch over time, with the limit; batches that were called bad as points of their own."""
    scores, bad, time = golden.scores, golden.bad, golden.found.time
    starts = golden.found.batches.starts
    chosen = thin(scores.size, np.flatnonzero(golden.out))
    timed = time is not None and not np.isnat(time[starts]).any()
    x: tuple[float | str, ...] = (
        iso(time[starts[chosen]]) if timed and time is not None else tuple(float(one + 1) for one in chosen)
    )
    shown = np.minimum(scores[chosen], _MOST_SCORE)

    def line(name: Text, keep: np.ndarray) -> Line:
        y = tuple(float(value) if kept else None for value, kept in zip(shown, keep, strict=True))
        return Line(name=name, y=y, look="points")

    lines = [line(Text(ko="배치", en="batch"), np.ones(chosen.size, dtype=bool) if bad is None else ~bad[chosen])]
    if bad is not None and bad.any():
        lines.append(line(Text(ko="나쁜 배치", en="bad batch"), bad[chosen]))
    return Chart(
        title=Text(ko="배치마다 얼마나 벗어났나?", en="How far did each batch leave the course?"),
        x_kind="time" if timed else "number",
        x=x,
        lines=tuple(lines),
        marks=(Mark(name=Text(ko="한계", en="limit"), axis="y", at=1.0, look="limit"),),
        x_label=None if timed else Text(ko="배치", en="batch"),
        y_label=Text(ko="벗어난 정도", en="score"),
    )


def first_signal_chart(golden: GoldenBatch) -> Chart | None:
    """How often each signal was the first to leave, the most frequent first."""
    out = np.flatnonzero(golden.out if golden.bad is None or not golden.bad.any() else golden.out & golden.bad)
    signals = golden.judged.signal[out]
    signals = signals[signals >= 0]
    if signals.size < 2:
        return None
    counts = np.bincount(signals, minlength=len(golden.envelope.names))
    order = [int(one) for one in np.argsort(-counts, kind="stable") if counts[one]][:12]
    return Chart(
        title=Text(ko="어느 신호가 먼저 벗어났나?", en="Which signal left first?"),
        x_kind="category",
        x=tuple(golden.envelope.names[one] for one in order),
        lines=(Line(name=Text(ko="배치 수", en="batches"), y=tuple(float(counts[one]) for one in order), look="bars"),),
        y_label=Text(ko="배치 수", en="batches"),
    )


def _table(base: EvidenceBase, golden: GoldenBatch) -> StudyTable | None:
    places = np.flatnonzero(golden.out & (golden.judged.signal >= 0))
    if not places.size:
        return None
    worst = np.sort(places[np.argsort(-golden.scores[places], kind="stable")][:MOST_ROWS])
    time = golden.found.time
    body = []
    for batch in worst:
        start = None if time is None else time[golden.found.batches.starts[batch]]
        began = "" if start is None or np.isnat(start) else local(base, as_datetime(start))
        verdict: Text | None = None
        if golden.bad is not None:
            verdict = Text(ko="나쁨", en="bad") if golden.bad[batch] else Text(ko="좋음", en="good")
        body.append(
            (
                golden.found.batches.names[batch],
                began,
                round(float(golden.scores[batch]), 2),
                signal_words(golden.envelope.names[int(golden.judged.signal[batch])]),
                where_words(golden, int(batch)),
                verdict,
            )
        )
    return StudyTable(
        title=Text(ko="벗어난 배치", en="Batches that left the envelope"),
        headings=(
            Text(ko="배치", en="batch"),
            Text(ko="시작", en="start"),
            Text(ko="점수(한계 1)", en="score (limit 1)"),
            Text(ko="먼저 벗어난 신호", en="signal first out"),
            Text(ko="벗어난 때", en="when"),
            Text(ko="판정", en="verdict"),
        ),
        rows=tuple(body),
    )


def _unit(golden: GoldenBatch, name: str) -> str | None:
    for column in golden.found.data.table.columns:
        if column.name == name:
            return column.unit
    return None


def _gaps(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)

"""golden_batch: bad batches, or the last ones, leave the course of the good ones (docs/rules/golden_batch.md)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np

from jasang.analyze.batches import (
    BadOutside,
    Batches,
    LatelyOutside,
    bad_outside,
    common_course,
    judge_batches,
    lately_outside,
)
from jasang.diagnose.batch_data import BatchData, find_batches
from jasang.diagnose.batch_labels import BatchLabels
from jasang.diagnose.changes import level_changes
from jasang.diagnose.chart import Chart
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, local, percent
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.diagnose.series import asset_rows
from jasang.diagnose.studies.batches import (
    GoldenBatch,
    clopper_pearson,
    envelope_chart,
    golden_batch,
    main_exit,
    score_chart,
    signal_words,
)
from jasang.plant.factory import Kind
from jasang.plant.text import Text

POINTS = 30
MOST_SIGNALS = 8
MOST_BATCHES = 400
MOST_MACHINES = 4
FEWEST_GOOD = 20
FEWEST_BATCHES = 80  # to judge the last ones
LATELY = 0.07  # of the batches are the last ones, at least `FEWEST_LATE`
FEWEST_LATE = 10
LEAST_COMMON = 0.1  # of a signal's variance within batches is the course they share: else they are no batches
P_BAD = 1e-4
P_SHIFT = 0.01
P_ACT = 1e-8
P_LATELY = 1e-4
LEAST_DIFFERENCE = 0.2
LEAST_OUTSIDE = 0.7
EARLY = 0.5  # of the batch: a batch that leaves by then can still be helped


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.of_kind(Kind.SIGNALS):
        for part in asset_rows(data)[:MOST_MACHINES]:
            rows = part.rows[data.usable_rows()[part.rows]]
            found = find_batches(base, data, part.asset, rows, clean=True, most=MOST_SIGNALS)
            if found is None or found.batches.starts.size < FEWEST_GOOD:
                continue
            finding = _judge(base, data, _latest(found))
            if finding is not None:
                yield finding


def _judge(base: EvidenceBase, data: TableData, found: BatchData) -> Finding | None:
    labels = found.labels
    if labels is not None and (labels.bad == 0.0).sum() >= FEWEST_GOOD and (labels.bad == 1.0).sum() >= 3:
        golden = golden_batch(found, points=POINTS)
        told = bad_outside(golden.scores, labels.bad)
        difference = told.bad_outside / told.bad - told.good_outside / told.good
        plain = told.p < P_BAD and told.p_shift <= P_SHIFT and difference >= LEAST_DIFFERENCE
        if plain and _is_course(golden):
            return _bad_finding(golden, told)
    if found.batches.starts.size < FEWEST_BATCHES:
        return None
    late = max(FEWEST_LATE, round(LATELY * found.batches.starts.size))
    before = np.arange(found.batches.starts.size) < found.batches.starts.size - late
    history = golden_batch(_part(found, before), points=POINTS)
    if not _is_course(history) or history.envelope.good.size < FEWEST_GOOD:
        return None
    whole = golden_batch(found, points=POINTS, good=history.envelope.good)
    lately = judge_batches(whole.envelope, whole.course.values[~before]).score
    try:
        told_late = lately_outside(whole.envelope.good_scores, lately)
    except ValueError:
        return None  # too many batches were set aside: nothing plain to compare with
    if told_late.p >= P_LATELY or told_late.outside < LEAST_OUTSIDE * told_late.of:
        return None
    if _told_otherwise(base, data, found.asset):
        return None
    return _late_finding(base, whole, np.flatnonzero(~before), told_late)


def _is_course(golden: GoldenBatch) -> bool:
    measured = golden.course.values[:, : len(golden.found.names)]
    return bool(common_course(measured).max() >= LEAST_COMMON)


def _latest(found: BatchData) -> BatchData:
    count = found.batches.starts.size
    return found if count <= MOST_BATCHES else _part(found, np.arange(count) >= count - MOST_BATCHES)


def _part(found: BatchData, kept: np.ndarray) -> BatchData:
    old, labels = found.batches, found.labels
    places = np.flatnonzero(kept)
    batches = Batches(
        starts=old.starts[places],
        ends=old.ends[places],
        names=tuple(old.names[place] for place in places),
        how=old.how,
        signal=old.signal,
        repeated=old.repeated,
    )
    return replace(
        found,
        batches=batches,
        labels=None if labels is None else BatchLabels(bad=labels.bad[places], source=labels.source),
    )


def _told_otherwise(base: EvidenceBase, data: TableData, asset: str | None) -> bool:
    """A level of the same machine changed: mean_shift, drift and out_of_control tell that better."""
    changes, _ = level_changes(base)
    return any(
        one.table == data.table.file and one.course.asset == asset and one.change.p_with_home < 0.01 for one in changes
    )


def _moment(found: BatchData, batch: int) -> datetime | None:
    if found.time is None:
        return None
    start = found.time[found.batches.starts[batch]]
    return None if np.isnat(start) else as_datetime(start)


def _bad_finding(golden: GoldenBatch, told: BadOutside) -> Finding | None:
    found = golden.found
    bad = golden.bad
    left = np.flatnonzero(golden.out & (bad if bad is not None else False) & (golden.judged.signal >= 0))
    name, often, part = main_exit(golden, left)
    if not often:
        return None
    column = name if name in found.names else None  # the duration is no column
    words, good_share = signal_words(name), told.good_outside / told.good
    low, high = clopper_pearson(told.bad_outside, told.bad)
    act = told.p < P_ACT and told.bad_outside >= 0.5 * told.bad and part <= EARLY
    worst = int(left[golden.scores[left].argmax()])
    return Finding(
        rule="golden_batch",
        severity=Severity.ACT if act else Severity.WATCH,
        subject=Subject(table=found.data.table.file, column=column, asset=found.asset),
        text=Text(
            ko=f"나쁜 배치 {told.bad:,}개 가운데 {told.bad_outside:,}개가 좋은 배치의 폭을 벗어났습니다"
            f"(좋은 배치는 {percent(good_share)}). 가장 먼저 {words.ko}에서, 배치의 {100 * part:.0f} % 지점에서 벗어납니다.",
            en=f"{told.bad_outside:,} of {told.bad:,} bad batches left the course of the good ones (of the good, "
            f"{percent(good_share)}), most often first in {words.en}, at {100 * part:.0f} % of the batch.",
        ),
        action=Action(
            text=Text(
                ko=f"배치의 {100 * part:.0f} % 지점에서 {words.ko}이(가) 금색 띠를 벗어나면 멈추고 확인하세요. "
                "벗어난 배치와 좋은 배치의 설정·재료·작업 기록을 견주어 보세요.",
                en=f"Look at once when {words.en} leaves the band at {100 * part:.0f} % of the batch; compare "
                "settings, material and log of such batches with good ones.",
            ),
            owner="operator",
        ),
        evidence=(
            Evidence(
                name="bad_outside",
                label=Text(ko="나쁜 배치 가운데 폭을 벗어난 비율", en="share of bad batches outside the envelope"),
                value=told.bad_outside / told.bad,
                low=low,
                high=high,
                unit="share",
            ),
            _expected(golden),
        ),
        since=_moment(found, int(left[0])),
        causes=() if column is None else (Cause(column=column),),
        check=Check(metric="share_of_batches_outside", expected=-(told.bad_outside / told.bad - good_share), days=14),
        strength=min(300.0, -float(np.log10(max(told.p, 1e-300)))),
        charts=_charts(golden, worst),
    )


def _late_finding(base: EvidenceBase, golden: GoldenBatch, late: np.ndarray, told: LatelyOutside) -> Finding | None:
    found = golden.found
    out = late[golden.out[late] & (golden.judged.signal[late] >= 0)]
    name, often, part = main_exit(golden, out)
    if not often:
        return None
    column = name if name in found.names else None  # the duration is no column
    words, since = signal_words(name), _moment(found, int(late[0]))
    low, high = clopper_pearson(told.outside, told.of)
    when_ko, when_en = ("", "") if since is None else (f"{local(base, since)}부터 ", f"Since {local(base, since)} ")
    return Finding(
        rule="golden_batch",
        severity=Severity.WATCH,
        subject=Subject(table=found.data.table.file, column=column, asset=found.asset),
        text=Text(
            ko=f"{when_ko}마지막 배치 {told.of}개 가운데 {told.outside}개가 평소 배치의 폭을 벗어났습니다. "
            f"가장 먼저 {words.ko}에서, 배치의 {100 * part:.0f} % 지점에서 벗어납니다.",
            en=f"{when_en}{told.outside} of the last {told.of} batches left the usual course, most often first in {words.en}, at "
            f"{100 * part:.0f} % of the batch.",
        ),
        action=Action(
            text=Text(
                ko=f"그 지점의 {words.ko}와 관련된 설정·부품·센서를 확인하고, 그 무렵 바뀐 것(재료, 정비, 조건)을 찾아보세요.",
                en=f"Check settings, parts and sensors behind {words.en} at that point, and what changed about then.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(
                name="lately_outside",
                label=Text(
                    ko="마지막 배치 가운데 폭을 벗어난 비율", en="share of the last batches outside the envelope"
                ),
                value=told.outside / told.of,
                low=low,
                high=high,
                unit="share",
            ),
            _expected(golden),
        ),
        since=since,
        causes=() if column is None else (Cause(column=column),),
        check=Check(metric="share_of_batches_outside", expected=-told.outside / told.of, days=7),
        strength=min(300.0, -float(np.log10(max(told.p, 1e-300)))),
        charts=_charts(golden, int(out[golden.scores[out].argmax()])),
    )


def _expected(golden: GoldenBatch) -> Evidence:
    outside = golden.envelope.outside
    return Evidence(
        name="good_outside",
        label=Text(ko="아무 일 없어도 벗어나는 비율(90 % 구간)", en="share that leaves it by chance (90 % interval)"),
        value=outside.value,
        low=outside.low,
        high=outside.high,
        unit="share",
    )


def _charts(golden: GoldenBatch, batch: int) -> tuple[Chart, ...]:
    signal = int(golden.judged.signal[batch])
    if signal in golden.envelope.whole or signal < 0:
        return (score_chart(golden),)
    return (envelope_chart(golden, batch, signal), score_chart(golden))


RULE = Rule(name="golden_batch", title=Text(ko="배치가 좋은 길을 벗어남", en="Off the golden course"), check=_check)

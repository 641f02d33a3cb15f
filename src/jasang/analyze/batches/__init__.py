"""Batches: where they begin and end, how they are laid on one axis, and the golden course with its envelope."""

from jasang.analyze.batches.align import POINTS, Aligned, Method, align, align_like, warp_to
from jasang.analyze.batches.evidence import (
    BadOutside,
    LatelyOutside,
    bad_outside,
    common_course,
    lately_outside,
)
from jasang.analyze.batches.golden import (
    FEWEST_GOOD,
    SHARE_OUTSIDE,
    Envelope,
    Judged,
    Share,
    fair_scores,
    golden_envelope,
    judge_batches,
)
from jasang.analyze.batches.recognise import (
    FEWEST_BATCHES,
    FEWEST_ROWS,
    Batches,
    batches_by_column,
    batches_by_gaps,
    batches_by_shape,
    batches_by_spans,
    repeated_share,
)

__all__ = [
    "FEWEST_BATCHES",
    "FEWEST_GOOD",
    "FEWEST_ROWS",
    "POINTS",
    "SHARE_OUTSIDE",
    "Aligned",
    "BadOutside",
    "Batches",
    "Envelope",
    "Judged",
    "LatelyOutside",
    "Method",
    "Share",
    "align",
    "align_like",
    "bad_outside",
    "batches_by_column",
    "batches_by_gaps",
    "batches_by_shape",
    "batches_by_spans",
    "common_course",
    "fair_scores",
    "golden_envelope",
    "judge_batches",
    "lately_outside",
    "repeated_share",
    "warp_to",
]

"""Changes of level: one judged change of a row (`ChangeDetector`), every step of many long columns (`all_change_points`), and
the classical segmentation by least squares (`least_squares_breaks`)."""

from jasang.analyze.change_points.detector import (
    FEWEST_BLOCKS,
    MOST_BLOCKS,
    Change,
    ChangeDetector,
    Kind,
    plain_detector,
)
from jasang.analyze.change_points.every_change import ColumnChanges, all_change_points
from jasang.analyze.change_points.least_squares import Segmentation, least_squares_breaks

__all__ = [
    "FEWEST_BLOCKS",
    "MOST_BLOCKS",
    "Change",
    "ChangeDetector",
    "ColumnChanges",
    "Kind",
    "Segmentation",
    "all_change_points",
    "least_squares_breaks",
    "plain_detector",
]

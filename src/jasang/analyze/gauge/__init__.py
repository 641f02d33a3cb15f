"""Gauge studies: how much of what is seen is the gauge, is it right, and do inspectors agree?"""

from jasang.analyze.gauge.attribute import (
    AttributeStudy,
    Inspector,
    Kappa,
    attribute_study,
    cohen_kappa,
    fleiss_kappa,
)
from jasang.analyze.gauge.bias import Bias, GaugeStability, Linearity, bias_study, gauge_stability, linearity_study
from jasang.analyze.gauge.people import OperatorResult, PartResult
from jasang.analyze.gauge.ranges import RangeStudy, average_and_range
from jasang.analyze.gauge.repeatability import GaugeLine, GaugeStudy, gauge_study

__all__ = [
    "AttributeStudy",
    "Bias",
    "GaugeLine",
    "GaugeStability",
    "GaugeStudy",
    "Inspector",
    "Kappa",
    "Linearity",
    "OperatorResult",
    "PartResult",
    "RangeStudy",
    "attribute_study",
    "average_and_range",
    "bias_study",
    "cohen_kappa",
    "fleiss_kappa",
    "gauge_stability",
    "gauge_study",
    "linearity_study",
]

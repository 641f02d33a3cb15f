"""Control charts: limits from phase I data, with which phase II points are compared."""

from jasang.analyze.control_charts.attributes import c_chart, p_chart, u_chart
from jasang.analyze.control_charts.autocorrelated import autocorrelated_chart, first_autocorrelation
from jasang.analyze.control_charts.constants import LARGEST_SUBGROUP, c4, chart_factors, range_constants
from jasang.analyze.control_charts.limits import Limits, PairedChart
from jasang.analyze.control_charts.phases import individuals_phase_one, phase_one
from jasang.analyze.control_charts.variables import individuals_chart, mean_deviation_chart, mean_range_chart

__all__ = [
    "LARGEST_SUBGROUP",
    "Limits",
    "PairedChart",
    "autocorrelated_chart",
    "c4",
    "c_chart",
    "chart_factors",
    "first_autocorrelation",
    "individuals_chart",
    "individuals_phase_one",
    "mean_deviation_chart",
    "mean_range_chart",
    "p_chart",
    "phase_one",
    "range_constants",
    "u_chart",
]

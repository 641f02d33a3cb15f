"""Control charts: limits from phase I data, with which phase II points are compared (docs/analyses/control-charts.md)."""

from jasang.analyze.control_charts.attributes import c_chart, np_chart, overdispersion, p_chart, u_chart
from jasang.analyze.control_charts.autocorrelated import autocorrelated_chart, first_autocorrelation
from jasang.analyze.control_charts.choice import (
    ChartChoice,
    ChartKind,
    choose_for_counts,
    choose_for_measurements,
    lag_one,
    parts_matter,
    spread_differs,
)
from jasang.analyze.control_charts.constants import LARGEST_SUBGROUP, c4, chart_factors, range_constants
from jasang.analyze.control_charts.count_call import count_chart
from jasang.analyze.control_charts.forecast import (
    ForecastChart,
    ForecastModel,
    fit_forecast,
    forecast_chart,
    forecast_run_length,
)
from jasang.analyze.control_charts.limits import Limits, PairedChart
from jasang.analyze.control_charts.many_parts import (
    GroupChart,
    ShortRunChart,
    deviation_chart,
    group_chart,
    standardised_chart,
)
from jasang.analyze.control_charts.many_signals import SignalSurvey, survey_signals
from jasang.analyze.control_charts.multivariate import (
    MewmaChart,
    MultivariateChart,
    contributions,
    hotelling_individuals,
    hotelling_subgroups,
    mewma_chart,
    mewma_limit,
    mewma_run_length,
    squared_distances,
)
from jasang.analyze.control_charts.one_call import ControlChart, Weighting, control_chart, lopsided
from jasang.analyze.control_charts.phased_call import control_chart_by_phase, phase_starts
from jasang.analyze.control_charts.phases import (
    Baseline,
    Exclusion,
    Phase,
    individuals_baseline,
    individuals_phase_one,
    means_baseline,
    phase_one,
    phased_chart,
    robust_limits,
)
from jasang.analyze.control_charts.rule_bits import packed_rules
from jasang.analyze.control_charts.rule_run_length import resampled_run_length, rule_run_length, skewness
from jasang.analyze.control_charts.run_length import (
    cusum_decision,
    cusum_run_length,
    ewma_multiple,
    ewma_run_length,
    shewhart_run_length,
)
from jasang.analyze.control_charts.subgroups import (
    Subgrouping,
    equal_blocks,
    none_subgroups,
    pauses,
    rational_subgroups,
)
from jasang.analyze.control_charts.table_call import TableChart, table_chart
from jasang.analyze.control_charts.variables import (
    BetweenWithinChart,
    between_within_chart,
    individuals_chart,
    mean_deviation_chart,
    mean_range_chart,
)
from jasang.analyze.control_charts.weighted import CusumChart, WeightedChart, cusum_chart, ewma_chart

__all__ = [
    "lopsided",
    "resampled_run_length",
    "skewness",
    "TableChart",
    "table_chart",
    "ControlChart",
    "control_chart",
    "count_chart",
    "parts_matter",
    "pauses",
    "BetweenWithinChart",
    "ChartChoice",
    "ChartKind",
    "ForecastChart",
    "ForecastModel",
    "Subgrouping",
    "between_within_chart",
    "choose_for_counts",
    "choose_for_measurements",
    "equal_blocks",
    "fit_forecast",
    "forecast_chart",
    "forecast_run_length",
    "lag_one",
    "Weighting",
    "control_chart_by_phase",
    "phase_starts",
    "none_subgroups",
    "rational_subgroups",
    "rule_run_length",
    "spread_differs",
    "LARGEST_SUBGROUP",
    "Baseline",
    "CusumChart",
    "Exclusion",
    "GroupChart",
    "Limits",
    "MewmaChart",
    "MultivariateChart",
    "PairedChart",
    "Phase",
    "ShortRunChart",
    "SignalSurvey",
    "WeightedChart",
    "autocorrelated_chart",
    "c4",
    "c_chart",
    "chart_factors",
    "contributions",
    "cusum_chart",
    "cusum_decision",
    "cusum_run_length",
    "deviation_chart",
    "ewma_chart",
    "ewma_multiple",
    "ewma_run_length",
    "first_autocorrelation",
    "group_chart",
    "hotelling_individuals",
    "hotelling_subgroups",
    "individuals_baseline",
    "individuals_chart",
    "individuals_phase_one",
    "mean_deviation_chart",
    "mean_range_chart",
    "means_baseline",
    "mewma_chart",
    "mewma_limit",
    "mewma_run_length",
    "np_chart",
    "overdispersion",
    "p_chart",
    "packed_rules",
    "phase_one",
    "phased_chart",
    "range_constants",
    "robust_limits",
    "shewhart_run_length",
    "squared_distances",
    "standardised_chart",
    "survey_signals",
    "u_chart",
]

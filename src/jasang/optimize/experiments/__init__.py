"""Designed experiments: which runs to make, in which order, what they can tell, and what they told.

Constructions come from pyDOE; aliases, optimal and split-plot designs, power, analysis and optimum are here.
"""

from jasang.optimize.experiments.aliases import Aliases, alias_structure
from jasang.optimize.experiments.analysis import ExperimentFit, LackOfFit, TermResult, fit_experiment, fit_model
from jasang.optimize.experiments.blocks import in_blocks
from jasang.optimize.experiments.designs import (
    box_behnken,
    central_composite,
    definitive_screening,
    fractional_factorial,
    full_factorial,
    plackett_burman,
)
from jasang.optimize.experiments.factor import Design, Factor
from jasang.optimize.experiments.model_terms import Term, main_effects, model_matrix, quadratic, with_interactions
from jasang.optimize.experiments.optimal import Constraint, optimal_design
from jasang.optimize.experiments.power import Power, power, replicates_needed
from jasang.optimize.experiments.response_surface import (
    Confirmation,
    Goal,
    Optimum,
    Surface,
    best_settings,
    confirm,
    ridge_path,
    surface,
)
from jasang.optimize.experiments.run_sheet import RunSheet, SheetRun, run_sheet

__all__ = [
    "Aliases",
    "Confirmation",
    "Constraint",
    "Design",
    "ExperimentFit",
    "Factor",
    "Goal",
    "LackOfFit",
    "Optimum",
    "Power",
    "RunSheet",
    "SheetRun",
    "Surface",
    "Term",
    "TermResult",
    "alias_structure",
    "best_settings",
    "box_behnken",
    "central_composite",
    "confirm",
    "definitive_screening",
    "fit_experiment",
    "fit_model",
    "fractional_factorial",
    "full_factorial",
    "in_blocks",
    "main_effects",
    "model_matrix",
    "optimal_design",
    "plackett_burman",
    "power",
    "quadratic",
    "replicates_needed",
    "ridge_path",
    "run_sheet",
    "surface",
    "with_interactions",
]

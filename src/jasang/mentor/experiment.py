"""Designed experiments as use cases: plan one, tell its power, take results, analyse them, confirm the optimum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jasang.errors import JasangError, WrongArguments
from jasang.mentor.experiment_file import Experiment, blank_results
from jasang.mentor.experiment_plan import ExperimentPlan, Outcome
from jasang.mentor.experiment_rows import read_sheet
from jasang.optimize.experiments import (
    Aliases,
    Confirmation,
    Design,
    ExperimentFit,
    Factor,
    Goal,
    Optimum,
    Power,
    Surface,
    Term,
    alias_structure,
    best_settings,
    box_behnken,
    central_composite,
    confirm,
    definitive_screening,
    fit_experiment,
    fit_model,
    fractional_factorial,
    full_factorial,
    in_blocks,
    main_effects,
    model_matrix,
    optimal_design,
    plackett_burman,
    power,
    quadratic,
    ridge_path,
    surface,
    with_interactions,
)
from jasang.optimize.experiments.analysis import estimable_terms

# Effect told where nobody said which one matters: twice the scatter of a run, what a foreman would see in a few parts.
USUAL_EFFECT = 2.0
CLEAR = 0.05  # chance below which an effect counts as clear
_LEAST_DF = 3
_SECOND_ORDER = ("central_composite", "box_behnken", "d_optimal", "i_optimal")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePower:
    """Power for one outcome. `effect` and `sigma` in its unit; `assumed` = they were not stated, so they are 2 and 1."""

    outcome: str
    effect: float
    sigma: float
    assumed: bool
    terms: tuple[Power, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeAnalysis:
    """What one outcome told: `told` are the effects to show, `fit` is the model that predicts.

    They differ where nothing was repeated: then every effect the runs can tell is judged, and those that count make the model.
    `surface` and `path` (coded radius, settings in coded units, value) are there where the model has squares.
    """

    outcome: Outcome
    fit: ExperimentFit
    told: ExperimentFit
    surface: Surface | None
    path: tuple[tuple[float, np.ndarray, float], ...]
    confirmation: Confirmation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentAnalysis:
    """The analysis of all outcomes; `optimum` is `None` where no factor moves any of them."""

    experiment: Experiment
    outcomes: tuple[OutcomeAnalysis, ...]
    optimum: Optimum | None
    confirmed_at: Mapping[str, float | str] | None
    notes: tuple[str, ...] = ()


def make_experiment(plan: ExperimentPlan) -> Experiment:
    """The runs of a plan, their order fixed by its seed.

    Raises
    ------
    WrongArguments
        The design cannot be made of these factors; says why.
    """
    try:
        design = _design(plan)
        lost: tuple[str, ...] = ()
        if plan.blocks is not None and design.blocks is None:
            design, lost = in_blocks(design, plan.blocks)
        elif plan.blocks is None:
            design = replace(design, blocks=None)
        if plan.repeats > 1:
            design = design.repeated(plan.repeats)
    except ValueError as error:
        raise WrongArguments(
            ko=f"{plan.name}: 이 실험은 만들 수 없습니다({error}).",
            en=f"{plan.name}: this experiment cannot be made: {error}.",
        ) from error
    return Experiment(
        name=plan.name,
        design=design,
        outcomes=plan.outcomes,
        seed=plan.seed,
        results=blank_results(plan.outcomes, design.runs),
        lost=lost,
    )


def _design(plan: ExperimentPlan) -> Design:
    factors, centre = plan.factors, plan.centre
    if plan.design == "full":
        return full_factorial(factors, centre=centre or 0, levels=plan.levels)
    if plan.design == "fractional":
        return _fraction(plan)
    if plan.design == "plackett-burman":
        return plackett_burman(factors, centre=centre or 0)
    if plan.design == "central-composite":
        return central_composite(factors, kind=plan.kind, centre=5 if centre is None else centre)  # type: ignore[arg-type]
    if plan.design == "box-behnken":
        return box_behnken(factors, centre=3 if centre is None else centre)
    if plan.design == "definitive-screening":
        return definitive_screening(factors)
    terms = model_terms(factors, plan.model)
    hard = any(factor.hard_to_change for factor in factors)
    probe = np.zeros((1, len(factors)))
    parameters = model_matrix(factors, probe, terms)[0].shape[1]
    plots = plan.whole_plots
    if plots is None and hard:
        own = tuple(term for term in terms if all(factors[place].hard_to_change for place in term))
        plots = model_matrix(factors, probe, own)[0].shape[1] + 3
    runs = plan.runs or parameters + max(4, parameters // 2)
    return optimal_design(
        factors, max(runs, (plots or 0) + 1), terms=terms, criterion="D" if plan.design == "d-optimal" else "I",
        constraints=plan.constraints, whole_plots=plots, seed=plan.seed,
    )  # fmt: skip


def _fraction(plan: ExperimentPlan) -> Design:
    """As stated, else the smallest fraction that keeps main effects free of products of two, else of each other."""
    if plan.runs is not None:
        return fractional_factorial(plan.factors, runs=plan.runs, centre=plan.centre or 0)
    if plan.resolution is not None:
        return fractional_factorial(plan.factors, resolution=plan.resolution, centre=plan.centre or 0)
    try:
        return fractional_factorial(plan.factors, resolution=4, centre=plan.centre or 0)
    except ValueError:
        return fractional_factorial(plan.factors, resolution=3, centre=plan.centre or 0)


def model_terms(factors: Sequence[Factor], model: str) -> tuple[Term, ...]:
    """The terms of `main`, `interactions` or `quadratic`."""
    return {"main": main_effects, "interactions": with_interactions, "quadratic": quadratic}[model](factors)


def aliases_of(design: Design) -> Aliases | None:
    """What the runs cannot tell apart; `None` for designs that have settings between the ends, of which power speaks instead."""
    if design.name not in ("full_factorial", "fractional_factorial", "plackett_burman"):
        return None
    if any(len(factor.levels) > 2 for factor in design.factors):
        return None
    found = alias_structure(design)
    return found if found.chains or found.partial or found.words else None


def experiment_power(experiment: Experiment, *, alpha: float = 0.05) -> tuple[OutcomePower, ...]:
    """The chance to see each effect, before the first run: main effects, or the second-order model where the design is for it.

    Effects are those stated with the outcomes, else twice the scatter of a run.
    """
    design = experiment.design
    terms = quadratic(design.factors) if design.name in _SECOND_ORDER else main_effects(design.factors)
    X = model_matrix(design.factors, design.coded, terms)[0]
    if np.linalg.matrix_rank(X) < X.shape[1]:
        terms = main_effects(design.factors)
    plots = experiment.sheet.whole_plots
    found = []
    for one in experiment.outcomes:
        stated = one.effect is not None and one.sigma is not None
        sigma = float(one.sigma or 1.0) if stated or one.sigma is not None else 1.0
        effect = float(one.effect) if one.effect is not None and stated else USUAL_EFFECT * sigma
        told = power(design, effect=effect, sigma=sigma, terms=terms, alpha=alpha, whole_plots=plots)
        found.append(OutcomePower(outcome=one.name, effect=effect, sigma=sigma, assumed=not stated, terms=told))
    return tuple(found)


def take_results(experiment: Experiment, path: Path) -> tuple[Experiment, tuple[str, ...]]:
    """The experiment with the results of a filled run sheet, and what was noticed: settings that were not as planned.

    Raises
    ------
    UnreadableInput
        The sheet cannot be read, or a cell makes no sense; names row and column.
    """
    table = read_sheet(path)
    names = [one.name for one in experiment.outcomes]
    rows = table.places("run", experiment.design.runs)
    noticed: list[str] = []
    coded = experiment.design.coded.copy()
    standard = {run.order: run for run in experiment.sheet.runs}
    for row, place in enumerate(rows):
        values = {name: table.number(name, row) for name in names if table.has(name)}
        experiment = experiment.with_result(place, values, failed=table.flag("failed", row))
        run = standard[place]
        for at, factor in enumerate(experiment.design.factors):
            code = table.code(factor, row)
            if code is not None and abs(code - coded[run.standard, at]) > 1e-6:
                coded[run.standard, at] = code
                noticed.append(f"{place + 1}: {factor.name} = {factor.setting(code)}")
    if not noticed:
        return experiment, ()
    # The order of the sheet follows from the settings: results go with their runs before these are told as they were made.
    return _remade(experiment, coded), tuple(noticed)


def _remade(experiment: Experiment, coded: np.ndarray) -> Experiment:
    """The runs as they were really made, in the order they were made; blocks and whole plots stay."""
    order = experiment.sheet.order
    plots = experiment.sheet.whole_plots
    blocks = experiment.design.blocks
    made = replace(
        experiment.design,
        coded=coded,
        whole_plots=plots,
        blocks=blocks,
    )
    again = replace(experiment, design=made)
    places = {int(run.standard): run.order for run in again.sheet.runs}
    was = {int(standard): place for place, standard in enumerate(order)}
    results = {
        name: tuple(
            column[was[standard]] for standard in sorted(places, key=lambda one: places[one])
        )
        for name, column in experiment.results.items()
    }  # fmt: skip
    failed = tuple(sorted(places[int(order[place])] for place in experiment.failed))
    return replace(again, results=results, failed=failed)


def experiment_of_table(path: Path, outcomes: Sequence[Outcome], factors: Sequence[Factor] = ()) -> Experiment:
    """An experiment that was made without a plan of Jasang: a table with a row a run, columns the factors and results.

    Factors that are not given are the other columns with two or more values, from their lowest to their highest setting;
    of five evenly placed settings the second and fourth count as low and high (stars of a central composite design). A column
    `block` splits the runs.

    Raises
    ------
    UnreadableInput
        No such column, no factor, or a cell that makes no sense.
    """
    table = read_sheet(path)
    chosen = tuple(factors) or table.factors(exclude=[one.name for one in outcomes])
    for name in (*(one.name for one in chosen), *(one.name for one in outcomes)):
        table.need(name)
    coded = np.array([[table.needed_code(factor, row) for factor in chosen] for row in range(table.rows)])
    design = Design(name="table", factors=chosen, coded=coded, blocks=table.groups("block"))
    results = {one.name: tuple(table.number(one.name, row) for row in range(table.rows)) for one in outcomes}
    experiment = Experiment(
        name=path.stem, design=design, outcomes=tuple(outcomes), results=results, seed=0,
        failed=tuple(row for row in range(table.rows) if table.flag("failed", row)),
    )  # fmt: skip
    return _in_file_order(experiment)


def _in_file_order(experiment: Experiment) -> Experiment:
    """Rows are runs in the order of the file; the sheet's order is random, so results are moved to where it puts their runs."""
    order = experiment.sheet.order
    results = {name: tuple(column[int(standard)] for standard in order) for name, column in experiment.results.items()}
    failed = tuple(place for place, standard in enumerate(order) if int(standard) in experiment.failed)
    return replace(experiment, results=results, failed=failed)


def analyse_experiment(
    experiment: Experiment,
    *,
    model: str = "auto",
    confirmations: Mapping[str, Sequence[float]] | None = None,
    at: Mapping[str, float | str] | None = None,
    reach: float = 1.0,
    noticed: Sequence[str] = (),
) -> ExperimentAnalysis:
    """Fit each outcome, look for the best settings, and judge confirmation runs.

    Parameters
    ----------
    model : `auto` chooses the terms the results ask for; `main`, `interactions` or `quadratic` fit these.
    confirmations : by outcome the results of runs at the best settings, or at the settings `at`.
    reach : how far from the middle the best settings may lie, in coded units (1 = inside low and high).

    Raises
    ------
    JasangError
        Too few results, or the runs cannot estimate the model; says which term.
    """
    fitted = []
    for one in experiment.outcomes:
        y = experiment.standard_results(one.name)
        _enough(one.name, y)
        fitted.append((one, *_fitted(experiment, one.name, y, model)))
    fits = {one.name: fit for one, fit, _ in fitted}
    moving = {one.name: _goal(one) for one, fit, _ in fitted if any(term for term in fit.terms)}
    optimum = _best(fits, moving, reach) if moving else None
    settings = dict(at) if at is not None else None if optimum is None else optimum.settings
    lacking = [] if settings is None else [f.name for f in experiment.design.factors if f.name not in settings]
    if lacking:
        names = ", ".join(lacking)
        raise WrongArguments(
            ko=f"--at: 설정을 모두 주세요. 빠진 설정: {names}",
            en=f"--at: expected every factor's setting; missing: {names}",
        )
    try:
        coded = None if settings is None else _coded(experiment.design.factors, settings)
    except ValueError as error:
        raise WrongArguments(
            ko=f"--at: 설정을 모두 정확히 주세요({error}).", en=f"--at: expected every factor's setting; {error}."
        ) from error
    told = tuple(
        _analysed(one, fit, judged, coded, (confirmations or {}).get(one.name, ())) for one, fit, judged in fitted
    )
    return ExperimentAnalysis(
        experiment=experiment, outcomes=told, optimum=optimum,
        confirmed_at=settings if confirmations else None, notes=tuple(noticed),
    )  # fmt: skip


def _best(fits: Mapping[str, ExperimentFit], goals: Mapping[str, Goal], reach: float) -> Optimum:
    try:
        return best_settings(fits, goals, reach=reach)
    except ValueError as error:
        raise WrongArguments(
            ko=f"최적 설정을 찾을 수 없습니다({error}).", en=f"No best settings can be found: {error}."
        ) from error


def _enough(name: str, y: np.ndarray) -> None:
    made = int(np.isfinite(y).sum())
    if made < 4:
        raise JasangError(
            ko=f"'{name}' 결과가 {made}개뿐입니다. 4개 이상 적은 뒤 분석하세요.",
            en=f"{name!r} has {made} results; expected at least 4 before the analysis.",
        )
    if float(np.nanmax(y)) == float(np.nanmin(y)):
        raise JasangError(
            ko=f"'{name}' 결과가 모두 {np.nanmax(y):g}로 같습니다. 분석할 차이가 없습니다.",
            en=f"All results of {name!r} are {np.nanmax(y):g}: there is no difference to explain.",
        )


def _fitted(experiment: Experiment, name: str, y: np.ndarray, model: str) -> tuple[ExperimentFit, ExperimentFit]:
    """The model that predicts, and the one whose effects are told."""
    design, plots = experiment.design, experiment.sheet.whole_plots
    try:
        if model != "auto":
            fit = fit_model(design, y, terms=model_terms(design.factors, model), whole_plots=plots)
            return fit, fit
        screen = _screening_terms(experiment, y)
        if screen is None:
            fit = fit_experiment(design, y, whole_plots=plots)
            return fit, fit
        told = fit_model(design, y, terms=screen, whole_plots=plots)
        chosen = {part for one in told.results if one.p < CLEAR for part in _family(one.term)} | {()}
        kept = tuple(term for term in screen if term in chosen)
        return fit_model(design, y, terms=kept, whole_plots=plots), told
    except ValueError as error:
        raise JasangError(
            ko=f"'{name}': 이 모형은 맞출 수 없습니다({error}). --model을 바꾸거나 시험을 더 하세요.",
            en=f"{name!r}: this model cannot be fitted: {error}. Choose another --model or make more runs.",
        ) from error


def _family(term: Term) -> set[Term]:
    """A term and the factors in it: a product does not stand without them."""
    return {term, *((place,) for place in set(term))}


def _screening_terms(experiment: Experiment, y: np.ndarray) -> tuple[Term, ...] | None:
    """Every effect of a two-level experiment without repeats, where these use up all runs or leave enough for the error.

    With none left Lenth's method judges; with one or two neither does well, and terms are chosen one by one instead.
    """
    design, made = experiment.design, np.isfinite(y)
    runs = np.round(design.coded[made], 9)
    ends = all(np.unique(runs[:, place]).size <= 2 for place in range(runs.shape[1]))
    if not ends or len(np.unique(runs, axis=0)) < len(runs):
        return None
    terms = estimable_terms(design, y)
    blocks = 0 if design.blocks is None else np.unique(design.blocks).size - 1
    left = len(runs) - model_matrix(design.factors, design.coded[:1], terms)[0].shape[1] - blocks
    return terms if left == 0 or left >= _LEAST_DF else None


def _goal(one: Outcome) -> Goal:
    return Goal(aim=one.goal, low=one.low, high=one.high, target=one.target, weight=one.weight)  # type: ignore[arg-type]


def _coded(factors: Sequence[Factor], settings: Mapping[str, float | str]) -> np.ndarray:
    return np.array([factor.coded(settings[factor.name]) for factor in factors])


def _analysed(
    one: Outcome, fit: ExperimentFit, told: ExperimentFit, coded: np.ndarray | None, runs: Sequence[float]
) -> OutcomeAnalysis:
    bent = any(len(term) == 2 and term[0] == term[1] for term in fit.terms)
    shape = surface(fit) if bent else None
    path = tuple(ridge_path(fit, maximise=one.goal != "min")) if bent else ()
    judged = confirm(fit, coded[None], runs) if coded is not None and len(runs) else None
    return OutcomeAnalysis(outcome=one, fit=fit, told=told, surface=shape, path=path, confirmation=judged)

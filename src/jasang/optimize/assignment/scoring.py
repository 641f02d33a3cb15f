"""How good each mentor is for each factory, in parts that can be shown, and which pairs may not be."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jasang.optimize.assignment.problem import AssignmentProblem, Factory, Mentor
from jasang.optimize.assignment.regions import REGIONS, WITHIN_REGION_KM, distances_km

# A mentor has a required skill from this level on.
HAS_SKILL = 0.5
# Reasons why a pair may not be, by number; 0 = it may.
REASONS = ("", "conflict", "veto", "required", "days", "weeks")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """`total` float64 (n, m), the points of each pair; `parts` by name, which add up to it; `reason` int8 (n, m), see REASONS."""

    total: np.ndarray
    parts: Mapping[str, np.ndarray]
    reason: np.ndarray


def score_pairs(problem: AssignmentProblem) -> Scores:
    """Score every pair of factory and mentor."""
    factories, mentors = problem.factories, problem.mentors
    reason = _reasons(problem)
    if problem.scores is not None:
        given = np.array(problem.scores, float).reshape(len(factories), len(mentors))
        return Scores(total=given, parts={"given": given}, reason=reason)
    w = problem.weights
    parts = {
        "skills": w.skills * _skills(factories, mentors),
        "travel": w.travel * np.exp(-travel_km(factories, mentors) / w.travel_km),
        "language": w.language * _language(factories, mentors),
        "continuity": w.continuity * _listed(factories, mentors, [one.knows for one in mentors]),
    }
    factor = np.array([w.sobujang if one.sobujang else 1.0 for one in factories])
    factor = 100.0 / (w.skills + w.travel + w.language + w.continuity) * factor
    parts = {name: part * factor[:, None] for name, part in parts.items()}
    return Scores(total=np.sum(list(parts.values()), axis=0), parts=parts, reason=reason)


def travel_km(factories: tuple[Factory, ...], mentors: tuple[Mentor, ...]) -> np.ndarray:
    """Kilometres, float64 (n, m); where a place is not known, the mean of the known ones (0 where none is)."""
    one, other = _places(factories), _places(mentors)
    distance = distances_km(one, other)
    rough = np.array([item.place is None for item in factories], bool)[:, None] | np.array(
        [item.place is None for item in mentors], bool
    )
    distance = np.where(rough, np.maximum(distance, WITHIN_REGION_KM), distance)
    known = np.isfinite(distance)
    return np.where(known, distance, distance[known].mean() if known.any() else 0.0)


def _places(items: tuple[Factory, ...] | tuple[Mentor, ...]) -> np.ndarray:
    nowhere = (np.nan, np.nan)
    return np.array(
        [item.place or (REGIONS[item.region] if item.region else nowhere) for item in items], float
    ).reshape(-1, 2)


def _skills(factories: tuple[Factory, ...], mentors: tuple[Mentor, ...]) -> np.ndarray:
    """Share of what the factory needs that the mentor can give: sum of min(need, skill) over sum of need."""
    met = np.zeros((len(factories), len(mentors)))
    asked = np.zeros(len(factories))
    for skill in sorted({name for one in factories for name in one.needs}):
        need = np.array([one.needs.get(skill, 0.0) for one in factories])
        level = np.array([one.skills.get(skill, 0.0) for one in mentors])
        met += np.minimum(need[:, None], level[None, :])
        asked += need
    return np.where(asked[:, None] > 0, met / np.where(asked > 0, asked, 1.0)[:, None], 1.0)


def _language(factories: tuple[Factory, ...], mentors: tuple[Mentor, ...]) -> np.ndarray:
    spoken = np.ones((len(factories), len(mentors)))
    for language in {one.language for one in factories if one.language}:
        rows = np.array([one.language == language for one in factories])
        # A mentor of whom no language is stated is not marked down for it.
        spoken[rows] = np.array([not one.languages or language in one.languages for one in mentors], float)
    return spoken


def _listed(factories: tuple[Factory, ...], mentors: tuple[Mentor, ...], lists: list[tuple[str, ...]]) -> np.ndarray:
    row = {one.id: number for number, one in enumerate(factories)}
    marks = np.zeros((len(factories), len(mentors)))
    for column, names in enumerate(lists):
        for name in names:
            if name in row:
                marks[row[name], column] = 1.0
    return marks


def _reasons(problem: AssignmentProblem) -> np.ndarray:
    """Why a pair may not be; where there are several reasons the first of REASONS counts. A team brings skills together, so
    `required` holds for single mentors only."""
    factories, mentors = problem.factories, problem.mentors
    reason = np.zeros((len(factories), len(mentors)), np.int8)
    limits = np.array([np.inf if one.days is None else one.days for one in mentors])
    reason[np.array([one.days for one in factories])[:, None] > limits[None, :] + 1e-9] = REASONS.index("days")
    if not problem.team_skills:
        for skill in {name for one in factories for name in one.required}:
            rows = np.array([skill in one.required for one in factories])
            lacks = np.array([one.skills.get(skill, 0.0) < HAS_SKILL for one in mentors])
            reason[np.ix_(rows, lacks)] = REASONS.index("required")
    at = (
        {one.id: number for number, one in enumerate(factories)},
        {one.id: number for number, one in enumerate(mentors)},
    )
    for factory, mentor in problem.vetoes:
        reason[at[0][factory], at[1][mentor]] = REASONS.index("veto")
    reason[_listed(factories, mentors, [one.conflicts for one in mentors]) > 0] = REASONS.index("conflict")
    return reason

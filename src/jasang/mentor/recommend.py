"""The question "which settings would be better than today's?" asked of a factory's data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Worth
from jasang.diagnose.prices import defect_price, energy_price, machine_hour_price, priced, rows_per_year
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import open_evidence
from jasang.mentor.recipe_records import RecipeData, recipe_data
from jasang.mentor.recipe_story import recipe_study
from jasang.optimize.recipe import Gain, Recommendation, recommend_recipe
from jasang.plant.factory import Column, Role
from jasang.plant.text import Progress, Text, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeResult:
    """Recommendations with their worth a year (`None` where no price is known), and the same as studies to be shown."""

    table: str
    recommendations: tuple[Recommendation, ...]
    worths: tuple[Worth | None, ...]
    units: Mapping[str, str | None]  # of the targets that are no verdict
    shown: StudyResult


def recommend_of(
    path: Path,
    *,
    targets: Sequence[str] = (),
    directions: Sequence[str] = (),
    settings: Sequence[str] = (),
    product: str | None = None,
    table: str | None = None,
    interlocks: Sequence[str] = (),
    in_spec: float = 0.95,
    progress: Progress = silent,
) -> RecipeResult:
    """Settings that improve the targets, for each product.

    Parameters
    ----------
    targets : columns to improve, the leading one first; the verdict where none is named.
    directions : "min", "max" or a value to meet, in the order of `targets`; else from role, limits and name.
    settings : columns that people set; else those of the role setting.
    interlocks : limits between settings, such as "speed + 0.5*pressure <= 120".
    in_spec : share of units that must stay inside each specification of the other outcomes.

    Raises
    ------
    WrongArguments
        No such table, column or product; no setting; no direction known for a target.
    UnreadableInput
        The input cannot be read.
    """
    if not 0.5 <= in_spec < 1:
        raise WrongArguments(
            ko=f"--in-spec {in_spec:g}: 0.5 이상 1 미만이어야 합니다.",
            en=f"--in-spec {in_spec:g}: expected a share from 0.5 to below 1.",
        )
    with open_evidence(path, progress=progress) as base, threadpool_limits(limits=1):
        asked = recipe_data(
            base,
            targets=targets,
            directions=directions,
            settings=settings,
            product=product,
            table=table,
            interlocks=interlocks,
            in_spec=in_spec,
        )
        progress(Text(ko="설정과 결과의 관계를 배웁니다", en="Learning how results answer to settings"), 0.3)
        found = recommend_recipe(asked.records)
        worths = tuple(_worth(base, asked, one) for one in found)
        shown = StudyResult(
            factory=base.factory.name,
            timezone=base.factory.timezone,
            studies=tuple(recipe_study(asked, one, worth) for one, worth in zip(found, worths, strict=True)),
        )
        units = {column.name: column.unit for column in asked.targets if column.role is not Role.DEFECT}
        return RecipeResult(table=asked.data.table.file, recommendations=found, worths=worths, units=units, shown=shown)


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """The same with options as a page gives them."""
    target, direction = options.get("target"), options.get("direction")
    return recommend_of(
        path,
        targets=(target,) if target else (),
        directions=(direction,) if direction else (),
        product=options.get("product") or None,
        table=options.get("table") or None,
        progress=progress,
    ).shown


def _worth(base: EvidenceBase, asked: RecipeData, found: Recommendation) -> Worth | None:
    """What the gain is worth a year, where its unit has a price."""
    yearly = rows_per_year(asked.data)
    if found.gain is None or yearly is None or asked.data.rows == 0:
        return None
    units = yearly * found.rows_all / asked.data.rows
    return _priced(base, asked, asked.targets[0], found.gain, units)


def _priced(base: EvidenceBase, asked: RecipeData, column: Column, gain: Gain, units: float) -> Worth | None:
    ends = (gain.value * units, gain.low * units, gain.high * units)
    unit = (column.unit or "").replace(" ", "").lower()
    made = Text(ko=f"연 {units:,.0f}개", en=f"{units:,.0f} units a year")
    if column.role is Role.DEFECT:
        basis = Text(
            ko=f"불량률 {100 * gain.value:.2f} %p 감소 × {made.ko}",
            en=f"{100 * gain.value:.2f} points fewer defects × {made.en}",
        )
        return priced(ends, defect_price(base, asked.data), basis)
    if column.role is Role.ENERGY and unit in ("", "kwh"):
        price = energy_price(base)
        basis = Text(
            ko=f"개당 {gain.value:.3g} kWh 감소 × {made.ko}", en=f"{gain.value:.3g} kWh less a unit × {made.en}"
        )
        return priced(ends, price, basis) if price is not None else None
    if gain.direction == "min" and (unit in ("s", "sec", "초") or "cycle" in column.name.lower()):
        hours = tuple(end / 3600 for end in ends)
        basis = Text(ko=f"개당 {gain.value:.3g}초 단축 × {made.ko}", en=f"{gain.value:.3g} s less a unit × {made.en}")
        return priced((hours[0], hours[1], hours[2]), machine_hour_price(base), basis)
    return None

"""off_centre: the mean stands away from its target, so that a spread that would fit the tolerance does not (docs/rules)."""

from collections.abc import Iterator

import numpy as np

from jasang.diagnose import capability_story as story
from jasang.diagnose.capability_story import Fit, index_evidence
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import number, percent
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

SMALLEST_GAIN = 0.25  # of Cpk by moving the mean: three quarters of a sigma
GOOD_ENOUGH = 1.33  # Cpk that customers of parts ask for
SPREAD_FITS = 0.8  # Cp from which the mean rather than the spread is the matter


def _check(base: EvidenceBase) -> Iterator[Finding]:
    fits = story.fits(base)
    tables = {data.table.file: data for data in base.tables}
    for severity in (Severity.ACT, Severity.WATCH):
        found = [fit for fit in fits if _severity(fit) is severity]
        for fit in story.merged(found, fits):
            yield _finding(base, tables[fit.table], fit, severity)


def _gain(fit: Fit, offset: float) -> float:
    """What Cpk gains when the mean, `offset` from the target, comes to the target."""
    low, high = fit.limits
    sigma = fit.capability.overall_sigma
    on_target = min(fit.target - low, high - fit.target) / (3 * sigma)
    mean = fit.target + offset
    return on_target - min(mean - low, high - mean) / (3 * sigma)


def _severity(fit: Fit) -> Severity | None:
    capability = fit.capability
    if capability.cp is None or capability.cp < SPREAD_FITS or fit.on_the_safe_side:
        return None
    if fit.sure_mean_low <= fit.target <= fit.sure_mean_high:
        return None
    offset = capability.mean - fit.target
    least = min(abs(fit.sure_mean_low - fit.target), abs(fit.sure_mean_high - fit.target))
    if _gain(fit, offset) < SMALLEST_GAIN or _gain(fit, least * float(np.sign(offset))) < 0.5 * SMALLEST_GAIN:
        return None
    if capability.cpk < 1.0 or (capability.cpk < GOOD_ENOUGH and capability.cpk_interval[1] < GOOD_ENOUGH):
        return Severity.ACT
    return Severity.WATCH if capability.cpk < GOOD_ENOUGH else None


def _saved(fit: Fit) -> tuple[float, float, float]:
    """Expected share of rejects that centring saves, with the interval that the mean's interval gives it."""
    sigma = fit.capability.overall_sigma

    def outside(mean: float) -> float:
        return fit.share_outside(mean, sigma)

    means = sorted((fit.mean_low, fit.mean_high), key=lambda mean: abs(mean - fit.target))
    now, least, most = (outside(mean) - fit.outside_centred for mean in (fit.capability.mean, *means))
    return now, least, most


def _saved_of_all(fit: Fit) -> tuple[float, float, float]:
    """The same over all machines and products that are told together: the worst of them is not what each would save."""
    parts = fit.parts or (fit,)
    weights = np.array([part.share_of_rows for part in parts])
    now, least, most = (np.array([_saved(part) for part in parts]).T @ weights) / weights.sum()
    return float(now), float(least), float(most)


def _finding(base: EvidenceBase, data: TableData, fit: Fit, severity: Severity) -> Finding:
    capability, column = fit.capability, fit.column
    offset = capability.mean - fit.target
    ko, en = story.where(fit)
    unit = f" {column.unit}" if column.unit else ""
    up = offset > 0
    if capability.cp is None or capability.cp_interval is None:
        raise ValueError(f"specification of {column.name!r} has no limit to judge by")
    return Finding(
        rule="off_centre",
        severity=severity,
        subject=Subject(table=fit.table, column=column.name, asset=fit.asset, product=fit.product),
        text=Text(
            ko=f"{ko}{column.name} 평균이 목표 {number(fit.target)}{unit}보다 {number(abs(offset))}{unit} "
            f"{'높습니다' if up else '낮습니다'}. 산포는 규격에 들어가지만(Cp {capability.cp:.2f}) 치우쳐서 "
            f"Cpk는 {capability.cpk:.2f}, 규격 이탈은 약 {percent(fit.outside_expected)}입니다.",
            en=f"The mean of {column.name}{en} is {number(abs(offset))}{unit} {'above' if up else 'below'} its target "
            f"{number(fit.target)}{unit}. The spread would fit (Cp {capability.cp:.2f}), but off centre Cpk is "
            f"{capability.cpk:.2f} and about {percent(fit.outside_expected)} is out of specification.",
        ),
        action=Action(
            text=Text(
                ko=f"{column.name} 중심을 {number(abs(offset))}{unit}만큼 {'낮추도록' if up else '높이도록'} 조건을 조정하세요. "
                "측정기 영점부터 확인하세요.",
                en=f"Adjust the process so that {column.name} comes {'down' if up else 'up'} by {number(abs(offset))}{unit}; "
                "check the zero of the gauge first.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(
                name="offset",
                label=Text(ko="목표에서 벗어난 양", en="mean less target"),
                value=offset,
                low=fit.mean_low - fit.target,
                high=fit.mean_high - fit.target,
                unit=column.unit,
            ),
            index_evidence("Cpk", capability.cpk, capability.cpk_interval),
            index_evidence("Cp", capability.cp, capability.cp_interval),
            Evidence(
                name="outside_expected",
                label=Text(ko="규격 이탈 예상 비율", en="expected share out of specification"),
                value=fit.outside_expected,
            ),
            Evidence(
                name="outside_observed",
                label=Text(ko="규격 이탈 실제 비율", en="observed share out of specification"),
                value=fit.outside,
            ),
        ),
        worth=story.worth_of(base, data, fit, _saved_of_all(fit)),
        check=Check(metric=f"{column.name}_mean", expected=-offset, days=14),
        strength=float(min(300.0, -np.log10(max(fit.p_of_mean, 1e-300)))),
        charts=(
            story.histogram_of(
                fit, Text(ko=f"{column.name}: 규격 가운데에 있나?", en=f"{column.name}: does it sit on target?")
            ),
        ),
    )


RULE = Rule(name="off_centre", title=Text(ko="중심 치우침", en="Off centre"), check=_check)

"""excess_spread: the values scatter more than the specification, the past or the sister machines allow (docs/rules)."""

from collections.abc import Iterator

import numpy as np
from scipy import stats

from jasang.diagnose import capability_story as story
from jasang.diagnose.capability_story import Fit, index_evidence
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import number, percent
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.diagnose.spread_story import spread_findings
from jasang.plant.text import Text

NOT_CAPABLE = 1.0  # Cp below which even a centred process makes rejects
WATCHED = 1.15


def _check(base: EvidenceBase) -> Iterator[Finding]:
    fits = story.fits(base)
    tables = {data.table.file: data for data in base.tables}
    told: set[tuple[str, str]] = set()
    for severity in (Severity.ACT, Severity.WATCH):
        found = [fit for fit in fits if _severity(fit) is severity]
        for fit in story.merged(found, fits):
            told.add((fit.table, fit.column.name))
            yield _finding(base, tables[fit.table], fit, severity)
    for finding in spread_findings(base):
        if (finding.subject.table, finding.subject.column) not in told:
            yield finding


def _severity(fit: Fit) -> Severity | None:
    if fit.capability.cp is None:
        return None
    # The largest Cp that the data allow, at the level that holds for all specifications together.
    largest = fit.half_tolerance / (3 * fit.sure_sigma_low)
    if largest < NOT_CAPABLE and fit.outside >= 0.0005:
        return Severity.ACT
    return Severity.WATCH if fit.capability.cp < WATCHED and fit.outside > 0 and largest < 1.33 else None


def _finding(base: EvidenceBase, data: TableData, fit: Fit, severity: Severity) -> Finding:
    capability, column = fit.capability, fit.column
    if capability.cp is None or capability.cp_interval is None:
        raise ValueError(f"specification of {column.name!r} is not two-sided")
    ko, en = story.where(fit)
    unit = f" {column.unit}" if column.unit else ""
    sigma, half = capability.overall_sigma, fit.half_tolerance
    # Rejects that remain, if the spread came down to Cp = 1.33 on target, are next to none: what is saved is all of them.
    sides = 2 if column.lower is not None and column.upper is not None else 1
    saved = tuple(sides * float(stats.norm.sf(half / spread)) for spread in (sigma, fit.sigma_low, fit.sigma_high))
    return Finding(
        rule="excess_spread",
        severity=severity,
        subject=Subject(table=fit.table, column=column.name, asset=fit.asset, product=fit.product),
        text=Text(
            ko=f"{ko}{column.name} 산포가 규격 폭에 비해 큽니다(Cp {capability.cp:.2f}). 가운데로 맞춰도 약 "
            f"{percent(saved[0])}가 규격을 벗어납니다.",
            en=f"{column.name}{en} scatters too much for its tolerance (Cp {capability.cp:.2f}): even on target about "
            f"{percent(saved[0])} would be out of specification.",
        ),
        action=Action(
            text=Text(
                ko="먼저 측정기 반복성(게이지 R&R)을 확인하고, 그다음 로트·작업자·설비별로 나누어 어디서 흩어지는지 찾으세요.",
                en="Check the gauge first (R&R), then split by lot, operator and machine.",
            ),
            owner="engineer",
        ),
        evidence=(
            index_evidence("Cp", capability.cp, capability.cp_interval),
            Evidence(
                name="sigma",
                label=Text(ko="표준편차", en="standard deviation"),
                value=sigma,
                low=fit.sigma_low,
                high=fit.sigma_high,
                unit=column.unit,
            ),
            Evidence(
                name="outside_observed",
                label=Text(ko="규격 이탈 실제 비율", en="observed share out of specification"),
                value=fit.outside,
            ),
            Evidence(
                name="tolerance",
                label=Text(ko=f"규격 폭({number(2 * half)}{unit})", en="width of the specification"),
                value=2 * half,
                unit=column.unit,
            ),
        ),
        worth=story.worth_of(base, data, fit, (saved[0], saved[1], saved[2])),
        check=Check(metric=f"{column.name}_sigma", expected=-(sigma - half / 4.0), days=30),
        strength=_strength(fit),
        charts=(
            story.histogram_of(
                fit, Text(ko=f"{column.name}: 규격 안에 들어가나?", en=f"{column.name}: does it fit its specification?")
            ),
        ),
    )


def _strength(fit: Fit) -> float:
    """-log10 of the chance of such a spread in a process with Cp = 1, allowed for nothing else."""
    size = max(4.0, (fit.capability.overall_sigma / max(1e-300, (fit.mean_high - fit.mean_low) / 4)) ** 2)
    allowed = fit.half_tolerance / 3.0
    log_p = float(stats.chi2.logsf((size - 1) * (fit.capability.overall_sigma / allowed) ** 2, size - 1))
    return float(np.clip(-log_p / np.log(10), 0.0, 300.0))


RULE = Rule(name="excess_spread", title=Text(ko="산포 과다", en="Excess spread"), check=_check)

"""gauge: the gauge takes too much of the tolerance, or of the variation, to judge parts with (docs/rules)."""

from collections.abc import Iterator

import numpy as np

from jasang.analyze.gauge import AttributeStudy, GaugeStudy, Inspector
from jasang.analyze.proportions import Share, share_of
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import percent
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.gauge_story import (
    GaugeData,
    blame,
    gauge_charts,
    gauge_data,
    gauge_evidence,
    measured_study,
    verdict_study,
)
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Kind
from jasang.plant.text import Text

GOOD, POOR = 0.10, 0.30  # AIAG MSA: shares of the tolerance (or of the variation)
SURELY = 0.20  # the lower end of the interval from which a poor gauge is told aloud


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.of_kind(Kind.GAUGE):
        given = gauge_data(base, data)
        if given is None:
            continue
        study = measured_study(given)
        if study is not None and (severity := severity_of(study)) is not None:
            yield _finding(given, study, severity)
        verdicts = verdict_study(given)
        if verdicts is not None:
            yield from _disagreement(given, verdicts)


def severity_of(study: GaugeStudy) -> Severity | None:
    """How loud a gauge is told; `None` for a good one."""
    share, low = study.gauge_share, study.gauge_share_interval[0]
    if share > POOR:
        return Severity.ACT if low > SURELY else Severity.WATCH
    return Severity.WATCH if share > GOOD and low > GOOD else None


def _finding(given: GaugeData, study: GaugeStudy, severity: Severity) -> Finding:
    share = study.gauge_share
    name, who, action = given.columns.value, *blame(study, given.unit)
    of_ko, of_en = ("공차", "the tolerance") if study.basis == "tolerance" else ("총변동", "the variation seen")
    verdict_ko = "합부 판정에 쓸 수 없습니다" if share > POOR else "주의해서 써야 합니다"
    verdict_en = "it cannot tell good parts from bad" if share > POOR else "use it with care"
    return Finding(
        rule="gauge",
        severity=severity,
        subject=Subject(table=given.file, column=name),
        text=Text(
            ko=f"{name} 측정기가 {of_ko}의 {percent(share)}를 차지합니다(10 % 이하 양호, 30 % 초과 부적합). "
            f"{verdict_ko}. {who.ko}",
            en=f"The gauge for {name} takes {percent(share)} of {of_en} (10 % is good, above 30 % is not): "
            f"{verdict_en}. {who.en}",
        ),
        action=action,
        evidence=gauge_evidence(study, given.unit),
        check=Check(metric="gauge_share", expected=GOOD - share, days=30),
        strength=float(np.clip(100.0 * (study.gauge_share_interval[0] - GOOD), 0.0, 300.0)),
        charts=gauge_charts(given, study),
    )


def _disagreement(given: GaugeData, study: AttributeStudy) -> Iterator[Finding]:
    worst = _worst(study)
    if study.verdict != "poor" or worst is None:
        return
    who, share, words = worst
    sure = share.value >= 0.05 and share.low > 0.02
    yield Finding(
        rule="gauge",
        severity=Severity.ACT if sure else Severity.WATCH,
        subject=Subject(table=given.file, column=given.columns.value),
        text=Text(
            ko=f"{given.columns.value}: 검사자 {who.name}의 {words.ko} {percent(share.value)}입니다({share.total}건 중 "
            f"{share.count}건). "
            "같은 부품을 서로 다르게 판정합니다.",
            en=f"{given.columns.value}: inspector {who.name} {words.en} {percent(share.value)} ({share.count} of {share.total}). "
            f"The same parts are judged differently.",
        ),
        action=Action(
            text=Text(
                ko="한도 견본을 만들어 나란히 보며 기준을 맞추고, 조명과 검사 시간을 정한 뒤 다시 시험하세요.",
                en="Make limit samples, agree on them side by side, settle light and time for inspection, and repeat the test.",
            ),
            owner="quality",
        ),
        evidence=(
            Evidence(
                name="disagreement_share",
                label=Text(ko=f"검사자 {who.name}", en=f"inspector {who.name}"),
                value=share.value,
                low=share.low,
                high=share.high,
                unit="share",
            ),
            *_kappa_evidence(study),
        ),
        check=Check(metric="gauge_share", expected=-share.value, days=30),
        strength=float(np.clip(100.0 * share.low, 0.0, 300.0)),
    )


def _worst(study: AttributeStudy) -> tuple[Inspector, Share, Text] | None:
    """The inspector with the worst figure, that figure as a share of wrong judgements, and its name."""
    found: list[tuple[float, Inspector, Share, Text]] = []
    for one in study.inspectors:
        if one.misses is not None:
            found.append(
                (one.misses.value / 0.05, one, one.misses, Text(ko="불량을 놓친 비율이", en="passes bad parts:"))
            )
        if one.false_alarms is not None:
            words = Text(ko="양품을 불량으로 본 비율이", en="rejects good parts:")
            found.append((one.false_alarms.value / 0.10, one, one.false_alarms, words))
        if one.repeats is not None:
            unlike = share_of(one.repeats.total - one.repeats.count, one.repeats.total)
            words = Text(ko="같은 부품을 다시 볼 때 판정이 바뀐 비율이", en="changes the verdict on the same part:")
            found.append((unlike.value / 0.20, one, unlike, words))
    return max(found, key=lambda entry: entry[0])[1:] if found else None


def _kappa_evidence(study: AttributeStudy) -> tuple[Evidence, ...]:
    if not study.fleiss:
        return ()
    kappa = study.fleiss[0]
    label = Text(ko="검사자 사이의 일치도(κ)", en="agreement of the inspectors (κ)")
    return (Evidence(name="kappa", label=label, value=kappa.value, low=kappa.low, high=kappa.high),)


RULE = Rule(name="gauge", title=Text(ko="측정기 신뢰도", en="Gauge"), check=_check)

"""A gauge study in words, tables and charts: measured values (R&R) or verdicts (agreement of inspectors)."""

from jasang.analyze.gauge import AttributeStudy, GaugeStudy, Linearity, RangeStudy
from jasang.analyze.proportions import Share
from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.fault_story import percent
from jasang.diagnose.finding import Evidence, Subject
from jasang.diagnose.gauge_story import GaugeData, blame, gauge_charts, gauge_evidence, short
from jasang.diagnose.study import Study, StudyTable
from jasang.plant.text import Text

_VERDICTS = {
    "good": Text(ko="측정기를 그대로 써도 됩니다(10 % 이하).", en="The gauge is good (10 % or less)."),
    "usable": Text(
        ko="조건부로 쓸 수 있습니다(10~30 %). 중요한 치수면 개선하세요.",
        en="The gauge may do (10 to 30 %); improve it where the dimension matters.",
    ),
    "poor": Text(
        ko="이 측정기로는 합부를 판정할 수 없습니다(30 % 초과).", en="The gauge cannot judge these parts (above 30 %)."
    ),
}
_LINES = {
    "gauge": Text(ko="측정기 전체(R&R)", en="gauge R&R"),
    "repeatability": Text(ko="반복성(EV)", en="repeatability (EV)"),
    "reproducibility": Text(ko="재현성(AV)", en="reproducibility (AV)"),
    "operator": Text(ko="측정자", en="operator"),
    "interaction": Text(ko="측정자×부품", en="operator × part"),
    "part": Text(ko="부품 간(PV)", en="part to part (PV)"),
    "total": Text(ko="전체", en="total"),
}
_DESIGNS = {
    "crossed": Text(ko="교차(모두 같은 부품을 잼)", en="crossed (everybody measures the same parts)"),
    "nested": Text(ko="내포(부품마다 한 사람만, 파괴 검사)", en="nested (each part by one operator, destructive)"),
    "repeats": Text(ko="반복만(측정자 구분 없음)", en="repeats only (operators not told apart)"),
}


def measured_answer(given: GaugeData, study: GaugeStudy, form: RangeStudy | None) -> Study:
    """The study of measured values; `form` is the average-and-range form where the data are balanced."""
    share, (low, high) = study.gauge_share, study.gauge_share_interval
    of_ko, of_en = ("공차", "the tolerance") if study.basis == "tolerance" else ("총변동", "the variation seen")
    who, action = blame(study, given.unit)
    verdict = _VERDICTS[study.verdict]
    poor = study.verdict != "good"
    name = given.columns.value
    return Study(
        kind="gauge",
        title=Text(ko=f"{name}: 측정기를 믿을 수 있나?", en=f"{name}: can the gauge be trusted?"),
        answer=Text(
            ko=f"측정기가 {of_ko}의 {percent(share)}를 차지합니다(95 % 구간 {percent(low)}~{percent(high)}). {verdict.ko}"
            + (f" {who.ko}" if poor else ""),
            en=f"The gauge takes {percent(share)} of {of_en} (95 % interval {percent(low)} to {percent(high)}). {verdict.en}"
            + (f" {who.en}" if poor else ""),
        ),
        subject=Subject(table=given.file, column=name),
        evidence=gauge_evidence(study, given.unit),
        charts=gauge_charts(given, study),
        tables=(_components(study), _anova(study), _people(study), *((_form(form),) if form else ())),
        actions=(action,) if poor else (),
        notes=_notes(study),
    )


def _components(study: GaugeStudy) -> StudyTable:
    return StudyTable(
        title=Text(ko="변동은 어디에서 오나", en="Where the variation comes from"),
        headings=(
            Text(ko="원천", en="source"),
            Text(ko="표준편차", en="standard deviation"),
            Text(ko="95 % 구간", en="95 % interval"),
            Text(ko="분산 기여 %", en="% of variance"),
            Text(ko="총변동의 %", en="% of variation"),
            Text(ko="공차의 %", en="% of tolerance"),
        ),
        rows=tuple(
            (
                _LINES[line.name],
                line.sd,
                f"{short(line.sd_interval[0])} – {short(line.sd_interval[1])}",
                100 * line.contribution,
                100 * line.share,
                None if line.tolerance_share is None else 100 * line.tolerance_share,
            )
            for line in study.lines
        ),
    )


def _anova(study: GaugeStudy) -> StudyTable:
    names = {
        ("part",): Text(ko="부품", en="part"),
        ("operator",): Text(ko="측정자", en="operator"),
        ("part", "operator"): Text(ko="부품×측정자", en="part × operator"),
        ("operator", "part"): Text(ko="부품(측정자 안)", en="part within operator"),
        ("residual",): Text(ko="반복", en="repetition"),
    }
    return StudyTable(
        title=Text(ko="분산분석표", en="Analysis of variance"),
        headings=(
            Text(ko="원천", en="source"),
            Text(ko="자유도", en="df"),
            Text(ko="제곱합", en="sum of squares"),
            Text(ko="평균제곱", en="mean square"),
            Text(ko="F", en="F"),
            Text(ko="p", en="p"),
        ),
        rows=tuple(
            (
                names[one.term],
                one.df,
                one.ss,
                one.ms,
                one.f if one.f == one.f else None,
                one.p if one.p == one.p else None,
            )
            for one in study.full_anova.components
        ),
    )


def _people(study: GaugeStudy) -> StudyTable:
    return StudyTable(
        title=Text(ko="측정자별", en="By operator"),
        headings=(
            Text(ko="측정자", en="operator"),
            Text(ko="측정 수", en="values"),
            Text(ko="치우침", en="offset"),
            Text(ko="구간", en="interval"),
            Text(ko="반복 표준편차", en="repeatability"),
        ),
        rows=tuple(
            (
                one.name or "–",
                one.values,
                one.offset,
                f"{short(one.low)} – {short(one.high)}",
                one.sd if one.sd == one.sd else None,
            )
            for one in study.operators
        ),
    )


def _form(form: RangeStudy) -> StudyTable:
    return StudyTable(
        title=Text(ko="평균-범위법(양식 계산)", en="Average-and-range method (the form)"),
        headings=(Text(ko="항목", en="figure"), Text(ko="값", en="value"), Text(ko="총변동의 %", en="% of variation")),
        rows=(
            ("EV", form.ev, 100 * form.ev_share),
            ("AV", form.av, 100 * form.av_share),
            ("R&R", form.grr, 100 * form.grr_share),
            ("PV", form.pv, 100 * form.pv_share),
            ("TV", form.tv, 100.0),
            ("ndc", form.ndc, None),
            ("UCL R", form.upper_range_limit, None),
        ),
    )


def _notes(study: GaugeStudy) -> tuple[Text, ...]:
    design = _DESIGNS[study.design]
    notes = [
        Text(
            ko=f"설계: {design.ko}. 부품 {len(study.parts)}개, 측정자 {len(study.operators)}명, 반복 "
            f"{study.trials[0]}~{study.trials[1]}회.",
            en=f"Design: {design.en}. {len(study.parts)} parts, {len(study.operators)} operators, {study.trials[0]} to "
            f"{study.trials[1]} trials.",
        )
    ]
    if study.pooled and study.p_interaction == study.p_interaction:
        notes.append(
            Text(
                ko=f"측정자×부품 교호작용은 유의하지 않아(p = {study.p_interaction:.2f}) 반복성에 합쳤습니다.",
                en=f"The operator × part interaction is not significant (p = {study.p_interaction:.2f}) and was pooled.",
            )
        )
    if study.missing_cells:
        notes.append(
            Text(
                ko=f"빠진 칸 {study.missing_cells}개는 남은 값으로 조정했습니다.",
                en=f"{study.missing_cells} missing cells were allowed for.",
            )
        )
    if study.basis == "variation":
        notes.append(
            Text(
                ko="규격이 없어 총변동과 견주었습니다. 부품을 고르게 뽑지 않았으면 비율이 달라집니다. --lower, "
                "--upper를 주면 공차로 판정합니다.",
                en="No limits were given, so the share is of the variation; it depends on the parts chosen. Give "
                "--lower and --upper.",
            )
        )
    if len(study.operators) in (2, 3):
        notes.append(
            Text(
                ko="측정자가 적어 재현성의 구간이 넓습니다.",
                en="With so few operators the interval of reproducibility is wide.",
            )
        )
    return tuple(notes)


def linearity_answer(given: GaugeData, study: Linearity) -> Study:
    """Bias over the range of the masters."""
    name, suffix = given.columns.value, f" {given.unit}" if given.unit else ""
    fine = study.is_linear and study.is_unbiased
    return Study(
        kind="gauge",
        title=Text(
            ko=f"{name}: 측정기가 맞게 읽나(치우침·선형성)?", en=f"{name}: does the gauge read true (bias, linearity)?"
        ),
        answer=Text(
            ko=f"평균 치우침은 {short(study.average.bias)}{suffix}"
            f"({short(study.average.low)}~{short(study.average.high)})입니다. "
            + ("전 범위에서 치우침이 보이지 않습니다." if fine else "기준값에 따라 치우침이 있습니다. 교정하세요."),
            en=f"The mean bias is {short(study.average.bias)}{suffix} ({short(study.average.low)} to "
            f"{short(study.average.high)}). "
            + ("No bias is seen over the range." if fine else "Have the gauge calibrated."),
        ),
        subject=Subject(table=given.file, column=name),
        evidence=(
            Evidence(
                name="bias",
                label=Text(ko="평균 치우침", en="mean bias"),
                value=study.average.bias,
                low=study.average.low,
                high=study.average.high,
                unit=given.unit,
            ),
            Evidence(
                name="slope",
                label=Text(ko="기준값 1만큼에 치우침 변화", en="change of bias per unit of reference"),
                value=study.slope,
                low=float(study.fit.low[1]),
                high=float(study.fit.high[1]),
            ),
        ),
        charts=(
            Chart(
                title=Text(ko=f"{name}: 크기에 따라 치우침이 달라지나?", en=f"{name}: does the bias change with size?"),
                x_kind="number",
                x=tuple(one.reference for one in study.masters),
                lines=(
                    Line(
                        name=Text(ko="95 % 구간", en="95 % interval"),
                        y=tuple(float(y) for y in study.line_high),
                        base=tuple(float(y) for y in study.line_low),
                        look="band",
                    ),
                    Line(name=Text(ko="맞춘 직선", en="fitted line"), y=tuple(float(y) for y in study.line)),
                    Line(name=Text(ko="치우침", en="bias"), y=tuple(one.bias for one in study.masters), look="points"),
                ),
                x_label=Text(ko="기준값", en="reference"),
                y_label=Text(ko="치우침", en="bias"),
                y_unit=given.unit,
            ),
        ),
    )


def verdict_answer(given: GaugeData, study: AttributeStudy) -> Study:
    """The agreement of inspectors."""
    kappa = study.fleiss[0] if study.fleiss else None
    words = {
        "good": Text(ko="판정을 믿을 수 있습니다.", en="The verdicts can be trusted."),
        "usable": Text(ko="판정이 조금 엇갈립니다.", en="The verdicts differ somewhat."),
        "poor": Text(
            ko="판정을 믿을 수 없습니다. 한도 견본으로 기준을 맞추세요.",
            en="The verdicts cannot be trusted; agree on limit samples.",
        ),
    }[study.verdict]
    same = study.between
    evidence = [_share("all_agree", Text(ko="모두 늘 같은 판정을 한 부품", en="parts judged alike by all"), same)]
    if study.with_truth is not None:
        evidence.append(
            _share("all_right", Text(ko="모두 늘 맞게 판정한 부품", en="parts judged right by all"), study.with_truth)
        )
    if kappa is not None:
        label = Text(ko="검사자 사이의 일치도(Fleiss κ)", en="agreement (Fleiss' kappa)")
        evidence.append(Evidence(name="kappa", label=label, value=kappa.value, low=kappa.low, high=kappa.high))
    return Study(
        kind="gauge",
        title=Text(
            ko=f"{given.columns.value}: 검사자의 판정이 같은가?", en=f"{given.columns.value}: do inspectors agree?"
        ),
        answer=Text(
            ko=f"부품 {study.parts}개 가운데 {same.count}개를 모두가 늘 같게 판정했습니다({percent(same.value)}). {words.ko}",
            en=f"Of {study.parts} parts {same.count} were judged alike by everybody every time ({percent(same.value)}). "
            f"{words.en}",
        ),
        subject=Subject(table=given.file, column=given.columns.value),
        evidence=tuple(evidence),
        tables=(
            StudyTable(
                title=Text(ko="검사자별 %", en="By inspector, %"),
                headings=(
                    Text(ko="검사자", en="inspector"),
                    Text(ko="자기 일치", en="repeats"),
                    Text(ko="유효성", en="effectiveness"),
                    Text(ko="놓친 불량", en="misses"),
                    Text(ko="오경보", en="false alarms"),
                    Text(ko="κ(기준)", en="kappa with truth"),
                ),
                rows=tuple(
                    (
                        one.name,
                        _cell(one.repeats),
                        _cell(one.effectiveness),
                        _cell(one.misses),
                        _cell(one.false_alarms),
                        None
                        if one.kappa is None
                        else f"{one.kappa.value:.2f} ({one.kappa.low:.2f} – {one.kappa.high:.2f})",
                    )
                    for one in study.inspectors
                ),
            ),
        ),
    )


def _share(name: str, label: Text, share: Share) -> Evidence:
    return Evidence(name=name, label=label, value=share.value, low=share.low, high=share.high, unit="share")


def _cell(share: Share | None) -> str | None:
    return None if share is None else f"{100 * share.value:.1f} ({100 * share.low:.1f} – {100 * share.high:.1f})"

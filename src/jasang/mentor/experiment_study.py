"""An analysed experiment as studies: in words, charts and tables, for terminal, page and JSON."""

import numpy as np
from scipy import stats

from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.mentor.experiment import CLEAR, ExperimentAnalysis, OutcomeAnalysis
from jasang.mentor.experiment_sheet import setting_words
from jasang.optimize.experiments import Optimum, TermResult
from jasang.plant.text import Text

TIMEZONE = "Asia/Seoul"


def same(words: str) -> Text:
    """A name, which is the same in both languages."""
    return Text(ko=words, en=words)


def figure(value: float) -> str:
    """A number as people write it."""
    return f"{value:.4g}"


def analysis_result(analysis: ExperimentAnalysis) -> StudyResult:
    """One study for each outcome, then the best settings of all together."""
    studies = [_outcome_study(analysis, one) for one in analysis.outcomes]
    return StudyResult(
        factory=analysis.experiment.name,
        timezone=TIMEZONE,
        studies=(*studies, *([_optimum_study(analysis, analysis.optimum)] if analysis.optimum is not None else [])),
    )


def _outcome_study(analysis: ExperimentAnalysis, one: OutcomeAnalysis) -> Study:
    name, fit = one.outcome.name, one.fit
    shown = [term for term in one.told.results if term.term]
    clear = [term for term in shown if term.p < CLEAR]
    evidence = [
        Evidence(
            name=term.name,
            label=Text(ko=f"{term.name}의 효과", en=f"effect of {term.name}"),
            value=term.effect,
            low=term.low,
            high=term.high,
            unit=one.outcome.unit,
        )
        for term in clear
        if term.effect is not None
    ]
    evidence.append(
        Evidence(
            name="sigma",
            label=Text(ko="시험 한 번의 산포(표준편차)", en="scatter of one run (standard deviation)"),
            value=fit.sigma,
            unit=one.outcome.unit,
        )
    )
    if not one.told.unreplicated:
        evidence.append(
            Evidence(name="r_squared", label=Text(ko="설명한 몫(R²)", en="share explained (R²)"), value=fit.r_squared)
        )
    return Study(
        kind="experiment",
        title=Text(ko=f"무엇이 {name}을(를) 바꾸나?", en=f"What changes {name}?"),
        answer=_outcome_words(one, clear),
        subject=Subject(table="", column=name),
        evidence=tuple(evidence),
        charts=tuple(_charts(one, shown)),
        tables=tuple(_tables(one, shown)),
        notes=tuple(_notes(analysis, one)),
    )


def _outcome_words(one: OutcomeAnalysis, clear: list[TermResult]) -> Text:
    name = one.outcome.name
    if not clear:
        return Text(
            ko=f"{name}을(를) 확실히 바꾸는 인자가 없습니다(산포 {figure(one.fit.sigma)}).",
            en=f"No factor clearly changes {name} (scatter of a run {figure(one.fit.sigma)}).",
        )
    ranked = sorted(clear, key=lambda term: -max(abs(value) for value in term.coefficients))[:4]
    named = ", ".join(f"{term.name}{'' if term.effect is None else f' ({term.effect:+.4g})'}" for term in ranked)
    ko, en = f"{name}을(를) 확실히 바꾸는 것: {named}.", f"{name} is clearly changed by {named}."
    if one.surface is not None and one.surface.shape == "ridge":
        ko += " 최적점이 하나가 아니라 능선입니다. 능선을 따라 싸고 쉬운 설정을 고르세요."
        en += " There is no single optimum but a ridge: choose the cheapest setting along it."
    return Text(ko=ko, en=en)


def _charts(one: OutcomeAnalysis, shown: list[TermResult]) -> list[Chart]:
    name = one.outcome.name
    sized = [
        (term, abs(term.effect) if term.effect is not None else 2 * max(map(abs, term.coefficients))) for term in shown
    ]
    sized.sort(key=lambda pair: -pair[1])
    if not sized:
        return []
    top = sized[:25]
    charts = [
        Chart(
            title=Text(ko=f"{name}: 어느 효과가 큰가?", en=f"{name}: which effects are large?"),
            x_kind="category",
            x=tuple(term.name for term, _ in top),
            y_unit=one.outcome.unit,
            lines=(
                Line(
                    name=Text(ko="확실함", en="clear"),
                    y=tuple(size if term.p < CLEAR else None for term, size in top),
                    look="bars",
                ),
                Line(
                    name=Text(ko="우연일 수 있음", en="may be chance"),
                    y=tuple(None if term.p < CLEAR else size for term, size in top),
                    look="bars",
                ),
            ),
        )
    ]
    if len(sized) >= 4:
        charts.append(_half_normal(name, sized))
    numbers = [place for place, factor in enumerate(one.fit.design.factors) if factor.numeric]
    moving = [place for place in numbers if any(place in term.term for term in shown)]
    charts += [_surface_chart(one, moving[0], moving[1])] if len(moving) >= 2 else []
    return charts


def _half_normal(name: str, sized: list[tuple[TermResult, float]]) -> Chart:
    """Effects of chance lie on a line through zero; those that matter stick out (Daniel 1959)."""
    ordered = sized[::-1]
    count = len(ordered)
    quantiles = tuple(float(q) for q in stats.norm.ppf(0.5 + 0.5 * (np.arange(1, count + 1) - 0.5) / count))
    label = Text(ko="반정규 분위수", en="half-normal quantile")
    return Chart(
        title=Text(ko=f"{name}: 우연보다 큰 효과는?", en=f"{name}: which effects stick out of chance?"),
        x_kind="number",
        x=quantiles,
        x_label=label,
        lines=(
            Line(
                name=Text(ko="확실함", en="clear"),
                y=tuple(size if term.p < CLEAR else None for term, size in ordered),
                look="points",
            ),
            Line(
                name=Text(ko="우연일 수 있음", en="may be chance"),
                y=tuple(None if term.p < CLEAR else size for term, size in ordered),
                look="points",
            ),
        ),
    )


def _surface_chart(one: OutcomeAnalysis, first: int, second: int) -> Chart:
    """Expected results over two numbers, the other factors in the middle."""
    factors = one.fit.design.factors
    grid = np.linspace(-1, 1, 11)
    lines = []
    for high in grid[::-1]:
        coded = np.zeros((grid.size, len(factors)))
        coded[:, first], coded[:, second] = grid, high
        values = one.fit.predict(coded)[0]
        words = f"{factors[second].name} {setting_words(round(float(factors[second].setting(high)), 6))}"
        lines.append(Line(name=same(words), y=tuple(float(value) for value in values), look="heat"))
    names = f"{factors[first].name} × {factors[second].name}"
    return Chart(
        title=Text(ko=f"{one.outcome.name}: {names}에 따라 얼마가 되나?", en=f"{one.outcome.name} over {names}"),
        x_kind="category",
        x=tuple(setting_words(round(float(factors[first].setting(code)), 6)) for code in grid),
        lines=tuple(lines),
        x_label=same(factors[first].name),
        y_unit=one.outcome.unit,
    )


def _tables(one: OutcomeAnalysis, shown: list[TermResult]) -> list[StudyTable]:
    mean = [term for term in one.told.results if not term.term]
    rows = tuple(
        (
            term.name if term.term else Text(ko="평균", en="mean"),
            term.coefficients[0],
            term.effect,
            term.low,
            term.high,
            float(f"{term.p:.3g}"),
        )
        for term in (*mean, *sorted(shown, key=lambda term: term.p))
    )
    tables = [
        StudyTable(
            title=Text(ko="효과(낮음→높음)와 95 % 구간", en="Effects (low to high) with 95 % intervals"),
            headings=(
                Text(ko="항", en="term"),
                Text(ko="계수", en="coefficient"),
                Text(ko="효과", en="effect"),
                Text(ko="하한", en="low"),
                Text(ko="상한", en="high"),
                Text(ko="p값", en="p"),
            ),
            rows=rows,
        )
    ]
    if one.surface is not None:
        tables.append(_surface_table(one))
    return tables


def _surface_table(one: OutcomeAnalysis) -> StudyTable:
    found = one.surface
    if found is None:
        raise ValueError("no surface")
    rows = []
    for number, value in enumerate(found.eigenvalues):
        axis = ", ".join(
            f"{factor.name} {share:+.2f}"
            for factor, share in zip(found.numbers, found.directions[:, number], strict=True)
        )
        rows.append((axis, float(value), float(found.low[number]), float(found.high[number])))
    return StudyTable(
        title=Text(ko="면의 모양(축마다 굽은 정도)", en="Shape of the surface (curvature by axis)"),
        headings=(
            Text(ko="축", en="axis"),
            Text(ko="고윳값", en="eigenvalue"),
            Text(ko="하한", en="low"),
            Text(ko="상한", en="high"),
        ),
        rows=tuple(rows),
    )


def _notes(analysis: ExperimentAnalysis, one: OutcomeAnalysis) -> list[Text]:
    fit, notes = one.fit, []
    if one.told.unreplicated:
        notes.append(
            Text(
                ko="되풀이한 시험이 없어 효과의 산포로 가렸습니다(Lenth 1989).",
                en="Nothing was repeated, so effects were judged by their own scatter (Lenth 1989).",
            )
        )
    if fit.lack_of_fit is not None:
        bad = fit.lack_of_fit.p < CLEAR
        notes.append(
            Text(
                ko=f"적합 결여 p = {fit.lack_of_fit.p:.3g}: "
                + ("모형에 빠진 항이 있습니다." if bad else "빠진 항의 징후가 없습니다."),
                en=f"Lack of fit p = {fit.lack_of_fit.p:.3g}: "
                + ("terms are missing." if bad else "no sign of missing terms."),
            )
        )
    if one.surface is not None:
        level = ", ".join(
            f"{factor.name} {setting_words(round(float(factor.setting(code)), 6))}"
            for factor, code in zip(one.surface.numbers, one.surface.stationary, strict=True)
        )
        where = (
            Text(ko="범위 안", en="inside the range")
            if one.surface.inside
            else Text(ko="범위 밖", en="outside the range")
        )
        notes.append(Text(ko=f"정류점: {level} ({where.ko}).", en=f"Stationary point: {level} ({where.en})."))
    if analysis.notes:
        told = "; ".join(analysis.notes[:6])
        notes.append(
            Text(
                ko=f"계획과 다르게 맞춘 설정을 그대로 썼습니다: {told}",
                en=f"Settings that differed from the plan were used as made: {told}",
            )
        )
    return notes


def _optimum_study(analysis: ExperimentAnalysis, best: Optimum) -> Study:
    named = ", ".join(f"{name} {setting_words(value)}" for name, value in best.settings.items())
    goal = analysis.outcomes[0].outcome.name
    told = best.predicted.get(goal) or next(iter(best.predicted.values()))
    edge = f" {', '.join(best.at_edge)}: 범위 끝이므로 그 너머가 더 나을 수 있습니다." if best.at_edge else ""
    edge_en = f" {', '.join(best.at_edge)} lie at the edge: beyond may be better still." if best.at_edge else ""
    judged = [one for one in analysis.outcomes if one.confirmation is not None]
    confirmed = all(one.confirmation is not None and one.confirmation.confirmed for one in judged)
    ko, en = "", ""
    if judged:
        ko = (
            " 확인 시험이 예측과 맞습니다."
            if confirmed
            else " 확인 시험이 예측을 벗어났습니다. 설정을 옮기기 전에 다시 보세요."
        )
        en = (
            " The confirmation run agrees."
            if confirmed
            else " The confirmation run disagrees: look again before you move."
        )
    action = Text(
        ko=f"{named}(으)로 확인 시험을 하세요. 한 번의 결과는 95 % 확률로 {figure(told[3])}~{figure(told[4])} 안에 듭니다.",
        en=f"Make a confirmation run at {named}: with 95 % one result lies between {figure(told[3])} and {figure(told[4])}.",
    )
    return Study(
        kind="experiment_optimum",
        title=Text(ko="가장 좋은 설정은?", en="Which settings are best?"),
        answer=Text(
            ko=f"{named}: {goal} {figure(told[0])} ({figure(told[1])}~{figure(told[2])}) 예상.{edge}{ko}",
            en=f"{named}: {goal} is expected at {figure(told[0])} ({figure(told[1])} to {figure(told[2])}).{edge_en}{en}",
        ),
        subject=Subject(table="", column=goal),
        tables=tuple(_optimum_tables(analysis, best)),
        actions=() if judged and confirmed else (Action(text=action, owner="engineer"),),
    )


def _optimum_tables(analysis: ExperimentAnalysis, best: Optimum) -> list[StudyTable]:
    nearly = {name: f"{figure(low)} ~ {figure(high)}" for name, (low, high) in best.nearly.items()}
    tables = [
        StudyTable(
            title=Text(ko="설정", en="Settings"),
            headings=(
                Text(ko="인자", en="factor"),
                Text(ko="가장 좋은 값", en="best"),
                Text(ko="거의 같은 범위", en="nearly as good"),
            ),
            rows=tuple((name, setting_words(value), nearly.get(name, "–")) for name, value in best.settings.items()),
        ),
        StudyTable(
            title=Text(ko="그때의 결과", en="Results there"),
            headings=(
                Text(ko="결과", en="outcome"),
                Text(ko="예상", en="expected"),
                Text(ko="평균 하한", en="mean, low"),
                Text(ko="평균 상한", en="mean, high"),
                Text(ko="시험 한 번 하한", en="one run, low"),
                Text(ko="시험 한 번 상한", en="one run, high"),
            ),
            rows=tuple((name, *told) for name, told in best.predicted.items()),
        ),
    ]
    judged = [one for one in analysis.outcomes if one.confirmation is not None]
    if judged:
        rows = [
            (
                one.outcome.name,
                one.confirmation.mean,
                one.confirmation.expected,
                one.confirmation.low,
                one.confirmation.high,
                Text(ko="맞음", en="yes") if one.confirmation.confirmed else Text(ko="벗어남", en="no"),
            )
            for one in judged
            if one.confirmation is not None
        ]
        tables.append(
            StudyTable(
                title=Text(ko="확인 시험", en="Confirmation"),
                headings=(
                    Text(ko="결과", en="outcome"),
                    Text(ko="평균", en="mean"),
                    Text(ko="예상", en="expected"),
                    Text(ko="하한", en="low"),
                    Text(ko="상한", en="high"),
                    Text(ko="예측과 맞나", en="as predicted"),
                ),
                rows=tuple(rows),
            )
        )
    return tables

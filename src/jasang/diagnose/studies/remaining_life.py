"""How long things last and when a wearing quantity reaches its limit, in words and charts."""

import numpy as np

from jasang.analyze.remaining_life import (
    Figure,
    Lives,
    TrendLife,
    fit_weibull,
    life_reached_by,
    remaining_life,
    replacement_age,
)
from jasang.diagnose.chart import Chart, Line, Mark, thin
from jasang.diagnose.fault_story import number
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study
from jasang.plant.text import Text

_POINTS = 80


def lives_study(
    lives: Lives,
    subject: Subject,
    unit: str,
    *,
    age: float | None = None,
    planned: float | None = None,
    failure: float | None = None,
) -> Study:
    """Life by Weibull, remaining life at `age`, and the age of replacement where both costs are given.

    Raises
    ------
    TooFewFailures
        Fewer than 5 failures.
    """
    model, early = fit_weibull(lives), life_reached_by(lives)
    suffix = f" {unit}" if unit else ""
    ko = f"보통 {number(model.mean)}{suffix} 쓰고 고장 납니다. 10개 가운데 9개는 {number(early.value)}{suffix}까지 갑니다."
    en = f"On average they last {number(model.mean)}{suffix}; 9 of 10 reach {number(early.value)}{suffix}."
    if model.wears_out:
        ko += " 오래 쓸수록 잘 고장 납니다(마모)."
        en += " They wear out: the older, the sooner they fail."
    else:
        ko += " 오래 썼다고 더 잘 고장 난다고는 할 수 없어, 미리 바꿔도 득이 없습니다."
        en += " It is not shown that old ones fail more readily, so replacing by age does not help."
    items = [
        _figure("shape", "모양(1보다 크면 마모)", "shape (above 1 = wear-out)", model.shape, None),
        _figure("scale", "63 %가 고장 나는 나이", "age by which 63 % have failed", model.scale, unit),
        _figure("reached_by_90", "90 %가 도달하는 나이", "age reached by 90 %", early, unit),
        _count("failures", "고장", "failures", model.failures),
        _count("censored", "고장 없이 바꾸었거나 쓰는 중", "replaced whole or still in use", model.censored),
    ]
    actions = []
    if age is not None:
        rest = remaining_life(lives, age)
        items.append(_figure("remaining", "지금 쓰는 것의 남은 수명", "life left of the one in use", rest, unit))
        span = f"{number(rest.low)}~{number(rest.high)}"
        ko += f" 지금 {number(age)}{suffix} 쓴 것은 {number(rest.value)}{suffix}({span}) 더 갑니다."
        en += f" The one in use ({number(age)}{suffix}) has {number(rest.value)}{suffix} left ({span.replace('~', ' to ')})."
    if planned is not None and failure is not None:
        best = replacement_age(model, planned, failure)
        if best is not None:
            items.append(
                _count("replace_at", "비용이 가장 적은 교체 나이", "age of replacement that costs least", best)
            )
            actions.append(
                Action(
                    text=Text(
                        ko=f"{number(best)}{suffix} 쓰면 고장 전에 바꾸세요.",
                        en=f"Replace at {number(best)}{suffix}, before it fails.",
                    ),
                    owner="maintenance",
                )
            )
    return Study(
        kind="remaining_life",
        title=Text(ko="얼마나 더 가는가?", en="How long will it last?"),
        answer=Text(ko=ko, en=en),
        subject=subject,
        evidence=tuple(items),
        charts=(_alive(lives, unit),),
        actions=tuple(actions),
        notes=(
            Text(
                ko="와이블 분포, 중도절단을 셈한 최대우도. 남은 수명의 구간은 같은 물건 100개 가운데 90개를 담습니다.",
                en="Weibull by maximum likelihood with censoring. The interval of life left holds 90 of 100 such things.",
            ),
        ),
    )


def _alive(lives: Lives, unit: str) -> Chart:
    model = fit_weibull(lives)
    ages = np.linspace(0, float(lives.duration.max()) * 1.15, _POINTS)
    order = np.argsort(lives.duration, kind="stable")
    at_risk = lives.duration.size - np.arange(lives.duration.size)
    kept = np.cumprod(1 - lives.failed[order] / at_risk)
    seen = np.concatenate([[1.0], kept])[np.searchsorted(lives.duration[order], ages, side="right")]
    return Chart(
        title=Text(ko="그 나이에 몇 %가 아직 쓸 만한가?", en="What share still works at that age?"),
        x_kind="number",
        x=tuple(round(float(age), 6) for age in ages),
        lines=(
            Line(name=Text(ko="와이블", en="Weibull"), y=tuple(round(100 * float(y), 3) for y in model.alive(ages))),
            Line(
                name=Text(ko="기록(카플란-마이어)", en="record (Kaplan-Meier)"),
                y=tuple(round(100 * float(y), 3) for y in seen),
                look="step",
            ),
        ),
        x_label=Text(ko=f"나이 {unit}".strip(), en=f"age {unit}".strip()),
        y_label=Text(ko="아직 쓰는 것 %", en="still working %"),
    )


def trend_study(
    time: np.ndarray, values: np.ndarray, limit: float, found: TrendLife, subject: Subject, unit: str, each: Text
) -> Study:
    """When the quantity reaches its limit. `time` is in days where known, else in rows; `each` names that unit."""
    ko_high, en_high = (
        ("알 수 없음", "never") if not np.isfinite(found.high) else (number(found.high), number(found.high))
    )
    suffix = f" {unit}" if unit else ""
    drawn = thin(values.size)
    return Study(
        kind="remaining_life",
        title=Text(ko="언제 한계에 닿는가?", en="When is the limit reached?"),
        answer=Text(
            ko=f"지금 {number(found.level)}{suffix}이고, 한계 {number(limit)}{suffix}까지 약 {number(found.remaining)} {each.ko}"
            f"({number(found.low)}~{ko_high}) 남았습니다.",
            en=f"It stands at {number(found.level)}{suffix}; about {number(found.remaining)} {each.en} "
            f"({number(found.low)} to {en_high}) are left until {number(limit)}{suffix}.",
        ),
        subject=subject,
        evidence=(
            Evidence(
                name="remaining",
                label=Text(ko="남은 시간(90 % 구간)", en="time left (90 % interval)"),
                value=found.remaining,
                low=found.low,
                high=found.high if np.isfinite(found.high) else None,
                unit=each.en,
            ),
            Evidence(
                name="rate",
                label=Text(ko=f"{each.ko}당 변화", en=f"change per {each.en}"),
                value=found.rate,
                low=found.rate_low,
                high=found.rate_high,
                unit=unit or None,
            ),
        ),
        charts=(
            Chart(
                title=Text(ko="언제 한계에 닿는가?", en="When is the limit reached?"),
                x_kind="number",
                x=tuple(round(float(t), 6) for t in time[drawn]),
                lines=(
                    Line(
                        name=Text(ko=subject.column or "값", en=subject.column or "value"),
                        y=tuple(None if np.isnan(v) else float(v) for v in values[drawn]),
                        look="thin",
                    ),
                ),
                marks=(Mark(name=Text(ko="한계", en="limit"), axis="y", at=limit, look="specification"),),
                x_label=each,
                y_unit=unit or None,
            ),
        ),
        actions=(
            Action(
                text=Text(
                    ko=f"{number(max(found.low, 0))} {each.ko} 안에 점검이나 교체를 잡으세요.",
                    en=f"Plan the check or replacement within {number(max(found.low, 0))} {each.en}.",
                ),
                owner="maintenance",
            ),
        ),
        notes=(
            Text(
                ko="지금까지의 속도가 이어진다고 볼 때입니다(표류하는 위너 과정). 사용 조건이 바뀌면 달라집니다.",
                en="If it goes on at its rate so far (Wiener process with drift). Another use changes it.",
            ),
        ),
    )


def _figure(name: str, ko: str, en: str, one: Figure, unit: str | None) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=one.value, low=one.low, high=one.high, unit=unit or None)


def _count(name: str, ko: str, en: str, value: float) -> Evidence:
    return Evidence(name=name, label=Text(ko=ko, en=en), value=float(value))

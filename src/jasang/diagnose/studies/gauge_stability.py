"""A master read again and again: does the gauge read the same as it did?"""

from jasang.analyze.gauge import GaugeStability
from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.finding import Evidence, Subject
from jasang.diagnose.gauge_story import short
from jasang.diagnose.study import Study
from jasang.plant.text import Text


def stability_answer(study: GaugeStability, *, file: str, name: str, unit: str | None) -> Study:
    """The chart of the readings with limits, drift and bias."""
    suffix = f" {unit}" if unit else ""
    ko, en = _verdict(study, suffix)
    evidence = [
        Evidence(name="points", label=Text(ko="점의 수", en="points"), value=float(study.points.size)),
        Evidence(
            name="beyond",
            label=Text(ko="관리한계를 벗어난 점", en="points beyond the limits"),
            value=float(len(study.beyond)),
        ),
        Evidence(
            name="drift",
            label=Text(ko="점 하나마다 옮겨 간 양", en="drift for each point"),
            value=study.slope,
            low=study.slope_low,
            high=study.slope_high,
            unit=unit,
        ),
    ]
    if study.bias is not None:
        bias = study.bias
        ko += f" 기준값과의 치우침은 {short(bias.bias)}{suffix}({short(bias.low)}~{short(bias.high)})입니다."
        en += f" The bias is {short(bias.bias)}{suffix} ({short(bias.low)} to {short(bias.high)})."
        evidence.append(
            Evidence(
                name="bias",
                label=Text(ko="치우침", en="bias"),
                value=bias.bias,
                low=bias.low,
                high=bias.high,
                unit=unit,
            )
        )
    return Study(
        kind="gauge",
        title=Text(
            ko=f"{name}: 측정기가 한결같이 읽나(안정성)?", en=f"{name}: does the gauge stay the same (stability)?"
        ),
        answer=Text(ko=ko, en=en),
        subject=Subject(table=file, column=name),
        evidence=tuple(evidence),
        charts=(_drawn(study, name, unit),),
    )


def _verdict(study: GaugeStability, suffix: str) -> tuple[str, str]:
    drifts = not study.is_stable and not (study.slope_low <= 0.0 <= study.slope_high)
    if study.is_stable:
        return (
            f"측정기가 안정되어 있습니다. {study.points.size}개 점이 모두 한계 안이고 옮겨 간 흔적이 없습니다.",
            f"The gauge is stable: all {study.points.size} points lie within the limits and no drift is seen.",
        )
    ko = f"측정기가 안정되어 있지 않습니다. 한계를 벗어난 점이 {len(study.beyond)}개입니다."
    en = f"The gauge is not stable: {len(study.beyond)} of {study.points.size} points are beyond the limits."
    if drifts:
        ko += f" 점 하나마다 {short(study.slope)}{suffix}씩 옮겨 갑니다."
        en += f" It drifts by {short(study.slope)}{suffix} a point."
    return ko + " 교정과 기준품을 확인하세요.", en + " Check its calibration and the master."


def _drawn(study: GaugeStability, name: str, unit: str | None) -> Chart:
    points = tuple(float(point) for point in study.points)
    lines = [Line(name=Text(ko="읽은 값", en="reading"), y=points)]
    if study.beyond:
        out = tuple(point if place in study.beyond else None for place, point in enumerate(points))
        lines.append(Line(name=Text(ko="한계를 벗어난 점", en="beyond the limits"), y=out, look="points"))
    marks = (
        Mark(name=Text(ko="중심", en="centre"), axis="y", at=study.centre),
        Mark(name=Text(ko="관리하한", en="lower limit"), axis="y", at=study.lower),
        Mark(name=Text(ko="관리상한", en="upper limit"), axis="y", at=study.upper),
    )
    return Chart(
        title=Text(ko=f"{name}: 같은 기준품을 같은 값으로 읽나?", en=f"{name}: is the same master read the same?"),
        x_kind="number",
        x=tuple(float(place + 1) for place in range(len(points))),
        lines=tuple(lines),
        marks=marks,
        x_label=Text(ko="잰 차례", en="reading number"),
        y_label=Text(ko=name, en=name),
        y_unit=unit,
    )

"""How a control chart speaks: which chart and why, what it found, which rule a point broke."""

from jasang.analyze.control_charts import ChartChoice, ControlChart, Subgrouping
from jasang.diagnose.fault_story import number
from jasang.plant.text import Text

KINDS: dict[str, Text] = {
    "imr": Text(ko="개별값-이동범위(I-MR) 관리도", en="individuals and moving range chart (I-MR)"),
    "xbar_r": Text(ko="평균-범위(X̄-R) 관리도", en="mean and range chart (X̄-R)"),
    "xbar_s": Text(ko="평균-표준편차(X̄-S) 관리도", en="mean and standard deviation chart (X̄-S)"),
    "between_within": Text(ko="군간·군내 관리도(I-MR-S)", en="between/within chart (I-MR-S)"),
    "residual": Text(ko="예측 잔차 관리도", en="residual chart (around forecasts)"),
    "p": Text(ko="불량률(p) 관리도", en="chart of the share of defectives (p)"),
    "p_laney": Text(ko="불량률(Laney p′) 관리도", en="Laney p′ chart"),
    "np": Text(ko="불량 개수(np) 관리도", en="chart of the number of defectives (np)"),
    "c": Text(ko="결점 수(c) 관리도", en="chart of the number of defects (c)"),
    "u": Text(ko="단위당 결점 수(u) 관리도", en="chart of defects per unit (u)"),
    "u_laney": Text(ko="단위당 결점 수(Laney u′) 관리도", en="Laney u′ chart"),
    "deviation": Text(ko="제품별 편차 관리도(단기 생산)", en="deviation-from-nominal chart (short runs)"),
    "standardised": Text(ko="제품별 표준화 관리도(단기 생산)", en="standardised short-run chart"),
    "ewma": Text(ko="지수가중이동평균(EWMA) 관리도", en="EWMA chart"),
    "cusum": Text(ko="누적합(CUSUM) 관리도", en="CUSUM chart"),
    "t2": Text(ko="호텔링 T² 관리도", en="Hotelling T² chart"),
    "mewma": Text(ko="다변량 EWMA(MEWMA) 관리도", en="MEWMA chart"),
    "group": Text(ko="그룹 관리도", en="group chart"),
}

RULE_WORDS: dict[int, Text] = {
    1: Text(ko="관리한계를 벗어남", en="beyond the limits"),
    2: Text(ko="9점이 중심선 한쪽에 이어짐", en="nine in a row on one side"),
    3: Text(ko="6점이 계속 오르거나 내림", en="six in a row rising or falling"),
    4: Text(ko="14점이 번갈아 오르내림", en="fourteen alternating"),
    5: Text(ko="3점 중 2점이 같은 쪽 2시그마 밖", en="two of three beyond 2 sigma"),
    6: Text(ko="5점 중 4점이 같은 쪽 1시그마 밖", en="four of five beyond 1 sigma"),
    7: Text(ko="15점이 1시그마 안에 모임", en="fifteen within 1 sigma"),
    8: Text(ko="8점이 양쪽 1시그마 밖", en="eight beyond 1 sigma on both sides"),
}
LEVEL_WORDS = Text(ko="수준이 평소에서 멀어짐", en="level away from its usual place")


def why(choice: ChartChoice, groups: Subgrouping) -> Text:
    """Which chart was taken and what in the data asked for it."""
    name, figure = KINDS[choice.kind], choice.figure
    reasons: dict[str, Text] = {
        "asked": Text(ko="요청한 관리도입니다", en="as asked for"),
        "even_subgroups": Text(
            ko=f"{_grouped(groups).ko} 한 부분군이 {figure:.0f}개로 같아서 골랐습니다",
            en=f"chosen because {_grouped(groups).en}, {figure:.0f} at a time",
        ),
        "large_subgroups": Text(
            ko=f"{_grouped(groups).ko} 한 부분군이 {figure:.0f}개로 커서 범위보다 표준편차가 낫습니다",
            en=f"chosen because {_grouped(groups).en}, {figure:.0f} at a time: too many for the range to be a "
            "good measure",
        ),
        "uneven_subgroups": Text(
            ko=f"{_grouped(groups).ko} 부분군 크기가 서로 달라서(보통 {figure:.0f}개) 골랐습니다",
            en=f"chosen because {_grouped(groups).en}, not always the same number (usually {figure:.0f})",
        ),
        "groups_differ": Text(
            ko=f"{_grouped(groups).ko} 부분군 평균끼리의 흩어짐이 부분군 안 흩어짐의 {figure:.1f}배라, 안의 흩어짐으로 한계를 "
            "그으면 늘 경보가 울립니다. 그래서 부분군 평균을 개별값으로 봅니다",
            en=f"chosen because {_grouped(groups).en} and their means scatter {figure:.1f} times as much as the values "
            "inside: limits from inside would alarm all the time, so the means are charted as single values",
        ),
        "memory": Text(
            ko=f"이웃한 값이 서로 닮아서(자기상관 {figure:.2f}) 보통 한계로는 헛경보가 잦아, 앞의 값들로 예측한 값과 견줍니다",
            en=f"chosen because neighbouring values resemble each other (autocorrelation {figure:.2f}), so that "
            "usual limits "
            "alarm without cause: each value is compared with its forecast from those before",
        ),
        "single_values": Text(
            ko=f"값이 하나씩 나오고 이웃한 값이 뚜렷이 닮지는 않아서(자기상관 {figure:.2f}) 골랐습니다",
            en=f"chosen because values come one at a time and neighbours do not clearly resemble each other ({figure:.2f})",
        ),
        "too_few_for_memory": Text(
            ko="값이 하나씩 나와서 골랐습니다(값이 적어 이웃끼리 닮았는지는 알 수 없습니다)",
            en="chosen because values come one at a time (too few to know whether neighbours resemble each other)",
        ),
        "shares": Text(ko="검사 수가 서로 달라 비율로 봅니다", en="chosen because the samples differ in size"),
        "overdispersed": Text(
            ko=f"표본끼리의 차이가 우연보다 {figure:.1f}배 커서 한계를 그만큼 넓혔습니다",
            en=f"chosen because samples differ {figure:.1f} times as much as chance alone would make them",
        ),
        "equal_samples": Text(
            ko=f"표본 크기가 {figure:.0f}개로 같아서 골랐습니다",
            en=f"chosen because all samples have {figure:.0f} units",
        ),
        "counts": Text(
            ko="같은 크기에서 센 결점 수라서 골랐습니다", en="chosen because defects are counted on equal areas"
        ),
        "parts_alike": Text(
            ko="제품마다 수준은 다르지만 흩어짐은 비슷해서, 제품별 기준에서 벗어난 만큼을 봅니다",
            en="chosen because products differ in level but not in spread: what is charted is the distance "
            "from the product's own mean",
        ),
        "parts_differ": Text(
            ko="제품마다 수준과 흩어짐이 달라서, 제품별 기준과 시그마로 맞춘 값을 봅니다",
            en="chosen because products differ in level and spread: each value is scaled by its product's own "
            "mean and sigma",
        ),
    }
    reason = reasons[choice.because]
    return Text(ko=f"{name.ko}: {reason.ko}.", en=f"{name.en[0].upper()}{name.en[1:]}, {reason.en}.")


def _grouped(groups: Subgrouping) -> Text:
    if groups.source == "label":
        return Text(
            ko=f"'{groups.name}'이(가) 같은 값끼리 묶입니다.", en=f"values with one '{groups.name}' belong together"
        )
    if groups.source == "bursts" and groups.interval is not None and groups.pause is not None:
        return Text(
            ko=f"값이 {_span(groups.interval).ko} 간격으로 몰아서 나오고 {_span(groups.pause).ko}쯤 쉽니다.",
            en=f"values come in bursts {_span(groups.interval).en} apart with pauses of {_span(groups.pause).en}",
        )
    return Text(ko="차례로 묶었습니다.", en="values were taken in blocks")


def _span(seconds: float) -> Text:
    for length, ko, en in ((86_400.0, "일", "days"), (3_600.0, "시간", "h"), (60.0, "분", "min")):
        if seconds >= 1.5 * length:
            return Text(ko=f"{number(round(seconds / length, 1))}{ko}", en=f"{number(round(seconds / length, 1))} {en}")
    return Text(ko=f"{number(seconds)}초", en=f"{number(seconds)} s")


def answer(name: str, chart: ControlChart, groups: Subgrouping, since: Text | None) -> Text:
    """Is it in control? Then which chart and why."""
    beyond, alarms, points = int(chart.beyond.sum()), int(chart.alarms.sum()), chart.points.size
    reason = why(chart.choice, groups)
    if not chart.stable:
        ko = f"{name}: 기준 기간부터 벗어난 점이 너무 많아 관리 상태가 아닙니다. 원인을 먼저 없애야 한계를 정할 수 있습니다."
        en = (
            f"{name} is not in control: so many points of the baseline itself are out that limits mean "
            "little until the causes are gone."
        )
    elif alarms == 0:
        ko = f"{name}: 점 {points:,}개가 모두 관리한계 안에 있고 이상한 흐름도 없습니다. 관리 상태입니다."
        en = f"{name} is in control: all {points:,} points lie within the limits, without unusual runs."
    else:
        expected = points / chart.run_length
        ko = f"{name}: 점 {points:,}개 가운데 {beyond:,}개가 관리한계를 벗어났고, 흐름까지 보면 경보가 {alarms:,}개입니다."
        en = (
            f"{name}: of {points:,} points {beyond:,} are beyond the limits; with unusual runs there are "
            f"{alarms:,} alarms."
        )
        if alarms <= expected + 2.0 * expected**0.5:
            ko += f" 우연히도 이만큼({expected:.0f}개쯤)은 나올 수 있습니다."
            en += f" That many (about {expected:.0f}) can be chance."
        elif since is not None:
            ko += f" 마지막 경보: {since.ko}."
            en += f" The last alarm: {since.en}."
    return Text(ko=f"{ko} {reason.ko}", en=f"{en} {reason.en}")

"""What a schedule's demands, delays and moves are called, in Korean and in English."""

from jasang.mentor.schedule_folder import ScheduleFolder
from jasang.optimize.schedule import Comparison, Conflict, Demand, Difference
from jasang.plant.text import Text

REASONS = {
    "machine_down": Text(ko="설비가 멈춰 있었음", en="machine was down"),
    "step_before": Text(ko="앞 공정이 늦게 끝남", en="the step before ended late"),
    "order_before": Text(ko="먼저 하기로 한 작업이 늦게 끝남", en="the work planned before it ended late"),
    "other_order": Text(ko="순서를 바꿔 다른 작업을 먼저 함", en="other work was done first"),
    "unknown": Text(ko="기록으로는 알 수 없음", en="the record does not tell"),
}


def clock_words(folder: ScheduleFolder, minute: int) -> str:
    """A moment as people read it."""
    return f"{folder.moment(minute):%m-%d %H:%M}"


def conflict_words(folder: ScheduleFolder, conflict: Conflict) -> Text:
    """The conflict as one sentence."""
    demands = [demand_words(folder, one) for one in conflict.demands]
    return Text(
        ko="다음을 모두 지키는 계획은 없습니다. 이 가운데 하나를 풀어야 합니다: "
        + " / ".join(one.ko for one in demands),
        en="No plan keeps all of these; one of them has to give: " + " / ".join(one.en for one in demands),
    )


def demand_words(folder: ScheduleFolder, demand: Demand) -> Text:
    """One demand."""
    at = clock_words(folder, demand.moment)
    name = demand.name
    first = demand.stretches[0] if demand.stretches else None
    label = first.label if first is not None else ""
    if first is not None and len(demand.stretches) == 1:
        span = f"{clock_words(folder, first.start)} ~ {clock_words(folder, first.end)}"
        span_ko, span_en = f"{label} {span}", f"{label} {span}"
    else:
        span_ko, span_en = (
            f"{label} 시간표({len(demand.stretches)}번)",
            f"{label} calendar ({len(demand.stretches)} times)",
        )
    words = {
        "deadline": Text(ko=f"주문 {name}의 납기 {at}은 꼭 지킨다", en=f"order {name} is due {at}, without fail"),
        "release": Text(ko=f"주문 {name}은(는) {at}부터 시작할 수 있다", en=f"order {name} cannot start before {at}"),
        "lock": Text(
            ko=f"주문 {name}의 {demand.step + 1}번째 공정은 {at}에 고정",
            en=f"step {demand.step + 1} of order {name} is locked at {at}",
        ),
        "closed": Text(ko=f"{name} 설비는 쉰다: {span_ko}", en=f"machine {name} is closed: {span_en}"),
        "away": Text(ko=f"{name}을(를) 쓸 수 없다: {span_ko}", en=f"{name} is away: {span_en}"),
        "capacity": Text(ko=f"{name}은(는) {demand.moment}개뿐이다", en=f"there is only {demand.moment} of {name}"),
        "frozen": Text(ko=f"{at}까지는 새로 시작하지 않는다", en=f"nothing new starts before {at}"),
        "busy": Text(ko=f"{name} 설비는 {at}부터 빈다", en=f"machine {name} is busy until {at}"),
        "fits": Text(
            ko=f"주문 {name}의 {demand.step + 1}번째 공정이 {folder.moment(demand.moment):%Y-%m-%d}까지 끝난다",
            en=f"step {demand.step + 1} of order {name} ends by {folder.moment(demand.moment):%Y-%m-%d}",
        ),
        "setups": Text(ko=f"{name} 설비는 교체 시간이 든다", en=f"machine {name} needs its set-ups"),
    }
    return words[demand.kind]


def difference_words(folder: ScheduleFolder, one: Difference) -> Text:
    """A late start and what the delay went to."""
    reason = REASONS[one.reason or "unknown"]
    name = f" ({one.reason_name})" if one.reason_name else ""
    where = f"{one.planned.order}-{one.planned.step + 1} {one.planned.machine}"
    planned = clock_words(folder, one.planned.start)
    return Text(
        ko=f"{where}: {planned} 시작 예정보다 {one.late}분 늦음 – {reason.ko}{name} {one.reason_minutes}분",
        en=f"{where}: {one.late} min after the planned start {planned} – {reason.en}{name}, {one.reason_minutes} min",
    )


def comparison_words(comparison: Comparison) -> Text:
    """The whole comparison as one sentence."""
    count = len(comparison.differences)
    late = sum(one.reason is not None for one in comparison.differences)
    worst = comparison.reasons[0] if comparison.reasons else None
    because_ko = f" 가장 큰 이유: {REASONS[worst[0]].ko}({worst[1]}건, {worst[2]}분)." if worst else ""
    because_en = f" Most of the delay: {REASONS[worst[0]].en} ({worst[1]} times, {worst[2]} min)." if worst else ""
    return Text(
        ko=f"계획한 {count}건 가운데 {100 * comparison.adherence:.0f} %가 정한 설비에서 {comparison.tolerance}분 안에 "
        f"시작했습니다. "
        f"늦은 시작 {late}건, 기록에 없는 공정 {comparison.not_done}건, 계획에 없던 작업 {comparison.unplanned}건.{because_ko}",
        en=f"Of {count} planned operations {100 * comparison.adherence:.0f} % started on their machine within "
        f"{comparison.tolerance} minutes. Late starts {late}, not in the record {comparison.not_done}, "
        f"unplanned work {comparison.unplanned}.{because_en}",
    )

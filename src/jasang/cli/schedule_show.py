"""A schedule as a readable page on the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from jasang.errors import Language
from jasang.mentor.schedule_folder import ScheduleFolder
from jasang.mentor.schedule_words import clock_words, comparison_words, difference_words
from jasang.optimize.schedule import Comparison, Plan, Promise, Replan, ScheduleProblem
from jasang.plant.text import Text

_MOST_ROWS = 40


def show_plan(
    folder: ScheduleFolder, problem: ScheduleProblem, plan: Plan, language: Language, console: Console
) -> None:
    """What the plan costs, which orders are late, and what runs when."""
    count = len(problem.orders)
    gap = f"{100 * plan.gap:.1f} %"
    best = (
        Text(ko="증명된 최선", en="proven best")
        if plan.optimal
        else Text(ko=f"최선과의 차이는 많아야 {gap}", en=f"at most {gap} from the best")
    ).in_language(language)
    console.print(Styled(folder.name, style="bold"))
    words = Text(
        ko=f"주문 {count}건, 공정 {len(plan.operations)}개. 끝: {clock_words(folder, plan.makespan)}. "
        f"늦는 주문 {len(plan.late)}건(무게를 준 {plan.tardiness:.0f}분). 교체 {plan.setup}분. {best}.",
        en=f"{count} orders, {len(plan.operations)} operations. Ends {clock_words(folder, plan.makespan)}. "
        f"Late orders: {len(plan.late)} ({plan.tardiness:.0f} weighted minutes). Set-ups {plan.setup} min. {best}.",
    )
    console.print(words.in_language(language))
    if plan.stopped:
        console.print(
            Text(
                ko="중간에 멈췄습니다. 그때까지 가장 좋은 계획입니다.", en="Stopped early: the best plan so far."
            ).in_language(language)
        )
    for note in folder.notes:
        console.print(Styled(note.in_language(language), style="dim"))
    ko = language == "ko"
    for name, late in sorted(plan.late.items(), key=lambda one: -one[1])[:10]:
        due = clock_words(folder, problem.order(name).due or 0)
        console.print(
            Styled(
                f"  ! {name}: 납기 {due}보다 {late}분 늦음" if ko else f"  ! {name}: {late} min after {due}",
                style="red",
            )
        )
    headings = (
        ("설비", "시작", "끝", "주문", "공정", "교체(분)")
        if ko
        else ("machine", "start", "end", "order", "operation", "set-up")
    )
    sheet = Table(box=None, pad_edge=False)
    for heading in headings:
        sheet.add_column(heading)
    for one in sorted(plan.operations, key=lambda one: (one.machine, one.start))[:_MOST_ROWS]:
        operation = problem.order(one.order).operations[one.step].name
        sheet.add_row(
            one.machine, clock_words(folder, one.start), clock_words(folder, one.end), one.order,
            f"{one.step + 1} {operation}", str(one.setup or ""),
        )  # fmt: skip
    console.print(sheet)
    if len(plan.operations) > _MOST_ROWS:
        rest = len(plan.operations) - _MOST_ROWS
        console.print(
            Text(
                ko=f"… {rest}개 더. 모두 보려면 --csv, --json, --report",
                en=f"… {rest} more; all with --csv, --json, --report",
            ).in_language(language)
        )


def show_replan(folder: ScheduleFolder, made: Replan, language: Language, console: Console) -> None:
    """What moved, then the plan."""
    pushed, share = made.pushed, f"{100 * made.share_moved:.0f} %"
    words = Text(
        ko=f"시작하지 않은 공정 {made.open_operations}개 가운데 {len(made.moved)}개를 옮겼습니다({share}). "
        f"{len(made.delayed)}개는 고장 때문에 늦춰졌습니다.",
        en=f"Of {made.open_operations} operations not yet started {len(made.moved)} were moved "
        f"({share}); {len(made.delayed)} start later because of the breakdown.",
    )
    console.print(words.in_language(language))
    if pushed is not None:
        gain = Text(
            ko=f"뒤로 밀기만 하면 지연 {pushed.tardiness:.0f}분(무게), 이 계획은 {made.plan.tardiness:.0f}분입니다.",
            en=f"Merely pushed back it would be {pushed.tardiness:.0f} weighted minutes late, "
            f"this plan {made.plan.tardiness:.0f}.",
        )
        console.print(gain.in_language(language))
    for order, step in made.moved:
        console.print(f"  → {order} {step + 1}")
    show_plan(folder, made.problem, made.plan, language, console)


def show_promise(folder: ScheduleFolder, made: Promise, language: Language, console: Console) -> None:
    """The dates of the new order."""

    def at(minute: int) -> str:
        return clock_words(folder, minute)

    lines = [
        Text(
            ko=f"다른 작업을 하나도 옮기지 않으면 {at(made.untouched)}에 끝납니다.",
            en=f"Without moving any other work it ends {at(made.untouched)}.",
        ),
        Text(
            ko=f"고정하거나 약속한 것을 지키면서 다시 짜면 {at(made.finish)}에 끝납니다.",
            en=f"Planned anew, with all that is locked or promised kept, it ends {at(made.finish)}.",
        ),
    ]
    if made.safe is not None and made.likely is not None:
        lines.append(
            Text(
                ko=f"실적의 시간 변동으로 {made.draws}번 돌려 보니 절반은 {at(made.likely)}, 열에 아홉은 {at(made.safe)}까지 "
                "끝납니다. 뒤의 날짜를 약속하세요.",
                en=f"In {made.draws} runs with the measured variation half end by {at(made.likely)}, nine in ten by "
                f"{at(made.safe)}. Promise the latter.",
            )
        )
    else:
        lines.append(
            Text(
                ko="실적 표가 없어 시간 변동을 모릅니다. 여유를 두고 약속하세요.",
                en="There is no record of what was done, so the variation is unknown: promise with some reserve.",
            )
        )
    for line in lines:
        console.print(line.in_language(language))


def show_comparison(folder: ScheduleFolder, compared: Comparison, language: Language, console: Console) -> None:
    """How far the plan was kept, and the late starts."""
    console.print(comparison_words(compared).in_language(language))
    late = sorted((one for one in compared.differences if one.reason is not None), key=lambda one: -one.late)
    for one in late[:_MOST_ROWS]:
        console.print("  " + difference_words(folder, one).in_language(language))


def show_shop(data: dict[str, Any], language: Language, console: Console) -> None:
    """The makespan of a job shop and its bound."""
    gap = f"{100 * data['gap']:.2f} %"
    words = Text(
        ko=f"{data['file']}: 작업 {data['jobs']}개, 설비 {data['machines']}대. "
        f"전체 길이 {data['makespan']}, 하한 {data['bound']}, 차이 {gap}",
        en=f"{data['file']}: {data['jobs']} jobs, {data['machines']} machines. "
        f"Makespan {data['makespan']}, bound {data['bound']}, gap {gap}",
    )
    console.print(words.in_language(language))

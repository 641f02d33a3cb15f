"""The page of a schedule in a real Chromium: drawn, an operation dragged, the try told and kept, an operation held."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("ortools")

from .running import Portal
from .test_browser import INKED, chromium, fits, visit

pytestmark = [pytest.mark.web, pytest.mark.browser]
__all__ = ["chromium"]

SEED = """
from pathlib import Path
from jasang.web.floor import optimise
from jasang.web.floor.services import hand_over_path
from jasang.web.jobs import worker
from jasang.web.tenants.services import add_member, set_up_account, set_up_factory
user, _ = set_up_account(user_name="boss", password="tests-need-a-password")
factory = set_up_factory(name="대한정밀")
add_member(user=user, factory=factory)
other = set_up_factory(name="가나 금형")
add_member(user=user, factory=other)
diagnosis, _ = hand_over_path(factory=factory, path=Path({folder!r}))
plan = optimise.plan_schedule(factory=factory, diagnosis=diagnosis, user=user, seconds=1.5)
worker.work(until_empty=True)
print("page", f"/f/{{factory.key}}/better/schedules/{{plan.key}}/")
"""
TABLES = {
    "주문": "주문번호,제품,수량,착수가능,납기\nA,브라켓,60,2026-10-01 08:00,2026-10-02\nB,커버,90,,2026-10-01 11:00\n",
    "공정": "제품,공정순서,공정명,설비,개당분\n"
    "브라켓,1,프레스,P1,1\n브라켓,1,프레스,P2,1\n커버,1,프레스,P1,1\n커버,2,도장,C1,1\n",
    "근무": "시작,종료\n08:00,17:00\n",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A portal with its worker and one plan: its address and the plan's page."""
    folder = tmp_path_factory.mktemp("gantt")
    given = folder / "tables"
    given.mkdir()
    for name, text in TABLES.items():
        (given / f"{name}.csv").write_text(text, "utf-8")
    portal = Portal(folder / "home")
    try:
        portal.run("setup")
        said = portal.python(SEED.format(folder=str(given)))
        portal.start("work")
        _, ready = portal.start("serve", "--port", "0")
        address = ready.removeprefix("Jasang portal ready at ").rstrip("/")
        yield address, next(line.split()[1] for line in said.splitlines() if line.startswith("page "))
    finally:
        portal.close()


def place(made: Any, order: str) -> tuple[float, float]:
    """Where on the screen an operation's middle is drawn: the chart is asked, as the page asks it."""
    x, y = made.page.evaluate(
        """order => { const plan = JSON.parse(document.getElementById('plan').textContent);
          const one = plan.operations.find((some) => some.order === order);
          const time = (text) => Date.parse(text.slice(0, 19) + 'Z');
          const chart = echarts.getInstanceByDom(document.getElementById('gantt'));
          const row = plan.machines.findIndex((some) => some.name === one.machine);
          const at = chart.convertToPixel({ gridIndex: 0 }, [(time(one.start) + time(one.end)) / 2, row]);
          const box = document.getElementById('gantt').getBoundingClientRect();
          return [box.left + at[0], box.top + at[1]]; }""",
        order,
    )
    return float(x), float(y)


@pytest.mark.parametrize(("language", "size"), [("ko", "desktop"), ("en", "phone")])
def test_an_operation_is_dragged_tried_and_kept(chromium: Any, page: tuple[str, str], language: str, size: str) -> None:
    address, path = page
    with visit(chromium, address, user="boss", language=language, size=size) as made:
        shown = made.page
        shown.goto(f"{address}{path}")
        shown.locator("#gantt canvas").wait_for()
        assert shown.locator("#gantt").evaluate(INKED) > 2000
        assert fits(shown)
        shown.locator("#gantt").scroll_into_view_if_needed()
        x, y = place(made, "A")

        shown.mouse.move(x, y)
        shown.mouse.down()
        shown.mouse.move(x + 15, y, steps=2)
        shown.mouse.move(x + 40, y, steps=3)
        shown.mouse.up()

        form = shown.locator("#move")
        form.wait_for()
        before = shown.evaluate("JSON.parse(document.getElementById('plan').textContent).operations")
        was = next(one for one in before if one["order"] == "A")
        start = form.locator("[name=start]").input_value()
        assert form.locator("[name=machine]").input_value() == was["machine"]
        assert start > was["start"][:16]
        form.locator("button").first.click()
        shown.locator(".card.try").wait_for(timeout=120_000)
        shown.locator("#gantt canvas").wait_for()
        now = shown.evaluate("JSON.parse(document.getElementById('plan').textContent).operations")
        held = next(one for one in now if one["order"] == "A")
        assert (held["start"][:16], held["locked"]) == (start, True)
        assert fits(shown)
        shown.get_by_role("button", name={"ko": "이대로 적용", "en": "Keep it"}[language]).click()
        shown.locator(".card.try").wait_for(state="detached")

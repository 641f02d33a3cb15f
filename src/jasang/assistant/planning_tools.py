"""Tools that plan: better settings, schedules, promised dates, and a factory's level."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from mcp.server import MCPServer
from pydantic import Field
from typing_extensions import TypedDict

from jasang.assistant.bounds import page
from jasang.assistant.data_tools import CURSOR, LIMIT, PATH
from jasang.assistant.working import READS, Desk, ToolContext, work
from jasang.mentor.level import level_json, level_of_file
from jasang.mentor.recipe_json import recipe_json
from jasang.mentor.recommend import recommend_of
from jasang.mentor.schedule import Infeasible, make_plan, promise_order
from jasang.mentor.schedule_folder import ScheduleFolder, read_schedule_folder
from jasang.mentor.schedule_json import conflict_json, plan_json, promise_json
from jasang.optimize.schedule import Plan
from jasang.plant.text import Progress

SECONDS = Annotated[float, Field(ge=1, le=60, description="Seconds to search. 찾는 시간(초)")]
START = Annotated[
    datetime | None, Field(description="When planning begins; null = the earliest release. 계획을 시작하는 시각")
]


class PlanAnswer(TypedDict):
    """A plan or a refusal; `operations` is a page."""

    plan: dict[str, Any]
    operations: list[dict[str, Any]]
    next: str | None


class Answer(TypedDict):
    """A document of its own format."""

    document: dict[str, Any]


def add_planning_tools(server: MCPServer, desk: Desk) -> None:
    """Register them."""
    _add_recommend(server, desk)
    _add_schedule(server, desk)
    _add_level(server, desk)


def _add_recommend(server: MCPServer, desk: Desk) -> None:
    @server.tool(title="Better settings · 설정 추천", annotations=READS)
    async def recommend_settings(
        context: ToolContext,
        path: PATH = ".",
        targets: Annotated[list[str], Field(max_length=5, description="Columns to improve; none = the verdict")] = [],  # noqa: B006 pydantic copies it
        directions: Annotated[list[str], Field(max_length=5, description="min, max or a value, for each target")] = [],  # noqa: B006
        settings: Annotated[list[str], Field(max_length=50, description="Columns people set; none = by role")] = [],  # noqa: B006
        interlocks: Annotated[list[str], Field(max_length=20, description="as 'speed + 0.5*pressure <= 120'")] = [],  # noqa: B006
        product: Annotated[str | None, Field(description="Only this product. 이 제품만")] = None,
        table: Annotated[str | None, Field(description="File name of the table. 표의 파일 이름")] = None,
        in_spec: Annotated[float, Field(ge=0.5, lt=1, description="Share that must stay in specification")] = 0.95,
    ) -> Answer:
        """Recommend settings that improve a quality or the verdict, with intervals (jasang.recipe/1); nothing is set.

        품질이나 판정을 좋게 할 설정을 구간과 함께 권합니다. 설비에 쓰지는 않습니다.
        """

        def make(progress: Progress) -> Answer:
            found = recommend_of(
                desk.places.resolve(path),
                targets=targets,
                directions=directions,
                settings=settings,
                interlocks=interlocks,
                product=product,
                table=table,
                in_spec=in_spec,
                progress=progress,
            )
            return {"document": recipe_json(found)}

        return await work(context, desk, make)


def _zoned(folder_path: Path, moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(read_schedule_folder(folder_path).timezone))


def _planned(
    desk: Desk, path: Path, seconds: float, start: datetime | None, progress: Progress
) -> tuple[ScheduleFolder, Plan]:
    def make() -> tuple[ScheduleFolder, Plan]:
        folder = read_schedule_folder(path, start=_zoned(path, start))
        return folder, make_plan(folder, seconds=seconds, workers=1, progress=progress)

    return desk.kept(path, ("schedule", seconds, start), make)


def _add_schedule(server: MCPServer, desk: Desk) -> None:
    @server.tool(title="Schedule · 일정 계획", annotations=READS)
    async def plan_schedule(
        context: ToolContext, path: PATH = ".", seconds: SECONDS = 10, start: START = None, cursor: CURSOR = None,
        limit: LIMIT = 100,
    ) -> PlanAnswer:  # fmt: skip
        """Plan which order runs when on which machine (jasang.schedule/1); says which demands contradict where none is.

        주문을 언제 어느 설비에서 할지 계획합니다. 계획이 없으면 어떤 요구가 부딪치는지 알려 줍니다.
        """

        def make(progress: Progress) -> PlanAnswer:
            try:
                folder, plan = _planned(desk, desk.places.resolve(path), seconds, start, progress)
            except Infeasible as refused:
                return {
                    "plan": conflict_json(refused.folder, refused.conflict, refused.words),
                    "operations": [],
                    "next": None,
                }
            document = plan_json(folder, folder.problem, plan)
            items, following = page(document.pop("operations"), cursor, limit)
            late = sorted(document["orders"], key=lambda one: -one["late_minutes"])
            document |= {"orders": late[:100], "orders_left_off": max(0, len(late) - 100)}
            document["machines"] = [{"name": one["name"]} for one in document["machines"]]
            document["resources"] = [
                {"name": one["name"], "capacity": one["capacity"]} for one in document["resources"]
            ]
            return {"plan": document, "operations": items, "next": following}

        return await work(context, desk, make)

    @server.tool(title="Promise a date · 납기 약속", annotations=READS)
    async def promise_date(
        context: ToolContext,
        product: Annotated[str, Field(description="A product of the folder. 제품")],
        quantity: Annotated[float, Field(gt=0, description="How many. 수량")],
        path: PATH = ".",
        release: Annotated[datetime | None, Field(description="When it may begin. 착수 가능한 시각")] = None,
        seconds: SECONDS = 10,
        start: START = None,
    ) -> Answer:
        """Say when a new order can be promised beside the planned ones. 새 주문을 언제 약속할 수 있는지 알려 줍니다."""

        def make(progress: Progress) -> Answer:
            real = desk.places.resolve(path)
            folder, plan = _planned(desk, real, seconds, start, progress)
            made = promise_order(folder, plan, product=product, quantity=quantity, release=_zoned(real, release))
            document = promise_json(folder, made)
            kept = ("format", "kind", "factory", "timezone", "origin", "promise", "late_orders", "end")
            return {"document": {name: document[name] for name in kept}}

        return await work(context, desk, make)


def _add_level(server: MCPServer, desk: Desk) -> None:
    @server.tool(title="Level · 단계", annotations=READS)
    async def factory_level(
        context: ToolContext,
        path: Annotated[str, Field(description="A jasang.level-answers/1 JSON file. 답과 사실이 든 JSON 파일")],
        reading: Annotated[
            Literal["five", "four"], Field(description="How levels are counted. 단계를 세는 법")
        ] = "five",
        today: Annotated[date | None, Field(description="As of which day; null = today. 어느 날로")] = None,
    ) -> Answer:
        """Score a factory's level and name three things between it and the next (jasang.level/1).

        공장의 단계와 다음 단계까지 할 일 세 가지를 알려 줍니다.
        """

        def make(_progress: Progress) -> Answer:
            return {"document": level_json(level_of_file(desk.places.resolve(path), reading=reading, today=today))}

        return await work(context, desk, make)

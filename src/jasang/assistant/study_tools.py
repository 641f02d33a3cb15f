"""One tool for each question that may be asked of a factory's data (mentor.study_catalog), with its own fields."""

import inspect
from typing import Annotated, Any, Literal, cast

from mcp.server import MCPServer
from pydantic import Field
from typing_extensions import TypedDict

from jasang.assistant.bounds import MOST_ROWS, bounded_study
from jasang.assistant.data_tools import PATH
from jasang.assistant.working import READS, Desk, ToolContext, work
from jasang.mentor.study_catalog import STUDIES, Option, StudyKind
from jasang.mentor.study_json import result_json
from jasang.plant.text import Progress

_OTHER_NAMES = {"from": "from_day", "to": "to_day"}  # words of Python cannot be names of fields


class StudyAnswer(TypedDict):
    """A `jasang.study/1` of bounded size."""

    format: str
    factory: str
    timezone: str
    studies: list[dict[str, Any]]


def add_study_tools(server: MCPServer, desk: Desk) -> None:
    """Register one tool a question: `study_chart`, `study_pareto` …"""
    for kind in STUDIES:
        server.add_tool(
            _tool(kind, desk),
            name=f"study_{kind.name}",
            title=f"{kind.title.en} · {kind.title.ko}",
            description=f"{kind.question.en} Answers as jasang.study/1. {kind.question.ko}",
            annotations=READS,
        )


def _tool(kind: StudyKind, desk: Desk) -> Any:
    names = {_OTHER_NAMES.get(option.name, option.name): option.name for option in kind.options}

    async def ask(context: ToolContext, **given: Any) -> StudyAnswer:
        path, charts, rows = given.pop("path"), given.pop("charts"), given.pop("rows")
        options = {names.get(name, name): str(value) for name, value in given.items() if value is not None}

        def make(progress: Progress) -> StudyAnswer:
            real = desk.places.resolve(path)
            asked = (kind.name, *sorted(options.items()))
            result = desk.kept(real, asked, lambda: kind.answer(real, options, progress))
            bounded = bounded_study(result_json(result), charts=charts, rows=rows)
            return cast(StudyAnswer, bounded)

        return await work(context, desk, make)

    fields = [_parameter(shown, option) for (shown, _), option in zip(names.items(), kind.options, strict=True)]
    only = inspect.Parameter.KEYWORD_ONLY
    shape = [
        inspect.Parameter("context", only, annotation=ToolContext),
        inspect.Parameter("path", only, annotation=PATH, default="."),
        *fields,
        inspect.Parameter("table", only, annotation=_TABLE, default=None),
        inspect.Parameter("charts", only, annotation=_CHARTS, default=False),
        inspect.Parameter("rows", only, annotation=_ROWS, default=MOST_ROWS),
    ]
    ask.__name__ = f"study_{kind.name}"
    ask.__signature__ = inspect.Signature(shape, return_annotation=StudyAnswer)  # type: ignore[attr-defined]
    ask.__annotations__ = {one.name: one.annotation for one in shape} | {"return": StudyAnswer}
    return ask


_TABLE = Annotated[
    str | None, Field(description="File name of the table where several have the column. 표의 파일 이름")
]
_CHARTS = Annotated[bool, Field(description="With charts as data, at most 200 points a line. 차트 데이터도")]
_ROWS = Annotated[int, Field(ge=1, le=500, description="Rows of a table at most. 표의 최대 행 수")]


def _parameter(name: str, option: Option) -> inspect.Parameter:
    words = f"{option.label.en}. {option.label.ko}" + (f" ({option.help.en})" if option.help else "")
    asked: Any = str
    if option.asks == "number":
        asked = float
    elif option.asks == "choice":
        asked = Literal[tuple(value for value, _ in option.choices)]
    if option.asks == "column":
        words = f"Name of a column: {words}"
    if option.asks == "day":
        words += ", YYYY-MM-DD"
    required = option.required
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[asked if required else asked | None, Field(description=words)],
        default=inspect.Parameter.empty if required else None,
    )

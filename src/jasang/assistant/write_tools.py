"""Tools that write a file into an opened folder; there only with `--allow-write`. None of them reaches a machine."""

from typing import Annotated, Literal

from mcp.server import MCPServer
from pydantic import Field
from typing_extensions import TypedDict

from jasang.assistant.data_tools import PATH
from jasang.assistant.working import WRITES, Desk, ToolContext, work
from jasang.errors import WrongArguments
from jasang.mentor.diagnose import diagnose
from jasang.mentor.inspect import FACTORY_TOML, inspect, save_factory_toml
from jasang.mentor.report.page import write_report
from jasang.plant.text import Progress

REPLACE = Annotated[bool, Field(description="Replace a file that is there. 있는 파일을 바꿉니다")]
LANGUAGE = Annotated[Literal["ko", "en"], Field(description="Language of the words. 말")]


class WrittenAnswer(TypedDict):
    """The file that was written."""

    name: str
    size: int


def add_write_tools(server: MCPServer, desk: Desk) -> None:
    """Register them."""

    @server.tool(title="Write factory.toml · factory.toml 쓰기", annotations=WRITES)
    async def write_factory_toml(
        context: ToolContext, path: PATH = ".", language: LANGUAGE = desk.language, replace: REPLACE = False
    ) -> WrittenAnswer:
        """Write a ready factory.toml with the guesses into a folder, to be corrected. 고쳐 쓸 factory.toml을 폴더에 씁니다."""

        def make(progress: Progress) -> WrittenAnswer:
            real = desk.places.resolve(path)
            if not real.is_dir():
                raise WrongArguments(ko=f"'{path}'은(는) 폴더여야 합니다.", en=f"'{path}': expected a folder.")
            target = desk.places.target(f"{desk.places.name(real)}/{FACTORY_TOML}")
            save_factory_toml(inspect(real, progress=progress), target, language, replace=replace)
            return {"name": desk.places.name(target), "size": target.stat().st_size}

        return await work(context, desk, make)

    @server.tool(title="Write a report · 보고서 쓰기", annotations=WRITES)
    async def write_diagnosis_report(
        context: ToolContext,
        target: Annotated[str, Field(description="The .html file to write. 쓸 .html 파일")],
        path: PATH = ".",
        language: LANGUAGE = desk.language,
        replace: REPLACE = False,
    ) -> WrittenAnswer:
        """Diagnose and write one page with charts, fit to be printed. 진단하고 인쇄할 보고서를 씁니다."""

        def make(progress: Progress) -> WrittenAnswer:
            file = desk.places.target(target)
            if file.suffix.lower() not in (".html", ".htm") or (file.exists() and not replace):
                raise WrongArguments(
                    ko=f"'{target}': 아직 없는 .html 파일 이름이어야 합니다(바꾸려면 replace).",
                    en=f"'{target}': expected the name of an .html file that is not there yet (or replace).",
                )
            real = desk.places.resolve(path)
            write_report(desk.kept(real, ("diagnose",), lambda: diagnose(real, progress=progress)), file, language)
            return {"name": desk.places.name(file), "size": file.stat().st_size}

        return await work(context, desk, make)

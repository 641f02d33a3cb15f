"""Tools and resources that read the documentation: what a rule looks for, how a figure is made, what to do."""

from functools import partial
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver.resources import FunctionResource
from pydantic import Field
from typing_extensions import TypedDict

from jasang.assistant.bounds import part
from jasang.assistant.documents import DocumentPage, document, pages, search
from jasang.assistant.working import READS, Desk, ToolContext, work
from jasang.plant.text import Progress

LANGUAGE = Annotated[Literal["ko", "en"] | None, Field(description="ko or en; null = any. 말")]


class SearchAnswer(TypedDict):
    """Found pages, best first."""

    items: list[dict[str, Any]]


class PageAnswer(TypedDict):
    """A part of a page, Markdown."""

    name: str
    language: str
    title: str
    text: str
    next_offset: int | None


def add_document_tools(server: MCPServer, desk: Desk) -> None:
    """Register the tools, and every page as a resource."""
    for one in pages():
        server.add_resource(
            FunctionResource(
                uri=one.uri,
                name=f"{one.name} ({one.language})",
                title=one.title,
                mime_type="text/markdown",
                fn=partial(DocumentPage.text, one),
            )
        )

    @server.tool(title="Search the documentation · 설명서 찾기", annotations=READS)
    async def search_documents(
        context: ToolContext,
        query: Annotated[str, Field(min_length=1, max_length=200, description="Korean or English words. 찾을 말")],
        language: LANGUAGE = None,
        limit: Annotated[int, Field(ge=1, le=20)] = 5,
    ) -> SearchAnswer:
        """Search the pages on rules, analyses, formats and commands. 규칙, 분석, 형식, 명령의 설명을 찾습니다."""

        def make(_progress: Progress) -> SearchAnswer:
            found = search(query, language=language, limit=limit)
            items = [
                {"name": one.name, "language": one.language, "title": one.title, "uri": one.uri, "excerpt": excerpt}
                for one, excerpt in found
            ]
            return {"items": items}

        return await work(context, desk, make)

    @server.tool(title="Read a page · 설명서 읽기", annotations=READS)
    async def read_document(
        context: ToolContext,
        name: Annotated[str, Field(description="As search_documents names it, for example rules/drift. 쪽 이름")],
        language: LANGUAGE = None,
        offset: Annotated[int, Field(ge=0, description="`next_offset` of the part before. 이어 읽을 곳")] = 0,
    ) -> PageAnswer:
        """Read a page of the documentation in parts. 설명서 한 쪽을 읽습니다."""

        def make(_progress: Progress) -> PageAnswer:
            found = document(name, language or desk.language)
            text, following = part(found.text(), offset)
            return {
                "name": found.name,
                "language": found.language,
                "title": found.title,
                "text": text,
                "next_offset": following,
            }

        return await work(context, desk, make)

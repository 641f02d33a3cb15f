"""The server with all its tools and resources."""

from mcp.server import MCPServer

from jasang import __version__
from jasang.assistant.data_tools import add_data_tools
from jasang.assistant.document_tools import add_document_tools
from jasang.assistant.planning_tools import add_planning_tools
from jasang.assistant.study_tools import add_study_tools
from jasang.assistant.working import Desk
from jasang.assistant.write_tools import add_write_tools

_INSTRUCTIONS = """Jasang, the mentor of small factories. Begin with list_files, then inspect_data and diagnose_data; ask with the
study tools; look up what a rule or figure means with search_documents. Sentences come in Korean (ko) and English (en): use the
user's. Answers are pages: `next` goes on. Claim no cause where a finding says "moves with". Nothing here changes a machine.
자상, 작은 공장의 멘토. list_files로 시작해 inspect_data, diagnose_data를 쓰고 study 도구로 묻습니다. 설비는 건드리지 않습니다."""


def build(desk: Desk) -> MCPServer:
    """A server for these folders; tools that write only where the desk allows it."""
    server = MCPServer(
        name="jasang",
        title="Jasang · 자상",
        version=__version__,
        instructions=_INSTRUCTIONS,
        log_level="WARNING",
    )
    add_data_tools(server, desk)
    add_study_tools(server, desk)
    add_planning_tools(server, desk)
    add_document_tools(server, desk)
    if desk.allow_write:
        add_write_tools(server, desk)
    return server

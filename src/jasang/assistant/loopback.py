"""The server over streamable HTTP: on this machine's loopback only, and only for who has the token."""

import hmac
import socket
from collections.abc import Callable

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from jasang.errors import ConfigurationError

HOST = "127.0.0.1"
ADDRESS = "/mcp"
SHORTEST_TOKEN = 24


class ByToken:
    """Lets in who sends `Authorization: Bearer TOKEN`."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 to everybody else."""
        if scope["type"] == "http":
            sent = dict(scope["headers"]).get(b"authorization", b"")
            scheme, _, token = sent.partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), self._token):
                headers = {"www-authenticate": 'Bearer realm="jasang"'}
                await JSONResponse({"error": "token"}, 401, headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def application(server: MCPServer, token: str, port: int) -> ASGIApp:
    """The ASGI application; also refuses browsers that were led here under another name (DNS rebinding)."""
    names = [f"{name}:{port}" for name in (HOST, "localhost")]
    guarded = TransportSecuritySettings(allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names])
    return ByToken(server.streamable_http_app(streamable_http_path=ADDRESS, transport_security=guarded), token)


def serve(server: MCPServer, *, token: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until stopped; `ready` hears the address once it can be called. Port 0 takes a free one."""
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            ko=f"토큰은 빈칸 없는 영문·숫자 {SHORTEST_TOKEN}자 이상이어야 합니다({len(token)}자).",
            en=f"The token must have at least {SHORTEST_TOKEN} letters and digits without blanks, found {len(token)}.",
        )
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigurationError(
            ko=f"{HOST}:{port}에서 들을 수 없습니다({error.strerror}). 다른 --http 포트를 주세요.",
            en=f"Cannot listen on {HOST}:{port} ({error.strerror}). Give another port with --http.",
        ) from error
    with listening:
        port = listening.getsockname()[1]
        settings = uvicorn.Config(application(server, token, port), log_level="warning", lifespan="on")
        ready(f"http://{HOST}:{port}{ADDRESS}")
        uvicorn.Server(settings).run(sockets=[listening])

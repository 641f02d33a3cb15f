"""`jasang mcp FOLDER …`: answers an AI assistant over the model context protocol, by stdio or on loopback."""

import argparse
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.errors import ConfigurationError, Language
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

TOKEN = "JASANG_MCP_TOKEN"


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["mcp"]
    parser = commands.add_parser("mcp", help=say(words), description=say(words))
    folders = Text(ko="열어 줄 폴더(파일 폴더나 수집 저장소)", en="folders to open (of files, or collectors' stores)")
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help=say(folders))
    http = Text(
        ko=f"127.0.0.1:PORT에서 답합니다(없으면 표준 입출력). 토큰은 {TOKEN}이나 --token-file, 없으면 만들어 보여 줍니다",
        en=f"answer on 127.0.0.1:PORT of this machine instead of stdio; the token comes from {TOKEN} or --token-file, "
        "else one is made and shown",
    )
    parser.add_argument("--http", type=int, metavar="PORT", help=say(http))
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help=say(Text(ko="토큰이 든 파일", en="file that holds the token"))
    )
    writing = Text(
        ko="폴더 안에 factory.toml과 보고서를 쓰게 합니다", en="let it write factory.toml and reports into the folders"
    )
    parser.add_argument("--allow-write", action="store_true", help=say(writing))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Serve until the other side goes or Ctrl-C; standard output belongs to the protocol."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        from jasang.assistant import loopback  # noqa: PLC0415 the extra `mcp` may be missing
        from jasang.assistant.places import Places  # noqa: PLC0415
        from jasang.assistant.server import build  # noqa: PLC0415
        from jasang.assistant.working import Desk  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            ko=f"MCP 서버에 필요한 {error.name}이(가) 없습니다: pip install 'jasang[mcp]'",
            en=f"The MCP server needs {error.name}: pip install 'jasang[mcp]'",
        ) from error
    desk = Desk(places=Places(arguments.folders), allow_write=arguments.allow_write, language=language)
    server = build(desk)
    if arguments.http is None:
        server.run("stdio")
        return 0
    given = _token(arguments.token_file)
    token = given or secrets.token_urlsafe(32)

    def ready(address: str) -> None:
        words = Text(ko=f"MCP 주소: {address}", en=f"MCP address: {address}").in_language(language)
        sys.stderr.write(f"{words}\n")
        if not given:
            shown = Text(ko=f"토큰(이번만 보입니다): {token}", en=f"token (shown only now): {token}")
            sys.stderr.write(f"{shown.in_language(language)}\n")
        sys.stderr.flush()

    loopback.serve(server, token=token, port=arguments.http, ready=ready)
    return 0


def _token(file: Path | None) -> str:
    if file is None:
        return os.environ.get(TOKEN, "").strip()
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            ko=f"{file}: 토큰 파일을 읽을 수 없습니다.", en=f"{file}: the file of the token cannot be read ({error})."
        ) from error

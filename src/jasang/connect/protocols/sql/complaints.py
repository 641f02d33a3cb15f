"""What a database refuses, told so that it can be mended."""

import difflib
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from jasang.connect.contract import Link
from jasang.connect.link_words import failed
from jasang.connect.protocols.sql import sql_server
from jasang.errors import ConnectionFailed

# What drivers say, in small letters, by what it means. PostgreSQL, MySQL/MariaDB, SQL Server, SQLite.
_PASSWORD = (
    "password authentication failed",
    "access denied for user",
    "(1045",
    "login failed",
    "18456",
    "no password supplied",
)
_ROLE = ('role "',)
_DATABASE = ('database "', "(1049", "unknown database", "4060", "4064")
_PERMISSION = (
    "permission denied",
    "(1142",
    "(1143",
    "(1044",
    "command denied",
    "permission was denied",
    "229: ",
    "916: ",
)
_SLOW = (
    "statement timeout", "max_statement_time", "maximum statement execution time", "(1969", "(3024", "query timed out",
    "interrupted", "20003: ",
)  # fmt: skip
_NO_FILE = ("unable to open database file",)
_NO_DATABASE = ("file is not a database",)
_BUSY = ("database is locked",)
_REFUSED = (
    "connection refused",
    "(2003",
    "can't connect",
    "actively refused",
    "unable to connect",
    "server is unavailable",
    "tds server connection failed",
)
_OTHER = (
    "invalid response to ssl negotiation",
    "server closed the connection unexpectedly",
    "packet sequence number wrong",
    "lost connection to mysql server",
    "20002: ",
)
_NO_ANSWER = ("connection timeout expired", "timed out")
_NO_HOST = (
    "name or service not known",
    "could not translate host name",
    "getaddrinfo",
    "resolve host",
    "no address associated",
)


def complaint(link: Link, error: Exception, *, opening: bool = False) -> ConnectionFailed:
    """A driver's error as a sentence with what can be done; `opening` where nothing was heard from the database yet."""
    text = _text(error)
    small = text.lower()
    shown = text.splitlines()[0][:300] if text else type(error).__name__
    user = link.username or "-"

    def has(*signs: str) -> bool:
        return any(sign in small for sign in signs)

    if has(*_DATABASE) and has("does not exist", "unknown database", "4060", "4064"):
        return failed(
            link,
            f"서버에 그런 데이터베이스가 없습니다({shown})",
            f"the server has no such database ({shown})",
            permanent=True,
        )
    if has(*_PASSWORD) or (has(*_ROLE) and has("does not exist")):
        return failed(
            link,
            f"데이터베이스가 사용자 {user!r} 을(를) 거절했습니다. 사용자 이름과 비밀번호를 확인하세요({shown})",
            f"the database refuses user {user!r}; check user name and password ({shown})",
            permanent=True,
        )
    if has(*_PERMISSION):
        return failed(
            link,
            f"사용자 {user!r} 에게 읽을 권한이 없습니다. 데이터베이스 관리자에게 SELECT 권한을 받으세요({shown})",
            f"user {user!r} may not read this; ask the database's keeper for SELECT ({shown})",
            permanent=True,
        )
    if has(*_NO_HOST):
        return failed(
            link,
            f"{link.url}: 이런 이름의 컴퓨터가 없습니다({shown})",
            f"{link.url}: no computer of that name ({shown})",
        )
    if has(*_REFUSED):
        return failed(
            link,
            f"{link.url} 에 연결할 수 없습니다. 데이터베이스가 켜져 있는지, 주소와 포트, 방화벽을 확인하세요({shown})",
            f"cannot reach {link.url}; is the database on, address and port right, the firewall open? ({shown})",
        )
    if opening and has(*_OTHER):
        return failed(
            link,
            f"{link.url} 이(가) 연결은 받지만 이 종류의 데이터베이스로 답하지 않습니다."
            f" 데이터베이스의 종류와 포트를 확인하세요({shown})",
            f"{link.url} takes the connection, but does not answer as this kind of database; check kind and port ({shown})",
        )
    if opening and has(*_NO_ANSWER) and not has(*_SLOW):
        return failed(
            link,
            f"{link.url} 이(가) {link.timeout:g}초 안에 답하지 않습니다."
            f" 데이터베이스가 켜져 있는지, 주소와 포트, 방화벽을 확인하세요({shown})",
            f"{link.url} does not answer within {link.timeout:g} s; is the database on, address and port right, the firewall"
            f" open? ({shown})",
        )
    if has(*_NO_FILE):
        return failed(
            link,
            f"{link.url}: 데이터베이스 파일이 없거나 읽을 수 없습니다",
            f"{link.url}: the database file is not there or cannot be read",
            permanent=True,
        )
    if has(*_NO_DATABASE):
        return failed(
            link, f"{link.url}: SQLite 파일이 아닙니다", f"{link.url}: the file is no SQLite database", permanent=True
        )
    if has(*_BUSY):
        return failed(link, "데이터베이스가 잠겨 있습니다. 다시 해 봅니다", "the database is locked; it is tried again")
    if has(*_SLOW):
        return failed(
            link,
            "조회가 너무 오래 걸립니다(query_timeout). mark나 time 열에 색인을 만들어 달라고 하세요",
            "the query takes too long (query_timeout); ask for an index on the mark or time column",
        )
    if isinstance(error, NoSuchModuleError):
        return failed(
            link, f"모르는 데이터베이스입니다({shown})", f"unknown kind of database ({shown})", permanent=True
        )
    if (
        isinstance(error, DBAPIError)
        and not error.connection_invalidated
        and type(error).__name__ == "ProgrammingError"
    ):
        return failed(link, f"조회가 잘못됐습니다: {shown}", f"the query is wrong: {shown}", permanent=True)
    return failed(link, f"데이터베이스 오류: {shown}", f"the database says: {shown}")


def _text(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        return (sql_server.plain_error(error.orig) if error.orig is not None else None) or str(error.orig)
    return str(error) if isinstance(error, SQLAlchemyError) else f"{type(error).__name__}: {error}"


def no_such(link: Link, kind: tuple[str, str], name: str, there: Sequence[str]) -> ConnectionFailed:
    """A table or column that is not there, with the names that come near. `kind` in Korean and English."""
    small = {one.lower(): one for one in there}
    near = [small[one] for one in difflib.get_close_matches(name.lower(), list(small), n=3, cutoff=0.6)]
    near = near or sorted(there)[:12]
    listed = ", ".join(near) or "-"
    return failed(
        link,
        f"{kind[0]} {name!r} 이(가) 없습니다. 비슷한 이름: {listed}",
        f"there is no {kind[1]} {name!r}; there is: {listed}",
        permanent=True,
    )

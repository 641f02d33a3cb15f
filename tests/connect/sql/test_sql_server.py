"""SQL Server as far as it can be shown without one: what its driver would send, and what it said elsewhere.

No registry at hand has a server that speaks its protocol. The statements below are those that SQLAlchemy's dialect makes, with
the parameters put in by the driver (pymssql) itself; the errors are those its documentation and users' reports show, as the
driver raises them.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pymssql
import pytest
import sqlalchemy as sa
from pymssql import _mssql

from jasang.connect.contract import Link
from jasang.connect.protocols.sql.complaints import complaint
from jasang.connect.protocols.sql.options import SqlOptions
from jasang.connect.protocols.sql.source import Source
from jasang.errors import ConnectionFailed

READ = datetime(2026, 5, 4, 10, 0, 0, 123457)


def link(**options: Any) -> Link:
    return Link(
        name="mes", protocol="sql", url="mssql://127.0.0.1:1/mes", asset="M", username="line1", password="secret", timeout=1.0,
        options=SqlOptions(table="dbo.shot", time="at", **options),
    )  # fmt: skip


class Sent(Source):
    """A source that writes down what it would send. `kind` is what the server says of the column of times."""

    def __init__(self, link: Link, kind: str, answers: list[list[dict[str, Any]]]) -> None:
        super().__init__(link)
        self.columns = ("id", "at", "force")
        self._from = sa.table("shot", *(sa.column(name) for name in self.columns), schema="dbo")
        self.sent: list[str] = []
        self.kind, self.answers = kind, answers

    def _rows(self, statement: Any) -> list[dict[str, Any]]:
        made = statement.compile(self._engine, compile_kwargs={"render_postcompile": True})
        values = {name: value for name, value in made.params.items() if f"%({name})s" in made.string}
        text = _mssql.substitute_params(made.string, values) if values else made.string.encode()
        self.sent.append(" ".join(text.decode().split()))
        return [{"kind": self.kind}] if "sql_variant_property" in self.sent[-1] else self.answers.pop(0)


@pytest.mark.parametrize(
    ("kind", "value", "condition"),
    [
        # Its seventh digit was not read: what is later begins a microsecond on, or the same row would come again for ever.
        ("datetime2", READ, "shot.at >= CAST(N'2026-05-04T10:00:00.123458' AS DATETIME2)"),
        # Three digits are all that it takes.
        ("datetime", READ.replace(microsecond=123000), "shot.at >= CAST(N'2026-05-04T10:00:00.124' AS DATETIME)"),
        ("smalldatetime", READ.replace(microsecond=0), "shot.at >= CAST(N'2026-05-04T10:00:01' AS SMALLDATETIME)"),
        (
            "datetimeoffset",
            READ.replace(tzinfo=timezone(timedelta(hours=9))),
            "shot.at >= CAST(N'2026-05-04T10:00:00.123458+09:00' AS DATETIMEOFFSET)",
        ),
        (
            "datetimeoffset",
            READ.replace(tzinfo=UTC),
            "shot.at >= CAST(N'2026-05-04T10:00:00.123458+00:00' AS DATETIMEOFFSET)",
        ),
    ],
)
def test_times_are_compared_as_the_column_keeps_them(kind: str, value: datetime, condition: str) -> None:
    source = Sent(link(), kind, [[]])

    assert source.after(value) == ([], False)

    assert source.sent[0].startswith("SELECT TOP 1 CAST(sql_variant_property(")
    assert source.sent[1] == (
        "SELECT TOP 10000 dbo.shot.id, dbo.shot.at, dbo.shot.force FROM dbo.shot"
        f" WHERE dbo.shot.at IS NOT NULL AND dbo.{condition} ORDER BY dbo.shot.at"
    )
    source.answers = [[]]
    source.after(value)
    assert sum("sql_variant_property" in text for text in source.sent) == 1, "the type is asked for once"


def test_rows_of_one_time_are_all_that_could_have_been_read_as_it() -> None:
    rows = [{"id": number, "at": READ, "force": 1.0} for number in range(3)]
    source = Sent(link(max_rows=3), "datetime2", [rows, rows])

    assert source.after(None) == (rows, True)

    last = source.sent[-1]
    assert "at >= CAST(N'2026-05-04T10:00:00.123457' AS DATETIME2)" in last
    assert "at < CAST(N'2026-05-04T10:00:00.123458' AS DATETIME2)" in last


def test_numbers_and_texts_are_compared_plainly() -> None:
    source = Sent(link(mark="id"), "datetime2", [[], []])

    source.after(41)
    source.between(3, 41)

    assert "id > 41" in source.sent[0]
    assert not any("sql_variant_property" in text for text in source.sent)


def driver_error(kind: type[Exception], number: int, text: str, *, nested: bool = False) -> sa.exc.DBAPIError:
    framed = f"{text}DB-Lib error message 20018, severity 16:\nGeneral SQL Server error: Check messages from the SQL Server\n"
    told = (number, framed.encode())
    return sa.exc.DBAPIError.instance("SELECT 1", None, kind(told) if nested else kind(*told), pymssql.Error)


@pytest.mark.parametrize(
    ("error", "expected", "permanent"),
    [
        ((18456, "Login failed for user 'line1'."), "refuses user 'line1'", True),
        ((18456, "사용자 'line1'이(가) 로그인하지 못했습니다."), "refuses user 'line1'", True),
        (
            (4060, "Cannot open database \"mes\" requested by the login. The login failed."),
            "has no such database (4060: Cannot open database \"mes\" requested by the login. The login failed.)",
            True,
        ),
        ((229, "The SELECT permission was denied on the object 'shot', database 'mes'."), "ask the database's", True),
        ((229, "개체 'shot', 데이터베이스 'mes', 스키마 'dbo'에 대한 SELECT 권한이 거부되었습니다."), "ask the database's", True),
        ((1033, "The ORDER BY clause is invalid in views, inline functions, derived tables"), "is wrong: 1033: The", True),
        ((207, "Invalid column name 'pres'."), "the query is wrong: 207: Invalid column name 'pres'.", True),
    ],
)  # fmt: skip
def test_what_the_server_refuses_is_told_by_name(error: tuple[int, str], expected: str, permanent: bool) -> None:
    number, text = error
    kind = pymssql.ProgrammingError if number in (207, 1033) else pymssql.OperationalError
    for nested in (False, True):
        told = complaint(link(), driver_error(kind, number, text, nested=nested))
        assert expected in told.en
        assert told.permanent is permanent
        assert "DB-Lib" not in told.en
        assert "b'" not in told.en


def test_the_driver_refused_by_a_closed_port_is_told_so() -> None:
    source = Source(link())

    with pytest.raises(ConnectionFailed, match=r"cannot reach mssql://127\.0\.0\.1:1/mes") as caught:
        source.open()
    assert "Connection refused" in str(caught.value)
    assert "DB-Lib" not in str(caught.value)

"""Tools that look at a factory's data: its files, what they are, what is wrong, and the readings of a store."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from pydantic import Field
from typing_extensions import TypedDict

from jasang.assistant.bounds import page, thin_chart
from jasang.assistant.working import READS, Desk, ToolContext, work
from jasang.errors import WrongArguments
from jasang.mentor.diagnose import Diagnosis, diagnose
from jasang.mentor.findings_json import chart_json
from jasang.mentor.inspect import InspectedTable, inspect
from jasang.plant.text import Progress
from jasang.store import is_store, open_reader

PATH = Annotated[
    str,
    Field(
        description="File, folder or collector's store, as list_files names it; '.' is the only opened folder. "
        "파일, 폴더 또는 수집 저장소(list_files의 name)"
    ),
]
CURSOR = Annotated[str | None, Field(description="`next` of the answer before; null = from the start. 앞 답의 next")]
LIMIT = Annotated[int, Field(ge=1, le=200, description="At most so many. 최대 개수")]
MOST_BUCKETS = 500
MOST_SIGNALS = 10


class FilesAnswer(TypedDict):
    """What lies in a folder."""

    items: list[dict[str, Any]]
    next: str | None


class TablesAnswer(TypedDict):
    """What the files are."""

    factory: str
    timezone: str
    factory_toml: bool
    tables: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    next: str | None


class FindingsAnswer(TypedDict):
    """A page of `jasang.findings/1`."""

    format: str
    factory: str
    tables: list[dict[str, Any]]
    counts: dict[str, int]
    findings: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    next: str | None


class FindingAnswer(TypedDict):
    """One finding, whole."""

    factory: str
    finding: dict[str, Any]
    charts: list[dict[str, Any]]


class SignalsAnswer(TypedDict):
    """The signals of a store."""

    first: str | None
    last: str | None
    items: list[dict[str, Any]]
    next: str | None


class ReadingsAnswer(TypedDict):
    """Readings summed up over equal spans."""

    start: str
    end: str
    signals: list[dict[str, Any]]


def add_data_tools(server: MCPServer, desk: Desk) -> None:
    """Register them."""
    _add_files(server, desk)
    _add_inspect(server, desk)
    _add_diagnose(server, desk)
    _add_store(server, desk)


def _add_files(server: MCPServer, desk: Desk) -> None:
    @server.tool(title="Files · 파일", annotations=READS)
    async def list_files(
        context: ToolContext, path: PATH = ".", cursor: CURSOR = None, limit: LIMIT = 100
    ) -> FilesAnswer:
        """List the opened folders or what lies in one. 열어 준 폴더와 그 안의 파일을 보여 줍니다."""

        def make(_progress: Progress) -> FilesAnswer:
            if path in (".", "") and len(desk.places.roots) > 1:
                found = [{"name": name, "folder": True, "size": 0, "store": False} for name in desk.places.roots]
            else:
                found = [
                    {
                        "name": one.name,
                        "folder": one.folder,
                        "size": one.size,
                        "store": one.folder and is_store(desk.places.resolve(one.name)),
                    }
                    for one in desk.places.below(path)
                ]
            items, following = page(found, cursor, limit)
            return {"items": items, "next": following}

        return await work(context, desk, make)


def _add_inspect(server: MCPServer, desk: Desk) -> None:
    @server.tool(title="What the files are · 파일 살펴보기", annotations=READS)
    async def inspect_data(
        context: ToolContext, path: PATH = ".", cursor: CURSOR = None, limit: LIMIT = 100
    ) -> TablesAnswer:
        """Say of every table and column what it was guessed to be, how surely, and why; pages of columns.

        표와 열이 무엇인지 짐작한 것과 확신, 이유를 알려 줍니다.
        """

        def make(progress: Progress) -> TablesAnswer:
            real = desk.places.resolve(path)
            found = desk.kept(real, ("inspect",), lambda: inspect(real, progress=progress))
            columns = [one for table in found.tables for one in _columns(table)]
            items, following = page(columns, cursor, limit)
            return {
                "factory": found.factory.name,
                "timezone": found.factory.timezone,
                "factory_toml": found.stated,
                "tables": [_table(table) for table in found.tables],
                "columns": items,
                "notices": [
                    {"file": one.file, "rows": one.rows, "text": {"ko": one.text.ko, "en": one.text.en}}
                    for one in found.notices[:50]
                ],
                "next": following,
            }

        return await work(context, desk, make)


def _table(inspected: InspectedTable) -> dict[str, Any]:
    guess = inspected.guess
    return {
        "file": guess.table.file,
        "kind": guess.table.kind.value,
        "rows": inspected.rows,
        "sure": round(guess.kind_confidence, 3),
        "reason": {"ko": guess.kind_reason.ko, "en": guess.kind_reason.en},
        "columns": len(guess.guesses),
    }


def _columns(inspected: InspectedTable) -> list[dict[str, Any]]:
    table = inspected.guess.table
    return [
        {
            "table": table.file,
            "column": one.column,
            "role": one.role.value,
            "unit": table.column(one.column).unit,
            "sure": round(one.confidence, 3),
            "reason": {"ko": one.reason.ko, "en": one.reason.en},
        }
        for one in inspected.guess.guesses
    ]


def _add_diagnose(server: MCPServer, desk: Desk) -> None:
    def diagnosis(path: str, progress: Progress) -> Diagnosis:
        real = desk.places.resolve(path)
        return desk.kept(real, ("diagnose",), lambda: diagnose(real, progress=progress))

    @server.tool(title="Diagnose · 진단", annotations=READS)
    async def diagnose_data(
        context: ToolContext,
        path: PATH = ".",
        severity: Annotated[
            Literal["act", "watch", "note"] | None,
            Field(description="Only these findings: act = do something. 이 정도의 것만"),
        ] = None,
        cursor: CURSOR = None,
        limit: LIMIT = 20,
    ) -> FindingsAnswer:
        """Say what is wrong in a factory's data: ranked findings with evidence, worth and action (jasang.findings/1).

        공장 데이터에서 무엇이 잘못됐는지 근거, 금액, 할 일과 함께 알려 줍니다.
        """

        def make(progress: Progress) -> FindingsAnswer:
            document = diagnosis(path, progress).to_json()
            found = document["findings"]
            counts = {name: sum(one["severity"] == name for one in found) for name in ("act", "watch", "note")}
            items, following = page([one for one in found if severity in (None, one["severity"])], cursor, limit)
            return {
                "format": document["format"],
                "factory": document["factory"],
                "tables": document["tables"][:100],
                "counts": counts,
                "findings": items,
                "notices": document["notices"][:50],
                "next": following,
            }

        return await work(context, desk, make)

    @server.tool(title="One finding · 한 가지 자세히", annotations=READS)
    async def get_finding(
        context: ToolContext,
        id: Annotated[str, Field(description="`id` of a finding of diagnose_data. 진단 결과의 id")],  # noqa: A002 the field's own name
        path: PATH = ".",
    ) -> FindingAnswer:
        """Show one finding with its charts as data. 한 가지 결과를 차트 데이터까지 보여 줍니다."""

        def make(progress: Progress) -> FindingAnswer:
            made = diagnosis(path, progress)
            documents = made.to_json()["findings"]
            places = [place for place, one in enumerate(documents) if one["id"] == id]
            if not places:
                known = ", ".join(one["id"] for one in documents[:20]) or "–"
                raise WrongArguments(
                    ko=f"'{id[:80]}' 결과가 없습니다. 있는 것: {known}",
                    en=f"There is no finding '{id[:80]}'. There are: {known}",
                )
            charts = [thin_chart(chart_json(chart)) for chart in made.findings[places[0]].charts]
            return {"factory": made.factory.name, "finding": documents[places[0]], "charts": charts}

        return await work(context, desk, make)


def _add_store(server: MCPServer, desk: Desk) -> None:
    @server.tool(title="Signals of a store · 저장소의 신호", annotations=READS)
    async def list_signals(
        context: ToolContext, path: PATH, cursor: CURSOR = None, limit: LIMIT = 100
    ) -> SignalsAnswer:
        """List the signals of a collector's store with their latest reading. 저장소의 신호와 마지막 값을 보여 줍니다."""

        def make(_progress: Progress) -> SignalsAnswer:
            reader = open_reader(desk.places.resolve(path))
            try:
                extent = reader.extent()
                chosen, following = page([_signal(one) for one in reader.signals()], cursor, limit)
                last = reader.last([one["signal"] for one in chosen])
                for one in chosen:
                    latest = last.get(one["signal"])
                    one["value"] = latest.value if latest else None
                    one["at"] = latest.source_time.isoformat() if latest else None
                    one["quality"] = latest.quality if latest else None
            finally:
                reader.close()
            first, end = (None, None) if extent is None else (one.isoformat() for one in extent)
            return {"first": first, "last": end, "items": chosen, "next": following}

        return await work(context, desk, make)

    @server.tool(title="Readings · 값", annotations=READS)
    async def read_readings(
        context: ToolContext,
        path: PATH,
        signals: Annotated[list[str], Field(min_length=1, max_length=MOST_SIGNALS, description="Names. 신호 이름")],
        start: Annotated[datetime | None, Field(description="ISO 8601 with zone; null = a day before the end")] = None,
        end: Annotated[datetime | None, Field(description="ISO 8601 with zone; null = the latest reading")] = None,
        buckets: Annotated[int, Field(ge=1, le=MOST_BUCKETS, description="Equal spans. 나눌 칸 수")] = 100,
    ) -> ReadingsAnswer:
        """Minimum, maximum and mean of signals over equal spans of time. 신호의 칸마다 최소, 최대, 평균을 읽습니다."""

        def make(_progress: Progress) -> ReadingsAnswer:
            reader = open_reader(desk.places.resolve(path))
            try:
                known = {one.name: one for one in reader.signals()}
                _refuse_unknown(signals, set(known))
                begin, finish = _span(start, end, reader.extent())
                table = reader.downsample(signals, begin, finish, buckets).to_pylist()
            finally:
                reader.close()
            rows = {name: [one for one in table if one["signal"] == name] for name in dict.fromkeys(signals)}
            return {
                "start": begin.isoformat(),
                "end": finish.isoformat(),
                "signals": [
                    {"signal": name, "unit": known[name].unit, "buckets": [_bucket(one) for one in found]}
                    for name, found in rows.items()
                ],
            }

        return await work(context, desk, make)


def _signal(signal: Any) -> dict[str, Any]:
    return {"signal": signal.name, "asset": signal.asset, "unit": signal.unit}


def _refuse_unknown(asked: list[str], known: set[str]) -> None:
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise WrongArguments(
            ko=f"신호 '{unknown[0][:80]}'이(가) 없습니다. list_signals로 찾아보세요.",
            en=f"There is no signal '{unknown[0][:80]}'. list_signals shows those there are.",
        )


def _span(
    start: datetime | None, end: datetime | None, extent: tuple[datetime, datetime] | None
) -> tuple[datetime, datetime]:
    """What was asked for in UTC; times without a zone are UTC."""
    latest = datetime.now(UTC) if extent is None else extent[1] + timedelta(microseconds=1)
    finish = latest if end is None else end
    finish = finish if finish.tzinfo else finish.replace(tzinfo=UTC)
    begin = finish - timedelta(days=1) if start is None else start
    begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    if begin >= finish:
        raise WrongArguments(
            ko=f"start({begin.isoformat()})가 end({finish.isoformat()})보다 앞이어야 합니다.",
            en=f"start ({begin.isoformat()}) must be before end ({finish.isoformat()}).",
        )
    return begin, finish


def _bucket(row: dict[str, Any]) -> dict[str, Any]:
    names = ("minimum", "maximum", "mean", "readings", "bad")
    return {"at": row["bucket"].isoformat()} | {name: row[name] for name in names}

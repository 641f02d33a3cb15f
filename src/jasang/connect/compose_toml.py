"""A connection as text for collect.toml, with comments for the person who will read it; appended, never rewritten.

What a machine offers becomes a valid block: one that knows its signals is collected whole, registers and tables get lines that
somebody has to look through. Existing text stays as it is, byte for byte, before the new block.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jasang.connect.contract import Variable
from jasang.errors import ConfigurationError, Language
from jasang.plant.text import Text

MOST_SIGNALS = 60  # registers written as signals
MOST_SHOWN = 20  # signals listed as examples
_TIME_NAMES = ("time", "timestamp", "datetime", "date", "at", "일시", "시각", "시간", "created", "측정일시", "등록일시")
_TIME_TYPES = ("TIMESTAMP", "DATETIME", "DATE")
_MARK_NAMES = ("id", "seq", "no", "idx", "번호", "순번")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A block for collect.toml, and what the person has to look at in it."""

    text: str
    to_do: tuple[Text, ...] = ()


def header(language: Language) -> str:
    """The beginning of a new collect.toml."""
    said = Text(
        ko="자상의 수집 설정입니다. 항목 설명: docs/collect-toml.ko.md\n"
        "# 'jasang connect test collect.toml'로 시험하고 'jasang collect collect.toml'로 수집합니다.",
        en="What Jasang collects. Every field is explained in docs/collect-toml.md.\n"
        "# Try it with 'jasang connect test collect.toml', collect with 'jasang collect collect.toml'.",
    )
    return f'# {said.in_language(language)}\nformat = "jasang.collect/1"\nstore = "store"\n'


def compose(
    *,
    name: str,
    protocol: str,
    url: str,
    asset: str | None,
    username: str | None,
    password_env: str | None,
    fields: Mapping[str, object],
    variables: Sequence[Variable],
    node: str | None,
    language: Language,
) -> Composed:
    """The block of one connection; `variables` are what browsing found, `node` where it began."""
    lines = ["[[connections]]", f"name = {_quoted(name)}", f"protocol = {_quoted(protocol)}", f"url = {_quoted(url)}"]
    comment = Text(ko="신호 이름은 asset.이름이 됩니다", en="signals are named asset.name")
    lines.append(f"asset = {_quoted(asset or name)}  # {comment.in_language(language)}")
    if username is not None:
        lines.append(f"username = {_quoted(username)}")
        secret = Text(ko="비밀번호가 든 환경 변수의 이름", en="the environment variable that holds the password")
        variable = (
            password_env or "JASANG_" + re.sub(r"\W+", "_", name, flags=re.ASCII).upper().strip("_") + "_PASSWORD"
        )
        lines.append(f"password_env = {_quoted(variable)}  # {secret.in_language(language)}")
    lines += [f"{key} = {_value(value)}" for key, value in fields.items()]
    body = {"modbus": _registers, "sql": _table, "mqtt": _topics, "opcua": _nodes, "folder": _files}.get(
        protocol, _everything
    )
    # Signals are named below the asset: its name need not stand before them once more.
    below = [replace(variable, path=variable.path.removeprefix(f"{asset}.")) for variable in variables]
    more = body(below, fields, node, language)
    return Composed(text="\n".join([*lines, *more[0]]) + "\n", to_do=more[1])


def appended(existing: str, block: str) -> str:
    """The block after the existing text, in its line ends."""
    gap = "" if not existing or existing.endswith("\n\n") else "\n" if existing.endswith("\n") else "\n\n"
    new = gap + block
    return existing + (new.replace("\n", "\r\n") if "\r\n" in existing else new)


_Body = tuple[list[str], tuple[Text, ...]]


def _nodes(variables: Sequence[Variable], fields: Mapping[str, object], node: str | None, language: Language) -> _Body:
    """All below a node, where one was named."""
    below = [] if node is None else ["", "[[connections.browse]]", f"node = {_quoted(node)}"]
    lines, to_do = _everything(variables, fields, node, language)
    return below + lines, to_do


def _topics(variables: Sequence[Variable], fields: Mapping[str, object], node: str | None, language: Language) -> _Body:
    """A broker never shows all there is: the topics to listen to have to be named."""
    return _nodes(variables, fields, node or "#", language)


def _files(variables: Sequence[Variable], fields: Mapping[str, object], node: str | None, language: Language) -> _Body:
    """Columns by their own names, each once: files of one folder are mostly alike. Columns of times are no signals."""
    signals = [variable for variable in variables if not variable.data_type.upper().startswith((*_TIME_TYPES, "TIME"))]
    columns = {variable.address: replace(variable, path=variable.address) for variable in signals}
    return _everything(list(columns.values()), fields, node, language)


def _everything(
    variables: Sequence[Variable], _fields: Mapping[str, object], _node: str | None, language: Language
) -> _Body:
    """All the machine shows, with a list of it to choose from."""
    lines: list[str] = []
    said = Text(
        ko=f"찾은 신호 {len(variables)}개를 모두 수집합니다. 골라서 수집하려면 아래 줄의 #을 지우세요.",
        en=f"All {len(variables)} signals found are collected. To choose some, uncomment lines like these.",
    )
    lines += ["", f"# {said.in_language(language)}"]
    for variable in variables[:MOST_SHOWN]:
        shown = "" if variable.value is None else f"  # {_one_line(variable.value)}"
        lines += ["# [[connections.signals]]", f"# name = {_quoted(variable.path)}"]
        lines.append(f"# address = {_quoted(variable.address)}{shown}")
        if variable.unit:
            lines.append(f"# unit = {_quoted(variable.unit)}")
    if len(variables) > MOST_SHOWN:
        rest = Text(
            ko=f"이 밖에 {len(variables) - MOST_SHOWN}개: jasang connect browse",
            en=f"and {len(variables) - MOST_SHOWN} more: jasang connect browse",
        )
        lines.append(f"# {rest.in_language(language)}")
    return lines, ()


def _registers(
    variables: Sequence[Variable], _fields: Mapping[str, object], _node: str | None, language: Language
) -> _Body:
    """The registers that hold something, each as a signal whose name, type and unit somebody must fill in."""
    if not variables:
        raise ConfigurationError(
            ko="값이 든 레지스터를 찾지 못했습니다. 설명서의 주소(--node holding:100)나 국번(--set unit_id=2)을 주세요.",
            en="no register holds anything; give an address of the manual with --node holding:100, or check --set unit_id=2",
        )
    said = Text(
        ko="Modbus는 이름과 형식을 모릅니다. 설명서를 보고 name, type, unit을 고치고 필요 없는 것은 지우세요.\n"
        '# 32비트 값은 레지스터 둘입니다: type = "float32", 순서를 모르면 example = 23.4 (지금 값 근처)를 적으세요.',
        en="Modbus knows neither names nor types: mend name, type and unit by the manual and delete what you do not need.\n"
        '# A value of 32 bits takes two registers: type = "float32", and example = 23.4 (about its value now) finds their order.',
    )
    lines = ["", f"# {said.in_language(language)}"]
    for variable in variables[:MOST_SIGNALS]:
        now = Text(ko="지금", en="now").in_language(language)
        lines += [
            "[[connections.signals]]",
            f"name = {_quoted(variable.path.replace('.', '_'))}",
            f"address = {_quoted(variable.address)}  # {now} {_one_line(variable.value)}",
            f"type = {_quoted(variable.data_type)}",
            "",
        ]
    if len(variables) > MOST_SIGNALS:
        rest = Text(ko=f"이 밖에 {len(variables) - MOST_SIGNALS}개", en=f"and {len(variables) - MOST_SIGNALS} more")
        lines.append(f"# {rest.in_language(language)}: jasang connect browse")
    to_do = Text(
        ko="레지스터의 이름, 형식(type), 단위를 설명서에 맞게 고치세요.",
        en="Mend names, types and units of the registers by the manual.",
    )
    return lines, (to_do,)


def _table(variables: Sequence[Variable], fields: Mapping[str, object], node: str | None, language: Language) -> _Body:
    """The table with times and most columns, or the one that was named; the others as comments."""
    tables: dict[str, list[Variable]] = {}
    for variable in variables:
        tables.setdefault(variable.path.rpartition(".")[0], []).append(variable)
    if "query" in fields or ("table" in fields and ("time" in fields or "mark" in fields)):
        return [], ()
    stated = fields.get("table", node)
    timed = {name: time for name, columns in tables.items() if (time := _time_column(columns)) is not None}
    candidates = [str(stated)] if stated in tables else sorted(timed, key=lambda name: -len(tables[name]))
    if not candidates or candidates[0] not in timed:
        listed = ", ".join(tables) or "-"
        raise ConfigurationError(
            ko=f"시각 열이 있는 테이블이 없습니다(있는 것: {listed}). --set table=… --set time=… 을 주세요.",
            en=f"no table with a column of times was found (there is: {listed}); give --set table=… --set time=…",
        )
    chosen = candidates[0]
    columns = tables[chosen]
    said = Text(ko="찾은 것으로 짐작했습니다. 맞는지 보세요.", en="Guessed from what was found; please check.")
    lines = [f"# {said.in_language(language)}"]
    if "table" not in fields:
        lines.append(f"table = {_quoted(chosen)}")
    lines.append(f"time = {_quoted(timed[chosen])}")
    zone = Text(ko="시간대가 없는 시각의 시간대", en="of times that name no zone").in_language(language)
    if "timezone" not in fields:
        lines.append(f'timezone = "Asia/Seoul"  # {zone}')
    mark = _mark_column(columns)
    if mark is not None and "mark" not in fields:
        only = Text(ko="계속 커지기만 하는 번호", en="a number that only grows").in_language(language)
        lines.append(f"mark = {_quoted(mark)}  # {only}")
    lines.append(
        f"# {Text(ko='열', en='columns').in_language(language)}: {_one_line(', '.join(v.address for v in columns))}"
    )
    others = [name for name in tables if name != chosen]
    if others:
        lines.append(
            f"# {Text(ko='다른 테이블', en='other tables').in_language(language)}: {_one_line(', '.join(others[:50]))}"
        )
    to_do = Text(
        ko=f"테이블 {chosen!r}, 시각 {timed[chosen]!r}, 번호 {mark!r} 이(가) 맞는지 보세요.",
        en=f"Check table {chosen!r}, time {timed[chosen]!r} and mark {mark!r}.",
    )
    return lines, (to_do,)


def _time_column(columns: Sequence[Variable]) -> str | None:
    typed = [column.address for column in columns if column.data_type.upper().startswith(_TIME_TYPES)]
    named = [column.address for column in columns if column.address.lower() in _TIME_NAMES]
    both = [name for name in typed if name in named]
    ended = [
        c.address for c in columns if c.address.lower().endswith(("_time", "_at", "_date", "time", "일시", "시각"))
    ]
    return next(iter([*both, *typed, *named, *ended]), None)


def _mark_column(columns: Sequence[Variable]) -> str | None:
    whole = [
        column.address
        for column in columns
        if "INT" in column.data_type.upper() or "SERIAL" in column.data_type.upper()
    ]
    exact = [name for name in whole if name.lower() in _MARK_NAMES]
    return next(iter([*exact, *(name for name in whole if name.lower().endswith(("_id", "_seq", "_no")))]), None)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string of one line is a TOML one


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def _one_line(value: object) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", str(value))[:200]

"""One line of line protocol, read exactly: every escape, every kind of value, and InfluxDB's own words for what is wrong.

The grammar is what InfluxDB 1.x accepts: in a series key a sign is escaped by the backslash right before it; in the fields a
backslash takes the next sign with it.
"""

import math
import re
from collections.abc import Iterator

from jasang.connect.line_protocol.precision import EARLIEST, LATEST

Value = float | int | str | bool

_BLANK = b" \t\0"
_SERIES_END = re.compile(rb"(?<!\\) ")
_FIELD_KEY = re.compile(rb"(?:\\.|[^\\,= ])+", re.DOTALL)
_STRING = re.compile(rb'"((?:\\.|[^"\\])*)"', re.DOTALL)
_BARE = re.compile(rb"[^, ]+")
_STRING_ESCAPES = re.compile(rb'\\(["\\])')
_NUMBER = re.compile(rb"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(rb"-?[0-9]+i")
_UNSIGNED = re.compile(rb"[0-9]+u")
_TIME = re.compile(rb"-?[0-9]+")
_BEGINS_NUMBER = b"0123456789.-Nn"
_SIGNS = re.compile(rb'\\.?|[ =,"]', re.DOTALL)
TRUTHS = {
    **dict.fromkeys((b"t", b"T", b"true", b"True", b"TRUE"), True),
    **dict.fromkeys((b"f", b"F", b"false", b"False", b"FALSE"), False),
}


class BadFormat(ValueError):
    """A line that is no line protocol, in InfluxDB's words."""


def split_lines(body: bytes) -> list[bytes]:
    """The lines of a body. A line end inside a quoted value, or right after a backslash, belongs to the line."""
    pieces = body.split(b"\n")
    if b'"' not in body and b"\\" not in body:
        return pieces
    lines: list[bytes] = []
    open_line: bytes | None = None
    for piece in pieces:
        line = piece if open_line is None else open_line + b"\n" + piece
        is_open = (open_line is not None or b'"' in piece or piece.endswith(b"\\")) and _goes_on(line)
        open_line = line if is_open else None
        if not is_open:
            lines.append(line)
    if open_line is not None:
        lines.append(open_line)
    return lines


def first_line(body: bytes | bytearray, at: int) -> tuple[bytes, int]:
    """The line of `split_lines` that begins at `at`, and where the next one begins."""
    end = body.find(b"\n", at)
    while end >= 0:
        line = bytes(body[at:end])
        if not ((b'"' in line or line.endswith(b"\\")) and _goes_on(line)):
            return line, end + 1
        end = body.find(b"\n", end + 1)
    return bytes(body[at:]), len(body) + 1


def _goes_on(line: bytes) -> bool:
    """Whether the line end after `line` is part of a value."""
    in_fields = quoted = False
    equals = commas = 0
    if line.lstrip(_BLANK).startswith(b"#"):
        return False
    for match in _SIGNS.finditer(line):
        sign = match[0]
        if sign == b"\\":
            return True  # the backslash takes the line end with it
        if sign == b" ":
            in_fields = True
        elif in_fields and sign == b'"' and equals > commas:
            quoted = not quoted
        elif in_fields and not quoted:
            equals += sign == b"="
            commas += sign == b","
    return quoted


def is_empty(line: bytes) -> bool:
    """Whether a line says nothing: blank, or a comment."""
    rest = line.lstrip(_BLANK)
    return not rest or rest == b"\r" or rest[:1] == b"#"


def trimmed(line: bytes) -> bytes:
    """The line without blanks before it and without the carriage return of Windows after it."""
    return line.lstrip(_BLANK).removesuffix(b"\r")


def series_end(line: bytes) -> int:
    """Where the series key of a trimmed line ends: at its first space that is not escaped, or at the end of the line."""
    space = _SERIES_END.search(line)
    return len(line) if space is None else space.start()


def read_fields(line: bytes, at: int, unit: int) -> tuple[list[tuple[bytes, Value]], int | None]:
    """What follows the series key: fields (keys as they stand) in order, and the time in ns since 1970 or `None`.

    `unit` is what the line's times count, in ns. Raises `BadFormat`.
    """
    fields: list[tuple[bytes, Value]] = []
    at = skip_blanks(line, at)
    if at == len(line):
        raise BadFormat("missing fields")
    for key, value, end in each_field(line, at):
        fields.append((key, value))
        at = end
    return fields, _read_time(line, at, unit)


def each_field(line: bytes, at: int) -> Iterator[tuple[bytes, Value, int]]:
    """The fields from `at` on: key as it stands, value, and where the value ends. Raises `BadFormat`."""
    while True:
        key = _FIELD_KEY.match(line, at)
        if key is None:
            raise BadFormat("missing field key" if line[at : at + 1] == b"=" else "invalid field format")
        at = key.end()
        if line[at : at + 1] != b"=":
            raise BadFormat("invalid field format")
        value, at = _value(line, at + 1)
        yield key[0], value, at
        if line[at : at + 1] != b",":
            return
        at += 1


def _value(line: bytes, at: int) -> tuple[Value, int]:
    if line[at : at + 1] in (b"", b",", b" "):
        raise BadFormat("missing field value")
    if line[at : at + 1] == b'"':
        string = _STRING.match(line, at)
        if string is None:
            raise BadFormat("unbalanced quotes")
        if line[string.end() : string.end() + 1] not in (b"", b",", b" "):
            raise BadFormat("invalid field format")
        try:
            return _STRING_ESCAPES.sub(rb"\1", string[1]).decode(), string.end()
        except UnicodeDecodeError as error:
            raise BadFormat("invalid UTF-8") from error
    bare = _BARE.match(line, at)
    if bare is None:  # ruled out above; a value has at least one sign
        raise BadFormat("missing field value")
    return _bare_value(bare[0]), bare.end()


def _bare_value(raw: bytes) -> Value:
    if raw[0] not in _BEGINS_NUMBER:
        truth = TRUTHS.get(raw)
        if truth is None:
            raise BadFormat("invalid boolean")
        return truth
    if _NUMBER.fullmatch(raw):
        number = float(raw)
        if not math.isfinite(number):
            raise BadFormat(f"unable to parse number {raw.decode()}: value out of range")
        return number
    if _INTEGER.fullmatch(raw) or _UNSIGNED.fullmatch(raw):
        whole = int(raw[:-1]) if len(raw) < 30 else None  # longer ones are out of range in any case
        low, high = (-(2**63), 2**63) if raw.endswith(b"i") else (0, 2**64)
        if whole is None or not low <= whole < high:
            kind = "integer" if raw.endswith(b"i") else "unsigned integer"
            raise BadFormat(f"unable to parse {kind} {raw[:-1].decode()}: value out of range")
        return whole
    raise BadFormat("invalid number")


def _read_time(line: bytes, at: int, unit: int) -> int | None:
    at = skip_blanks(line, at)
    if at == len(line):
        return None
    time = _TIME.match(line, at)
    if time is None or line[time.end() : time.end() + 1] not in (b"", b" "):
        raise BadFormat("bad timestamp")
    if line[time.end() :].strip(b" "):
        raise BadFormat("point is invalid")
    moment = int(time[0]) * unit if len(time[0]) < 30 else LATEST + 1
    if not EARLIEST <= moment <= LATEST:
        raise BadFormat(f"time outside range {EARLIEST} - {LATEST}")
    return moment


def skip_blanks(line: bytes, at: int) -> int:
    """The first place from `at` on that is no blank."""
    while line[at : at + 1] and line[at] in _BLANK:
        at += 1
    return at

"""What InfluxDB would answer: `/api/v2/write` in the words of 2.x, `/write` in those of 1.x, so that their clients understand."""

import json
import re
from collections.abc import Mapping, Sequence

from aiohttp import web

from jasang.connect.line_protocol import BadLine

SHOWN = 10  # bad lines in a message
MOST_IN_HEADER = 2_000  # signs; clients refuse longer headers (Python's at 64 KB) and would never see the answer
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # what no header may hold
_CODES = {
    400: "invalid",
    401: "unauthorized",
    404: "not found",
    413: "request too large",
    422: "unprocessable entity",
    500: "internal error",
    503: "unavailable",
}


def refused(version: int, status: int, message: str, **more: object) -> web.Response:
    """A refusal with its JSON body; 1.x also says it in a header."""
    headers = {"Retry-After": "1"} if status == 503 else {}
    if version == 1:
        headers["X-Influxdb-Error"] = _CONTROL.sub(" ", message)[:MOST_IN_HEADER]
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="jasang"'
        return told({"error": message}, status=status, headers=headers)
    return told({"code": _CODES[status], "message": message, **more}, status=status, headers=headers)


def told(body: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON body as InfluxDB writes it: no blanks between its parts, a line end after it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
    # A bad line may hold bytes that are no UTF-8; what is told of it must be.
    body_bytes = text.encode(errors="replace")
    return web.Response(body=body_bytes, status=status, headers=headers, content_type="application/json")


def kept_in_part(version: int, bad: Sequence[BadLine], *, some_kept: bool) -> web.Response:
    """400 for lines that are no line protocol, 422 (2.x) for good ones beyond a limit; the good lines of the body are kept."""
    reasons = [str(line) for line in bad[:SHOWN]]
    if len(bad) > SHOWN:
        reasons.append(f"and {len(bad) - SHOWN} more lines")
    message = "\n".join(reasons)
    if some_kept or not any(line.is_format for line in bad):
        message = f"partial write: {message} dropped={len(bad)}"
    status = 400 if version == 1 or any(line.is_format for line in bad) else 422
    return refused(version, status, message, line=bad[0].number)

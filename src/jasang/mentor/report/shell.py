"""The frame of a self-contained HTML page: style, script and data inside, no network; written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path

from jasang.diagnose.chart import Chart
from jasang.errors import JasangError, Language
from jasang.mentor.findings_json import chart_json
from jasang.mentor.report import assets


def write_page(page: str, target: Path) -> None:
    """Write the page to `target`, whole or not at all.

    Raises
    ------
    JasangError
        The file cannot be written; says where and why.
    """
    half = None
    try:
        handle, half = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        umask = os.umask(0)
        os.umask(umask)
        Path(half).chmod(0o666 & ~umask)
        Path(half).replace(target)
    except OSError as error:
        raise JasangError(
            ko=f"보고서 {target}을(를) 쓸 수 없습니다: {error.strerror}. 쓸 수 있는 폴더를 주세요.",
            en=f"Cannot write the report {target}: {error.strerror}. Expected a folder that can be written to.",
        ) from error
    finally:
        if half is not None:
            Path(half).unlink(missing_ok=True)


def page_html(title: str, body: Iterable[str], *, language: Language, timezone: str) -> str:
    """The whole page as HTML text; `body` are its parts, `timezone` that of the charts' clocks."""
    folder = files(assets)
    style = (folder / "charts.css").read_text("utf-8") + (folder / "report.css").read_text("utf-8")
    scripts = [(folder / name).read_text("utf-8") for name in ("echarts.min.js", "charts.js")]
    parts = [*body, *(f"<script>{_harmless(script)}</script>" for script in scripts)]
    return (
        f"<!doctype html>\n<html lang='{language}' data-timezone='{escape(timezone)}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{style}</style></head><body class='report'>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def chart_block(name: str, chart: Chart) -> str:
    """The element a chart is drawn into, with its data beside it."""
    # "<" inside a script element could end it; JSON may write it as an escape.
    data = json.dumps(chart_json(chart), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f"<div class='jasang-chart' data-chart='{name}' data-renderer='svg'></div>"
        f"<script type='application/json' id='{name}'>{data}</script>"
    )


def _harmless(script: str) -> str:
    """The script with nothing inside that a browser would take for its end."""
    return script.replace("</script", r"<\/script")

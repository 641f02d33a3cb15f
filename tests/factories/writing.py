"""How a made factory is written down: encodings, separators, clocks, headers, Excel, Parquet, and sometimes a factory.toml."""

import gzip
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from tests.factories.made import Series, Sheet
from tests.factories.workbook import write_xlsx


@dataclass(frozen=True, kw_only=True)
class Style:
    """One firm's way of exporting files."""

    suffix: str  # ".csv" | ".csv.gz" | ".txt" | ".xlsx" | ".parquet"
    encoding: str
    separator: str
    clock: str  # strftime pattern, or "korean", or "korean seconds"
    line_end: str
    grouped: bool  # rows machine by machine instead of by time


CLOCKS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y.%m.%d %H:%M:%S", "%Y/%m/%d %H:%M",
          "%Y-%m-%dT%H:%M:%S+09:00", "%m/%d/%y %H:%M", "%Y%m%d%H%M%S", "korean", "korean seconds")  # fmt: skip


def make_style(rng: np.random.Generator, rows: int) -> Style:
    draw = rng.random()
    suffix = (
        ".xlsx" if draw < 0.10 and rows < 8000 else ".parquet" if draw < 0.16 else ".csv.gz" if draw < 0.21 else ".csv"
    )
    separator = str(rng.choice([",", ",", ",", ",", ";", "\t"]))
    return Style(
        suffix=".txt" if separator == "\t" and suffix == ".csv" and rng.random() < 0.5 else suffix,
        encoding=str(rng.choice(["utf-8", "utf-8", "cp949", "utf-8-sig"])),
        separator=separator,
        clock=str(rng.choice(CLOCKS)),
        line_end=str(rng.choice(["\n", "\r\n"])),
        grouped=bool(rng.random() < 0.12),
    )


def readable(style: Style, sheets: list[Sheet]) -> Style:
    """The style, in Unicode where a header could not be written otherwise (CP949 has no µ)."""
    headers = "".join(series.header for sheet in sheets for series in sheet.series)
    lost = headers.encode(style.encoding, errors="ignore").decode(style.encoding) != headers
    return replace(style, encoding="utf-8-sig") if lost and style.encoding == "cp949" else style


def moments_as_text(local: np.ndarray, clock: str) -> list[str]:
    """Local seconds as the firm's clock writes them."""
    stamps = [datetime.fromtimestamp(float(second), tz=UTC) for second in np.round(local)]
    if not clock.startswith("korean"):
        return [stamp.strftime(clock) for stamp in stamps]
    tail = "{:02d}:{:02d}" if clock == "korean seconds" else "{:02d}"
    return [
        f"{s:%Y-%m-%d} {'오전' if s.hour < 12 else '오후'} {(s.hour - 1) % 12 + 1}:{tail.format(s.minute, s.second)}"
        for s in stamps
    ]


def column(series: Series) -> pl.Series:
    """The column as it is written: rounded, whole numbers without a point, empty where missing."""
    if series.values.dtype == object:
        return pl.Series(series.header, list(series.values), dtype=pl.String)
    rounded = np.round(series.values, series.decimals)
    made = pl.Series(series.header, rounded, dtype=pl.Float64).fill_nan(None)
    return made.cast(pl.Int64) if series.decimals <= 0 else made


def write_table(frame: pl.DataFrame, stem: Path, style: Style) -> Path:
    """Write `frame`, with times still as datetimes only in Parquet and Excel; the path written."""
    path = stem.with_name(stem.name + style.suffix)
    if style.suffix == ".parquet":
        frame.write_parquet(path)
    elif style.suffix == ".xlsx":
        write_xlsx(frame, path)
    else:
        text = frame.write_csv(separator=style.separator)
        if style.line_end != "\n":
            text = text.replace("\n", style.line_end)
        raw = text.encode(style.encoding, errors="replace")
        if path.suffix == ".gz":
            raw = gzip.compress(raw, compresslevel=1, mtime=0)
        path.write_bytes(raw)
    return path


def time_column(header: str, local: np.ndarray, style: Style) -> pl.Series:
    """The clock: text in CSV, real times in Parquet and Excel."""
    if style.suffix in (".parquet", ".xlsx"):
        return pl.Series(header, np.round(local * 1e6).astype("datetime64[us]"))
    return pl.Series(header, moments_as_text(local, style.clock), dtype=pl.String)


def row_order(sheet: Sheet, style: Style) -> np.ndarray:
    """Which rows are written in which order."""
    rows = np.arange(sheet.when.size) if sheet.repeat is None else sheet.repeat
    return rows[np.argsort(sheet.asset[rows], kind="stable")] if style.grouped else rows


def quoted(text: str) -> str:
    """A TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def columns_toml(series: list[Series], verdict: str | None, roles: bool, stated: set[str]) -> str:
    """`[columns.…]` of factory.toml: limits of the `stated` ones, roles of all when `roles`."""
    lines = []
    for one in series:
        if one.header not in stated and not (roles and one.role in ("setting", "sensor", "quality", "id")):
            continue
        lines.append(f"\n[columns.{quoted(one.header)}]\nrole = {quoted(one.role)}")
        if one.unit:
            lines.append(f"unit = {quoted(one.unit)}")
        if one.header in stated and one.lower is not None and one.upper is not None:
            lines.append(f"lower = {one.lower}\nupper = {one.upper}")
            if one.target is not None:
                lines.append(f"target = {one.target}")
    if roles and verdict is not None:
        lines.append(f'\n[columns.{quoted(verdict)}]\nrole = "defect"')
    return "\n".join(lines) + "\n"

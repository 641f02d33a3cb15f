"""The smallest Excel workbook that readers accept: one sheet of numbers, times and inline texts."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl

_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_SCHEMAS}/spreadsheetml/2006/main"'
_OFFICE = f"{_SCHEMAS}/officeDocument/2006/relationships"
_PACKAGE = f'xmlns="{_SCHEMAS}/package/2006/relationships"'
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships {_PACKAGE}><Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships {_PACKAGE}><Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet {_MAIN}><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
        '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
    ),
}


def write_xlsx(frame: pl.DataFrame, path: Path) -> None:
    """Numbers as numbers, times as Excel's days, the rest as text, missing as empty cells."""
    columns = [_cells(frame[name]) for name in frame.columns]
    rows = ["".join(_text(name) for name in frame.columns), *("".join(row) for row in zip(*columns, strict=True))]
    sheet = "".join(f"<row>{row}</row>" for row in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in _PARTS.items():
            book.writestr(name, part)
        book.writestr("xl/worksheets/sheet1.xml", f"<worksheet {_MAIN}><sheetData>{sheet}</sheetData></worksheet>")


def _cells(column: pl.Series) -> list[str]:
    if column.dtype == pl.Datetime:
        days = (column.dt.timestamp("us") / 86_400_000_000 + 25569).to_list()
        return ["<c/>" if day is None else f'<c s="1"><v>{day:.10f}</v></c>' for day in days]
    if column.dtype.is_numeric():
        return ["<c/>" if value is None else f"<c><v>{value}</v></c>" for value in column.to_list()]
    return ["<c/>" if value is None else _text(str(value)) for value in column.to_list()]


def _text(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'

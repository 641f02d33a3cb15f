"""What a judge may read of a factory without learning its name: texts, names of files, and copies of documents.

A copy has no metadata (author, company, place, phone) and, where texts can be changed, not the firm's name. Where the name stays
(a PDF, a text cut into pieces) or a kind of file cannot be looked into, there is no copy, and it is said where the name stands.
"""

import html
import io
import re
import struct
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, NameObject

from jasang.errors import UnreadableInput
from jasang.web.programme.models import BlindState
from jasang.web.programme.photos import LONGEST, MOST_PIXELS, PHOTOS, drawn_anew
from jasang.web.tenants.models import Factory
from jasang.web.ui.checked_files import Checked

HIDDEN = "○○○"
_KINDS = r"주식회사|유한회사|\(주\)|㈜|\(유\)"
_SHORT = 4  # letters from which on a name is also found with blanks in it or within a word
_MOST_PAGES, _MOST_PARTS, _LARGEST_PARTS = 300, 3000, 150_000_000
_PLACES = 12  # that are named
_PATIENCE = 20  # seconds for one document
_DEEPEST = 3  # office files within office files
_OFFICE = (".docx", ".xlsx", ".pptx", ".hwpx")
# What the readers of such files raise where one is broken, locked, or made to harm.
_FAULTS = (
    UnreadableInput, PyPdfError, zipfile.BadZipFile, zlib.error, struct.error, Image.DecompressionBombError, EOFError,
    ValueError, LookupError, OSError, RuntimeError, TypeError, AttributeError, OverflowError, SyntaxError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a judge is handed: the content, or why there is none and where the name stands (pages of a PDF, parts of a file)."""

    state: BlindState
    content: bytes = b""
    places: tuple[str, ...] = ()


class _Room:
    """What may still be unpacked of one document, and until when."""

    def __init__(self) -> None:
        self.left, self.until = _LARGEST_PARTS, time.monotonic() + _PATIENCE

    def take(self, size: int = 0) -> None:
        """Use some of it; raises where there is too little."""
        self.left -= size
        if self.left < 0 or time.monotonic() > self.until:
            raise OverflowError("too large, or made to take long")


def blind(text: str, factory: Factory) -> str:
    """The text without the factory's name (also without 주식회사, (주) and blanks), for judges."""
    return without_name(text, factory.name)


def without_name(text: str, name: str) -> str:
    """The text with ○○○ for the firm's name."""
    for sought in _patterns(name):
        text = sought.sub(HIDDEN, text)
    return text


def _patterns(name: str) -> Iterator[re.Pattern[str]]:
    plain = re.sub(_KINDS, "", name).strip()
    for one in sorted({name.strip(), plain} - {""}, key=len, reverse=True):
        short = len("".join(one.split())) < _SHORT
        for form in dict.fromkeys(
            unicodedata.normalize(way, one) for way in ("NFC", "NFD")
        ):  # NFD: as Macs write Korean
            if short:  # "주식회사정우" is a firm, "측정우선" is not
                spaced = r"\s*".join(re.escape(word) for word in form.split())
                yield re.compile(rf"(?:(?<!\w)|(?<=회사)){spaced}", re.IGNORECASE)
            else:
                letters = [re.escape(letter) for letter in form if not letter.isspace()]
                yield re.compile(r"\s*".join(letters), re.IGNORECASE)


def copy_for_judges(file_name: str, content: bytes, name: str) -> Copy:
    """The copy of a document of the firm `name`."""
    ending = PurePosixPath(file_name).suffix.lower()
    try:
        if ending in PHOTOS:
            return Copy(state=BlindState.CLEAN, content=drawn_anew(Checked(name=file_name, content=content)).content)
        if ending == ".pdf":
            return _of_pdf(content, name)
        if ending in _OFFICE:
            return _of_parts(content, name, _Room())
        if ending in (".csv", ".txt", ".tsv"):
            return _of_text(content, name)
    except _FAULTS:
        pass  # made by who knows what: no copy of what cannot be read
    return Copy(state=BlindState.CLOSED)


def copy_name(file_name: str, name: str) -> str:
    """The file's name for judges; a photo is drawn anew as JPEG."""
    shown = PurePosixPath(without_name(file_name, name))
    return f"{shown.stem}.jpg" if shown.suffix.lower() in PHOTOS else str(shown)


def _of_text(content: bytes, name: str) -> Copy:
    for encoding in ("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return Copy(state=BlindState.CLEAN, content=without_name(text, name).encode(encoding, errors="replace"))
    return Copy(state=BlindState.CLOSED)


# Parts of office files that only say who made them, and what stands in their place.
_EMPTY = {
    "docProps/core.xml": '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>',
    "docProps/app.xml": '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>',
    "docProps/custom.xml": '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>',
}
_AUTHORS = re.compile(
    r"""((?:\w+:)?(?:author|initials|userId|displayName|lastModifiedBy|userName)=)(?:"[^"]*"|'[^']*')""", re.IGNORECASE
)
_AUTHOR_PARTS = re.compile(
    r"(<author>)[^<]*(</author>)|(<opf:meta\b[^>]*>)[^<]*(</opf:meta>)|(<opf:title>)[^<]*(</opf:title>)"
)
_LINE_ENDS = re.compile(r"</(?:\w+:)?(?:p|si|row|tr|tc|c|title|meta|text)>")
_TEXTS = (".xml", ".rels", ".txt", ".hpf", ".vml", ".html", ".rdf")


# Pictures of the first page, with whatever stands on it.
_FIRST_PAGES = ("docprops/thumbnail.", "preview/prvimage.")


def _of_parts(content: bytes, name: str, room: _Room, depth: int = 1) -> Copy:
    out, places = io.BytesIO(), []
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w") as made:
        parts = given.infolist()
        if len(parts) > _MOST_PARTS or depth > _DEEPEST:
            raise OverflowError("too many parts, or files within files within files")
        for part in parts:
            kept, found = _part(part.filename, _unpacked(given, part, room), name, room, depth)
            if found or without_name(part.filename, name) != part.filename:
                places.append(part.filename)
            if part.filename == "mimetype":  # comes first and as it is
                made.writestr(zipfile.ZipInfo(part.filename), kept, zipfile.ZIP_STORED)
            else:
                made.writestr(zipfile.ZipInfo(part.filename), kept, zipfile.ZIP_DEFLATED)
    if places:
        return Copy(state=BlindState.NAMED, places=tuple(places[:_PLACES]))
    return Copy(state=BlindState.CLEAN, content=out.getvalue())


def _unpacked(given: zipfile.ZipFile, part: zipfile.ZipInfo, room: _Room) -> bytes:
    """The part. It may hold far more than it says: no more than that is unpacked."""
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("a packing that office files do not have")
    room.take(part.file_size)
    with given.open(part) as opened:
        return opened.read(part.file_size + 1)


def _part(part: str, content: bytes, name: str, room: _Room, depth: int) -> tuple[bytes, bool]:
    """A part of an office file without metadata and name, and whether the name is still in it."""
    if part in _EMPTY:
        return _EMPTY[part].encode(), False
    lower = part.lower()
    if lower.startswith(_FIRST_PAGES):
        return _blank_picture(lower), False
    if lower.endswith(_OFFICE):
        inner = _of_parts(content, name, room, depth + 1)
        return inner.content, inner.state != BlindState.CLEAN
    if lower.endswith((".jpg", ".jpeg")):
        return _jpeg_without_tags(content), False
    if lower.endswith(_TEXTS):
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        text = content.decode(encoding)
        text = _AUTHOR_PARTS.sub(
            lambda found: "".join(one for one in found.groups() if one), _AUTHORS.sub(r'\1""', text)
        )
        text = without_name(text, html.escape(name, quote=False))
        seen = html.unescape(re.sub(r"<[^>]*>", "", _LINE_ENDS.sub("\n", text)))
        return text.encode(encoding), without_name(seen, name) != seen
    return content, _in_bytes(content, name)


def _jpeg_without_tags(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise OverflowError("pixels")
        opened.draft("RGB", (2 * LONGEST, 2 * LONGEST))  # a huge one is unpacked at a fraction of its size
        out = io.BytesIO()
        Image.frombytes("RGB", opened.size, opened.convert("RGB").tobytes()).save(out, "JPEG", quality=88)
    return out.getvalue()


def _blank_picture(part: str) -> bytes:
    out, kind = io.BytesIO(), "PNG" if part.endswith(".png") else "JPEG"
    Image.new("RGB", (1, 1), "white").save(out, kind)
    return out.getvalue() if part.endswith((".png", ".jpg", ".jpeg")) else b""


def _in_bytes(content: bytes, name: str) -> bool:
    """Whether the name stands in something that cannot be read as text."""
    plain = re.sub(_KINDS, "", name).strip() or name
    if len(plain) < 2:
        return False
    return any(plain.encode(one, errors="ignore") in content for one in ("utf-8", "utf-16-le", "utf-16-be", "cp949"))


def _of_pdf(content: bytes, name: str) -> Copy:
    if b"obj" not in content:  # no page is in it, whatever opens it
        return (
            Copy(state=BlindState.NAMED, places=("1",))
            if _in_bytes(content, name)
            else Copy(state=BlindState.CLEAN, content=content)
        )
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        return Copy(state=BlindState.CLOSED)
    if not 0 < len(reader.pages) <= _MOST_PAGES:
        return Copy(state=BlindState.CLOSED)
    writer, places, room = PdfWriter(), [], _Room()
    for number, page in enumerate(reader.pages, start=1):
        room.take()
        added = writer.add_page(page)
        _tidy(added)
        seen = "\n".join((added.extract_text() or "", *_values(page)))
        if without_name(seen, name) != seen:
            places.append(str(number))
    writer.metadata = None
    out = io.BytesIO()
    writer.write(out)
    if not places and _in_bytes(out.getvalue(), name):
        places.append("?")
    if places:
        return Copy(state=BlindState.NAMED, places=tuple(places[:_PLACES]))
    return Copy(state=BlindState.CLEAN, content=out.getvalue())


def _tidy(page: Any) -> None:
    """Take from a page what names somebody: metadata, notes with their authors, data of programs, files that hang on it."""
    for key in ("/Metadata", "/PieceInfo", "/AF", "/LastModified"):
        page.pop(NameObject(key), None)
    notes = page.get("/Annots")
    if notes is not None:
        kept = [one for one in notes.get_object() if one.get_object().get("/Subtype") == "/Widget"]
        page[NameObject("/Annots")] = ArrayObject(kept)


def _values(page: Any) -> Iterator[str]:
    """What is written into the fields of a form, also into a field that several boxes show."""
    for one in page.get("/Annots") or ():
        field, depth = one.get_object(), 0
        while field is not None and depth < 20:
            for key in ("/V", "/DV", "/TU"):
                value = field.get(key)
                value = None if value is None else value.get_object()
                if isinstance(value, str):
                    yield value
            parent = field.get("/Parent")
            field, depth = None if parent is None else parent.get_object(), depth + 1

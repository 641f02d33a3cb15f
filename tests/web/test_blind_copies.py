"""Judges get copies of documents that do not tell whose they are: name, authors, phones; and none where the name stays."""

import io
import struct
import tracemalloc
import unicodedata
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from jasang.web.programme import applications, blinding, judging, papers
from jasang.web.programme.blinding import copy_for_judges, copy_name, without_name
from jasang.web.programme.models import Judging, Paper
from jasang.web.ui.checked_files import Checked

from .programme_cast import GRANT, Cast, browser

pytestmark = [pytest.mark.web]

NAME = "주식회사 한빛금형"
PLAN = "사업계획서 / Project plan"


def as_on_macs(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def pdf(*pages: str, **metadata: str) -> bytes:
    """A PDF with a line of Latin letters on each page."""
    writer = PdfWriter()
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    })  # fmt: skip
    for words in pages:
        page = writer.add_blank_page(300, 300)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({words}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    writer.add_metadata({f"/{key}": value for key, value in metadata.items()})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def office(**parts: str) -> bytes:
    """A file made of parts; `__` in a name stands for "/"."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in parts.items():
            made.writestr(name.replace("__", "/"), text)
    return out.getvalue()


def read(content: bytes, part: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as given:
        return given.read(part).decode()


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("우리 한 빛\n금형은", NAME, "우리 ○○○은"), ("(주)한빛금형", "한빛금형(주)", "(주)○○○"),
        ("측정 우선, 측정우선", "정우", "측정 우선, 측정우선"), ("주식회사정우는", "㈜정우", "주식회사○○○는"),
        ("대표 정우와 (주)정우", "㈜정우", "대표 ○○○와 (주)○○○"), ("Made by HANBIT mould.", "Hanbit Mould", "Made by ○○○."),
        ("SK 온과 SK온", "SK 온", "○○○과 ○○○"), (as_on_macs("한빛 금형"), NAME, "○○○"),
        (as_on_macs("측정우선"), "정우", as_on_macs("측정우선")),
    ],
)  # fmt: skip
def test_name_is_left_out_and_nothing_else(text: str, name: str, expected: str) -> None:
    assert without_name(text, name) == expected


def test_text_of_office_files_loses_name_and_authors() -> None:
    docx = office(**{
        "docProps__core.xml": "<cp:coreProperties><dc:creator>한빛금형 김대표</dc:creator></cp:coreProperties>",
        "word__document.xml": "<w:p><w:r><w:t>한빛금형의 계획</w:t></w:r></w:p><w:ins w:author=\"김대표\"/>",
        "word__people.xml": '<w15:person w15:author="한빛 김"/>',
    })  # fmt: skip
    made = copy_for_judges("계획.docx", docx, NAME)
    assert (made.state, made.places) == ("clean", ())
    assert read(made.content, "word/document.xml") == '<w:p><w:r><w:t>○○○의 계획</w:t></w:r></w:p><w:ins w:author=""/>'
    assert "김대표" not in read(made.content, "docProps/core.xml") + read(made.content, "word/people.xml")

    hwpx = office(**{
        "mimetype": "application/hwp+zip",
        "Contents__content.hpf": '<opf:title>한빛</opf:title><opf:meta name="creator" content="text">김대표</opf:meta>',
        "Preview__PrvText.txt": "한빛금형 계획",
    })  # fmt: skip
    made = copy_for_judges("계획.hwpx", hwpx, NAME)
    assert (
        read(made.content, "Contents/content.hpf")
        == '<opf:title></opf:title><opf:meta name="creator" content="text"></opf:meta>'
    )
    assert read(made.content, "Preview/PrvText.txt") == "○○○ 계획"


def test_workbook_stays_a_workbook() -> None:
    book = Workbook()
    book.properties.creator = "한빛금형"
    book.active.append(["한빛금형 견적", 1000])
    out = io.BytesIO()
    book.save(out)
    made = copy_for_judges("견적.xlsx", out.getvalue(), NAME)
    again = load_workbook(io.BytesIO(made.content))
    assert [cell.value for cell in again.active[1]] == ["○○○ 견적", 1000]
    assert again.properties.creator in (None, "openpyxl")


def test_name_in_pieces_or_in_a_binary_part_is_told_and_no_copy_made() -> None:
    cut = office(
        word__document="x", **{"word__document.xml": "<w:p><w:r><w:t>한빛</w:t></w:r><w:r><w:t>금형</w:t></w:r></w:p>"}
    )
    assert copy_for_judges("a.docx", cut, NAME) == copy_for_judges("b.docx", cut, NAME)
    assert copy_for_judges("a.docx", cut, NAME).places == ("word/document.xml",)
    apart = office(**{"word__document.xml": "<w:p>한빛</w:p><w:p>금형</w:p>", "word__embeddings__a.bin": "한빛금형"})
    assert copy_for_judges("a.docx", apart, NAME).places == ("word/document.xml", "word/embeddings/a.bin")


def test_pdf_loses_its_metadata_and_is_kept_back_where_the_name_stands_in_it() -> None:
    made = copy_for_judges("a.pdf", pdf("plan", "cost", Author="Hanbit Mould", Title="Hanbit"), "Hanbit Mould")
    reader = PdfReader(io.BytesIO(made.content))
    assert (made.state, len(reader.pages), reader.pages[1].extract_text()) == ("clean", 2, "cost")
    assert b"Hanbit" not in made.content

    named = copy_for_judges("a.pdf", pdf("plan", "by Hanbit Mould Ltd", "Hanbit  mould"), "Hanbit Mould")
    assert (named.state, named.places, named.content) == ("named", ("2", "3"), b"")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.hwp", b"\xd0\xcf\x11\xe0" * 9), ("a.pdf", b"%PDF-1.7 1 0 obj rubbish"), ("a.docx", b"PK\x03\x04 rubbish"),
     ("a.mp4", b"0000ftyp"), ("a.png", b"\x89PNG\r\n\x1a\n"), ("a.csv", b"\xff\xff\x81")],
)  # fmt: skip
def test_what_cannot_be_looked_into_is_kept_back(name: str, content: bytes) -> None:
    assert copy_for_judges(name, content, NAME).state == "closed"


def zipped(**parts: bytes) -> bytearray:
    """The same, packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/"), content)
    return bytearray(out.getvalue())


def jpeg(width: int = 8, height: int = 8) -> bytes:
    """A small JPEG that says it has that many pixels."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    made = bytearray(out.getvalue())
    at = made.find(b"\xff\xc0")
    made[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(made)


def locked_file() -> bytes:
    made = zipped(word__a="x" * 99)
    made[6] |= 1
    made[made.find(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def broken_file() -> bytes:
    made = zipped(word__a="x" * 99)
    at = made.find(b"word/a") + len("word/a")
    made[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(made)


def oddly_packed_file() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("word/a.xml", "x")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [locked_file(), broken_file(), oddly_packed_file(), bytes(zipped(**{"word/a.jpg": b"none"})),
     bytes(zipped(**{"word/a.jpg": jpeg(65000, 65000)}))],
    ids=["locked", "broken", "odd", "no picture", "bomb"],
)  # fmt: skip
def test_harmful_office_file_is_kept_back(content: bytes) -> None:
    assert copy_for_judges("a.docx", content, NAME).state == "closed"


def test_part_that_holds_more_than_it_says_is_not_unpacked() -> None:
    made = zipped(a=b"0" * 60_000_000)
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = made.find(sign) + at
        made[place : place + 4] = struct.pack("<I", 1)
    tracemalloc.start()
    try:
        assert copy_for_judges("a.docx", bytes(made), NAME).state == "closed"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_files_within_files_share_what_may_be_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blinding, "_LARGEST_PARTS", 3_000_000)
    inner = bytes(zipped(**{"xl/a.xml": b" " * 1_000_000}))
    two = {f"word/embeddings/{number}.xlsx": inner for number in range(2)}
    assert copy_for_judges("a.docx", bytes(zipped(**two)), NAME).state == "clean"
    four = {f"word/embeddings/{number}.xlsx": inner for number in range(4)}
    assert copy_for_judges("a.docx", bytes(zipped(**four)), NAME).state == "closed"
    deep = inner
    for _ in range(4):
        deep = bytes(zipped(**{"word/embeddings/a.xlsx": deep}))
    assert copy_for_judges("a.docx", deep, NAME).state == "closed"


def test_a_document_that_takes_long_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert copy_for_judges("a.pdf", pdf("plan"), NAME).state == "clean"
    monkeypatch.setattr(blinding, "_PATIENCE", -1)
    assert copy_for_judges("a.pdf", pdf("plan"), NAME).state == "closed"


def test_name_does_not_hide_in_inner_files_previews_or_names_of_parts() -> None:
    inner = office(**{"xl__sharedStrings.xml": "<si>한빛금형</si>", "docProps__core.xml": "김대표"})
    outer = {"word/embeddings/a.xlsx": inner, "docProps/thumbnail.jpeg": jpeg(), "Preview/PrvImage.png": b"picture",
             "word/comments.xml": "<w:comment w:author='김대표'/>"}  # fmt: skip
    made = copy_for_judges("a.docx", office(**outer), NAME)
    with zipfile.ZipFile(io.BytesIO(made.content)) as given:
        assert read(given.read("word/embeddings/a.xlsx"), "xl/sharedStrings.xml") == "<si>○○○</si>"
        assert "김대표" not in read(given.read("word/embeddings/a.xlsx"), "docProps/core.xml")
        for name in ("docProps/thumbnail.jpeg", "Preview/PrvImage.png"):
            assert Image.open(io.BytesIO(given.read(name))).size == (1, 1)
        assert given.read("word/comments.xml").decode() == '<w:comment w:author=""/>'
    named = copy_for_judges("a.docx", office(**{"word/media/한빛금형.png": ""}), NAME)
    assert (named.state, named.places) == ("named", ("word/media/한빛금형.png",))


def test_pdf_written_in_another_way_is_looked_into_too() -> None:
    made = copy_for_judges("a.pdf", pdf("plan", Author="Kim").replace(b" obj", b"\nobj"), "Hanbit Mould")
    assert (made.state, b"Kim" in made.content) == ("clean", False)
    named = pdf("by Hanbit Mould").replace(b" obj", b"\nobj")
    assert copy_for_judges("a.pdf", named, "Hanbit Mould").places == ("1",)


def test_value_of_a_field_with_several_boxes_is_read() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("plan"))))
    field = writer._add_object(DictionaryObject({NameObject("/V"): TextStringObject("Hanbit Mould")}))
    box = {NameObject("/Subtype"): NameObject("/Widget"), NameObject("/Parent"): field}
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(box))])
    out = io.BytesIO()
    writer.write(out)
    assert copy_for_judges("a.pdf", out.getvalue(), "Hanbit-Mould").state == "clean"
    assert copy_for_judges("a.pdf", out.getvalue(), "HANBIT mould").places == ("1",)


@pytest.mark.django_db(transaction=True)
def test_documents_are_read_before_the_database_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = Cast(documents=[{"name": PLAN, "needed": True, "judges": True}])
    owner, held = cast["owner"], []

    def watched(*given: Any) -> blinding.Copy:
        held.append(connection.in_atomic_block)
        return copy_for_judges(*given)

    monkeypatch.setattr(papers, "copy_for_judges", watched)
    draft = applications.keep_draft(
        by=owner, factory=cast.factory, call=cast.call, wish="버", cost=90_000_000, asked=GRANT
    )
    kept = papers.add_papers(by=owner, application=draft, title=PLAN, files=[Checked(name="a.txt", content=b"plan")])
    assert (held, kept[0].blind) == ([False], "clean")


def test_photo_is_drawn_anew_and_a_table_read() -> None:
    out, tags = io.BytesIO(), Image.Exif()
    tags[0x013B] = "Hanbit"  # artist
    Image.new("RGB", (40, 30), "red").save(out, "JPEG", exif=tags)
    made = copy_for_judges("한빛금형 공장.png", out.getvalue(), NAME)
    assert (made.state, b"Hanbit" in out.getvalue(), b"Hanbit" in made.content) == ("clean", True, False)
    assert copy_name("한빛금형 공장.png", NAME) == "○○○ 공장.jpg"
    table = copy_for_judges("a.csv", "공장,불량\n한빛금형,3\n".encode("cp949"), NAME)
    assert table.content.decode("cp949") == "공장,불량\n○○○,3\n"


@pytest.mark.django_db
def test_owner_is_warned_and_judge_gets_the_copy_only() -> None:
    cast = Cast(documents=[{"name": PLAN, "needed": True, "judges": True}])
    owner = cast.browser("owner")
    base = {"factory_key": cast.factory.key}
    owner.post(reverse("programme:apply", kwargs=base | {"key": cast.call.key}),
               {"wish": "버", "cost": "90000000", "asked": str(GRANT)})  # fmt: skip
    application = Paper.application.field.related_model.objects.of(cast.operator).get()
    page = reverse("programme:own-application", kwargs=base | {"key": application.key})
    files = [
        SimpleUploadedFile("한빛금형.txt", "한빛금형의 계획".encode()),
        SimpleUploadedFile("a.hwp", b"\xd0\xcf\x11\xe0"),
        SimpleUploadedFile("b.docx", office(**{"word__document.xml": "<t>한빛</t><t>금형</t>"})),
    ]
    owner.post(f"{page}papers/", {"title": PLAN, "files": files})
    shown = owner.get(page).content.decode()
    assert "회사 이름이 들어 있어(word/document.xml)" in shown
    assert "회사 이름이 들어 있는지 확인할 수 없어" in shown
    papers = {one.name: one for one in Paper.objects.of(cast.operator)}
    preview = owner.get(f"{page}papers/{papers['한빛금형.txt'].key}/?copy=judges")
    assert b"".join(preview.streaming_content).decode() == "○○○의 계획"
    assert owner.get(f"{page}papers/{papers['a.hwp'].key}/?copy=judges").status_code == 404

    owner.post(f"{page}submit/")
    application.refresh_from_db()
    judging.call_judges(by=cast["runner"], application=cast.visited(application), judges=cast.judges[:1])
    judging.declare(by=cast.judges[0], application=application, conflict=False)
    judge, number = browser(cast.judges[0]), Judging.objects.of(cast.operator).get().pk
    seen = judge.get(reverse("programme:judge", args=[cast.operator.key, number])).content.decode()
    assert "○○○.txt" in seen
    assert "한빛" not in seen
    assert ("a.hwp" in seen, seen.count("보여 드리지 않습니다")) == (False, 2)

    def copy_of(name: str) -> Any:
        return judge.get(reverse("programme:judge-paper", args=[cast.operator.key, number, papers[name].key]))

    Paper.objects.of(cast.operator).update(blind="")  # as rows are that were kept before, or taken in from elsewhere
    assert b"".join(copy_of("한빛금형.txt").streaming_content).decode() == "○○○의 계획"
    assert (copy_of("a.hwp").status_code, copy_of("b.docx").status_code) == (404, 404)

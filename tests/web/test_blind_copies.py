"""Judges get copies of documents that do not tell whose they are: name, authors, phones; and none where the name stays."""

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from jasang.web.programme import judging
from jasang.web.programme.blinding import copy_for_judges, copy_name, without_name
from jasang.web.programme.models import Judging, Paper

from .programme_cast import GRANT, Cast, browser

pytestmark = [pytest.mark.web]

NAME = "주식회사 한빛금형"
PLAN = "사업계획서 / Project plan"


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

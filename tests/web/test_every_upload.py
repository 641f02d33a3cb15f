"""What may come by any form with files: type, size, name, script, bomb. New forms are found by themselves."""

import importlib
import io
import json
import pkgutil
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

import jasang.web
from jasang.errors import JasangError
from jasang.web.api import keys
from jasang.web.programme.exchange import read_rows
from jasang.web.ui.checked_files import LARGEST, MOST, check

pytestmark = [pytest.mark.web, pytest.mark.django_db]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def hostile() -> list[tuple[str, bytes]]:
    """Names and contents that no form takes."""
    return [
        ("run.exe", b"MZ" + bytes(100)),
        ("run.png", b"MZ" + bytes(100)),
        ("page.html", b"<script>alert(1)</script>"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("picture.png", b"<svg onload='alert(1)'/>"),
        ("x.js", b"alert(1)"),
        ("x.php", b"<?php system('id');"),
        ("x.csv.exe", b"a,b\n1,2\n"),
        ("x.docm", b"PK\x03\x04macro"),
        ("x.pdf", b"not a pdf"),
        ("x.xlsx", b"not a workbook"),
        ("x.csv", b"a,b\x00c\n"),
        ("empty.csv", b""),
        ("nothing", b"a,b\n"),
        (".htaccess", b"Allow"),
        ("large.csv", b"a" * (LARGEST + 1)),
    ]


def fields() -> Iterator[tuple[str, forms.FileField]]:
    """Every file field of every form in the portal."""
    for module in pkgutil.walk_packages(jasang.web.__path__, "jasang.web."):
        if ".migrations" in module.name or module.name.endswith((".wsgi", ".manage", "settings")):
            continue
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, forms.Form) and one.__module__ == module.name:
                for name, field in one.base_fields.items():
                    if isinstance(field, forms.FileField):
                        yield f"{module.name}.{one.__name__}.{name}", field


def taken(field: forms.FileField, name: str, content: bytes) -> bool:
    """Whether the field takes the file."""
    try:
        field.clean([SimpleUploadedFile(name, content)])
    except ValidationError:
        return False
    return True


# They look into what they are given themselves, tested below: data for the reader, records of know-how.
READERS = {"jasang.web.floor.forms.UploadForm.files", "jasang.web.floor.forms.RecordsForm.file"}


def test_every_form_refuses_what_is_not_what_it_says() -> None:
    found = dict(fields())
    assert set(found) >= READERS
    assert len(found) >= 5
    for place, field in found.items():
        if place in READERS:
            continue
        for name, content in hostile():
            assert not taken(field, name, content), f"{place} took {name}"
        good = [SimpleUploadedFile("a.png", PNG) for _ in range(MOST + 1)]
        with pytest.raises(ValidationError):
            field.clean(good)
        assert len(field.clean(good[:1])) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/cron.d/x.csv", "x.csv"),
        ("..\\..\\windows\\x.csv", "x.csv"),
        ("/etc/passwd.csv", "passwd.csv"),
        ('a"b<c>|d?.csv', "abcd.csv"),
        ("gpj.\u202ecsv.csv", "gpj.csv.csv"),
        ("a\x00\r\nb.csv", "ab.csv"),
        ("보고서 1.csv", "보고서 1.csv"),
        ("x" * 400 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_names_lead_nowhere_and_hide_nothing(given: str, kept: str) -> None:
    assert check(given, b"a,b\n").name == kept


def bomb(name: str = "data.csv", size: int = 60_000_000) -> bytes:
    """A small archive that unpacks to much."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"0" * size)
    return out.getvalue()


def test_reader_of_data_refuses_bombs_names_and_size(factory: Any, member: Client, settings: Any) -> None:
    page = reverse("floor:files", args=[factory.key])
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as archive:
        archive.writestr("../../evil.csv", "a,b\n")
        archive.writestr("evil.csv", "a,b\n")
    large = b"a,b\n" + b"1,2\n" * (settings.UPLOAD_LIMIT_MB * 260_000)
    for name, content in [
        ("bomb.zip", bomb()),
        ("broken.zip", b"PK\x03\x04 broken"),
        ("twice.zip", nested.getvalue()),
        ("run.exe", b"MZ"),
        ("page.html", b"<script>"),
        ("empty.csv", b""),
        ("large.csv", large),
    ]:
        answer = member.post(page, {"files": SimpleUploadedFile(name, content)})
        assert answer.status_code in (400, 413), name
    assert not settings.UPLOADS.exists() or not any(settings.UPLOADS.rglob("evil*"))


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 100_000, b"\xff\xfe", b"null", b'"x"', b"NaN", b""])
def test_records_of_know_how_take_no_rubbish(factory: Any, member: Client, content: bytes) -> None:
    answer = member.post(reverse("floor:know-how", args=[factory.key]), {"file": SimpleUploadedFile("k.json", content)})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", bomb("xl/worksheets/sheet1.xml")),
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("a.xls", b"\xd0\xcf\x11\xe0 broken"),
        ("a.csv", b'"' + b"x" * 1_000_000),
        ("a.csv", b"a,b\x00\n"),
        ("a.csv", b"\xff\xfe\xff"),
        ("a.json", b"[" * 200_000),
        ("a.json", b"{}"),
        ("a.csv", b"a,a\n1,2\n"),
        ("a.csv", b""),
        ("a.csv", b"a\n" * 3_000_000),
    ],
)
def test_tables_of_the_programme_take_no_rubbish(name: str, content: bytes) -> None:
    with pytest.raises(JasangError):
        read_rows(name, content)


def test_imports_over_the_open_interface_take_no_rubbish(factory: Any, settings: Any) -> None:
    _key, text = keys.make_key(factory=factory, name="k", scopes=settings.API_SCOPES, by=None)
    client = Client(headers={"authorization": f"Bearer {text}"})
    for content in (b"[" * 200_000, b"\xff\xfe", b'{"format": "x"}', b"null\n", b'{"a": 1e999}'):
        answer = client.post(f"/api/1/factories/{factory.key}/import", {"file": SimpleUploadedFile("a.jsonl", content)})
        assert answer.status_code == 422, (content[:20], answer.content[:300])
        assert json.loads(answer.content)["status"] == 422


def test_nothing_handed_in_is_ever_served_as_a_page(factory: Any, member: Client) -> None:
    answer = member.get(reverse("floor:files", args=[factory.key]))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy

"""A zip handed over: unpacked within bounds, refused with a sentence where it is broken, too large, locked or empty."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jasang.web.floor.archives import MOST_ENTRIES
from jasang.web.floor.models import DiagnosedTable, Diagnosis
from jasang.web.jobs import worker

pytestmark = [pytest.mark.web, pytest.mark.django_db]

TABLE = b"time,pressure\n" + b"".join(
    b"2026-03-0%d 0%d:00,%d\n" % (day, hour, day) for day in range(1, 9) for hour in range(8)
)
LOG = (
    "설비,시작,종료,상태\nA,2026-03-01 08:00,2026-03-01 09:00,가동\nA,2026-03-01 09:00,2026-03-01 10:00,정지\n".encode()
)


def packed(*files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def upload(client: Client, factory: Any, *files: tuple[str, bytes]) -> Any:
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(reverse("floor:files", args=[factory.key]), {"files": sent})


def told(answer: Any) -> str:
    page = answer.content.decode()
    return page.split('class="wrong" role="alert">', 1)[1].split("</p>", 1)[0]


def test_the_files_of_a_zip_are_one_hand_over(factory: Any, member: Client) -> None:
    content = packed(
        ("3월/units.csv", TABLE), ("3월/states.csv", LOG), ("3월/사진.jpg", b"x"), ("__MACOSX/._units.csv", b"x")
    )

    upload(member, factory, ("3월.zip", content))
    worker.work(until_empty=True)

    diagnosis = Diagnosis.objects.of(factory).get()
    assert (diagnosis.title, diagnosis.files) == ("3월.zip", ["states.csv", "units.csv"])
    assert sorted(kept.name for kept in Path(diagnosis.folder).iterdir()) == ["states.csv", "units.csv"]
    assert diagnosis.job.error_en == ""
    assert "units.csv" in set(DiagnosedTable.objects.of(factory).values_list("file", flat=True))


@pytest.mark.parametrize("name", ["../../out.csv", "/etc/out.csv", "C:\\out.csv", "a/../../out.csv"])
def test_no_name_in_a_zip_leads_outside_its_folder(factory: Any, member: Client, name: str) -> None:
    upload(member, factory, ("a.zip", packed((name, TABLE))))

    (kept,) = Path(Diagnosis.objects.of(factory).get().folder).iterdir()
    assert kept.name == "out.csv"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK no archive at all", "깨져 있습니다"),
        (packed(("사진.jpg", b"x")), "읽을 수 있는 파일이 없습니다"),
        (packed(("in.zip", packed(("a.csv", TABLE)))), "읽을 수 있는 파일이 없습니다"),
        (packed(*((f"{n}.csv", TABLE) for n in range(MOST_ENTRIES + 1))), "까지 올릴 수 있습니다"),
        (packed(("bomb.csv", bytes(21_000_000))), "풀면"),
        (packed(("a/x.csv", TABLE), ("b/x.csv", TABLE)), "이름이 같은 파일이 둘"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(
    factory: Any, member: Client, content: bytes, sentence: str
) -> None:
    answer = upload(member, factory, ("a.zip", content))

    assert answer.status_code == 400
    assert sentence in told(answer)
    assert not Diagnosis.objects.of(factory).exists()


def test_a_zip_that_lies_about_its_size_is_stopped(factory: Any, member: Client) -> None:
    honest = packed(("big.csv", bytes(range(256)) * 90_000), how=zipfile.ZIP_DEFLATED)
    size = (256 * 90_000).to_bytes(4, "little")
    lying = honest.replace(size, (1000).to_bytes(4, "little"))

    answer = upload(member, factory, ("a.zip", lying))

    assert answer.status_code == 400
    assert not Diagnosis.objects.of(factory).exists()


def test_a_file_beside_a_zip_with_the_same_name_is_refused(factory: Any, member: Client) -> None:
    answer = upload(member, factory, ("units.csv", TABLE), ("a.zip", packed(("units.csv", TABLE))))

    assert answer.status_code == 400
    assert "이름이 같은 파일(units.csv)" in told(answer)

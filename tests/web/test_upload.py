"""Handing over files: what is taken, what is refused and why, and the way to the findings."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from jasang.web.floor.models import Diagnosis, Finding
from jasang.web.jobs import worker
from jasang.web.jobs.models import State

pytestmark = [pytest.mark.web, pytest.mark.django_db]

UNREADABLE = "“%s” 파일은 읽을 수 없습니다. CSV, 엑셀, Parquet 파일이나 이를 gzip으로 압축한 파일을 올려 주세요."
TABLE = b"time,pressure\n" + b"".join(
    b"2026-03-0%d 0%d:00,%d\n" % (day, hour, day) for day in range(1, 9) for hour in range(8)
)


def upload(client: Client, factory: Any, *files: tuple[str, bytes]) -> Any:
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(reverse("floor:files", args=[factory.key]), {"files": sent})


def told(answer: Any) -> str:
    page = answer.content.decode()
    return page.split('class="wrong" role="alert">', 1)[1].split("</p>", 1)[0]


def test_file_is_kept_outside_the_pages_under_a_random_name(factory: Any, member: Client) -> None:
    answer = upload(member, factory, ("units.csv", TABLE))

    diagnosis = Diagnosis.objects.of(factory).get()
    folder = Path(diagnosis.folder)
    assert answer.headers["Location"] == f"/f/{factory.key}/files/"
    assert folder.parent == settings.UPLOADS
    assert len(folder.name) == 32
    assert (folder / "units.csv").read_bytes() == TABLE
    assert (folder.stat().st_mode & 0o777, diagnosis.size) == (0o700, len(TABLE))


def test_uploaded_file_is_diagnosed_to_the_end(factory: Any, member: Client) -> None:
    upload(member, factory, ("units.csv", TABLE))

    worker.work(until_empty=True)

    diagnosis = Diagnosis.objects.of(factory).select_related("job").get()
    row = member.get(reverse("floor:handed-over", args=[factory.key, diagnosis.key])).content.decode()
    assert (diagnosis.job.state, diagnosis.job.error_en) == (State.DONE, "")
    assert f"?file={diagnosis.key}" in row
    assert "hx-get" not in row  # nothing more to ask for


def test_unreadable_file_tells_the_readers_sentence(factory: Any, member: Client) -> None:
    upload(member, factory, ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40))

    worker.work(until_empty=True)

    diagnosis = Diagnosis.objects.of(factory).select_related("job").get()
    row = member.get(reverse("floor:handed-over", args=[factory.key, diagnosis.key])).content.decode()
    assert diagnosis.job.state == State.FAILED
    assert "picture.csv" in diagnosis.job.error_ko
    assert Finding.objects.of(factory).count() == 0
    assert 'class="wrong" role="alert"' in row


def test_several_files_are_one_hand_over(factory: Any, member: Client) -> None:
    upload(member, factory, ("units.csv", TABLE), ("states.csv", TABLE))

    diagnosis = Diagnosis.objects.of(factory).get()
    assert (diagnosis.files, diagnosis.others) == (["units.csv", "states.csv"], 1)


def test_same_name_again_is_a_new_version_and_both_stay(factory: Any, member: Client, teammate: Client) -> None:
    upload(member, factory, ("units.csv", TABLE))
    upload(teammate, factory, ("units.csv", TABLE + b"2026-03-09 00:00,9\n"))

    assert list(Diagnosis.objects.of(factory).order_by("pk").values_list("version", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "파일을 골라 주세요."),
        ([("empty.csv", b"")], "빈 파일입니다. 데이터가 있는 파일을 골라 주세요."),
        ([("virus.exe", b"MZ")], UNREADABLE % "virus.exe"),
        ([(".csv", b"a")], UNREADABLE % "csv"),
        ([("a.csv", b"a"), ("A.CSV", b"a")], "이름이 같은 파일이 두 개 있습니다. 하나의 이름을 바꿔 주세요."),
        ([("factory.toml", b"[factory]")], "factory.toml 말고도 데이터 파일이 있어야 합니다."),
        ([("가" * 100 + ".csv", b"a")], "파일 이름이 너무 깁니다."),
        ([("a.csv", bytes(1_100_000)), ("b.csv", bytes(1_100_000))], "파일이 모두 합쳐 2 MB를 넘습니다."),
    ],
)  # fmt: skip
def test_refused_upload_says_why_and_keeps_nothing(factory: Any, member: Client, files: Any, sentence: str) -> None:
    before = set(settings.UPLOADS.glob("*")) if settings.UPLOADS.exists() else set()

    answer = upload(member, factory, *files)

    assert answer.status_code == 400
    assert told(answer) == sentence
    assert Diagnosis.objects.of(factory).count() == 0
    assert (set(settings.UPLOADS.glob("*")) if settings.UPLOADS.exists() else set()) == before


def test_name_with_a_path_is_kept_without_it(factory: Any, member: Client) -> None:
    upload(member, factory, ("../../etc/측정 결과(3월).csv", TABLE))

    diagnosis = Diagnosis.objects.of(factory).get()
    assert [file.name for file in Path(diagnosis.folder).iterdir()] == ["측정 결과(3월).csv"]


def test_body_beyond_the_limit_is_refused_before_it_is_read(factory: Any, member: Client) -> None:
    answer = member.generic(
        "POST", reverse("floor:files", args=[factory.key]), bytes(4_000_000), content_type="text/plain"
    )

    assert answer.status_code == 413
    assert "한 번에 2 MB까지 올릴 수 있습니다" in answer.content.decode()


def test_cancel_ends_a_waiting_diagnosis(factory: Any, member: Client) -> None:
    upload(member, factory, ("units.csv", TABLE))
    diagnosis = Diagnosis.objects.of(factory).select_related("job").get()

    member.post(reverse("floor:cancel", args=[factory.key, diagnosis.key]))

    diagnosis.job.refresh_from_db()
    assert diagnosis.job.state == State.CANCELLED


def test_load_queues_changed_data_only(factory: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "set" / "units.csv"
    file.parent.mkdir()
    file.write_bytes(TABLE)

    call_command("load", str(file.parent), "--factory", factory.name)
    call_command("load", str(file.parent), "--factory", factory.name)
    file.write_bytes(TABLE + b"2026-03-09 00:00,9\n")
    call_command("load", str(file.parent), "--factory", factory.name)

    assert capsys.readouterr().out.splitlines() == [
        "set, version 1: queued",
        "set, version 1: unchanged",
        "set, version 2: queued",
    ]

"""Closing a factory: two words, waiting, undo, a checked archive before anything is marked, and the way back."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.center.models import Attachment, Case
from jasang.web.floor.models import Diagnosis
from jasang.web.jobs import services as jobs
from jasang.web.jobs.models import Job, State
from jasang.web.jobs.worker import run
from jasang.web.keeping import archives, belonging, closing, escrow, rows
from jasang.web.keeping.models import Closing
from jasang.web.tenants.models import AuditEvent, Factory, Membership, Role
from jasang.web.tenants.services import add_member, set_up_account, set_up_factory

from .centre_people import centre_for, opened
from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def no_heartbeat(settings: Any) -> None:
    """The heart beats over a connection of its own, which sees nothing of a test's transaction."""
    settings.JOB_HEARTBEAT_SECONDS = 3600


@pytest.fixture
def owner(factory: Any) -> Client:
    user = set_up_account(user_name="owner", password=PASSWORD)[0]
    add_member(user=user, factory=factory, role=Role.OWNER)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def full(factory: Any, owner: Client, hand_over: Any) -> Any:
    """A factory with findings, an uploaded file, a case with an attachment, a guest and a key."""
    hand_over(factory)
    owner.post(reverse("floor:files", args=[factory.key]), {"files": SimpleUploadedFile("a.csv", b"time,p\n1,2\n")})
    centre_for(factory)
    opened(factory)
    guest = set_up_account(user_name="guest", password=PASSWORD)[0]
    add_member(user=guest, factory=factory, role=Role.MENTOR, until=timezone.now() + timedelta(days=9))
    keys.make_key(factory=factory, name="k", scopes=["factory:read"], by=None)
    return factory


def snapshot(factory: Any) -> dict[str, list[str]]:
    return {label: list(rows.written(found)) for label, found in belonging.rows_of(factory)}


def both_words(factory: Any) -> Closing:
    by = set_up_account(user_name="owner", password=PASSWORD)[0]
    closing.ask(factory=factory, by=by, name=factory.name)
    return closing.confirm(factory=factory, by=by)


def work(factory: Any) -> Job:
    """The days are over, and a worker comes by."""
    Closing.objects.of(factory).update(due_at=timezone.now())
    closing.close_due()
    job = Job.objects.of(factory).filter(kind="escrow").latest("pk")
    claimed = jobs.claim(job=job)
    assert claimed is not None
    run(claimed)
    job.refresh_from_db()
    return job


def test_owner_closes_by_two_words_and_may_take_it_back(factory: Any, owner: Client) -> None:
    page, confirm, undo = (reverse(name, args=[factory.key]) for name in ("close", "close-confirm", "close-undo"))
    assert owner.post(page, {"name": "다른 이름"}).status_code == 400
    assert closing.open_closing(factory) is None
    assert owner.post(page, {"name": factory.name}).status_code == 302
    closing.close_due()
    assert not Job.objects.of(factory).filter(kind="escrow").exists()
    assert owner.post(confirm, {"proof": "wrong"}).status_code == 400
    assert owner.post(confirm, {"proof": PASSWORD}).status_code == 302
    due = closing.open_closing(factory).due_at - timezone.now()
    assert timedelta(days=13) < due <= timedelta(days=configured.CLOSING_DAYS)
    closing.close_due()
    assert not Job.objects.of(factory).filter(kind="escrow").exists()  # it waits
    assert "닫힙니다" in owner.get(page).content.decode()
    assert owner.post(undo).status_code == 302
    assert closing.open_closing(factory) is None
    assert owner.post(undo).status_code == 400
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "close-ask",
        "close-ask",
        "close-undo",
    ]


def test_page_is_for_owners(factory: Any, member: Client, stranger: Client) -> None:
    for client in (member, stranger):
        assert client.get(reverse("close", args=[factory.key])).status_code == 404
        for name in ("close", "close-confirm", "close-undo"):
            assert client.post(reverse(name, args=[factory.key]), {"name": factory.name}).status_code == 404


def test_closing_archives_everything_then_ends_keys_sign_ins_and_guests(full: Any, owner: Client) -> None:
    [key] = keys.keys(full)
    both_words(full)
    before = snapshot(full)
    assert work(full).state == State.DONE

    full.refresh_from_db()
    done = Closing.objects.of(full).get()
    assert full.closed_at == done.done_at
    assert not keys.keys(full).filter(pk=key.pk).exists()
    assert not Membership.objects.filter(factory=full, role=Role.MENTOR).exists()
    assert owner.get("/account/").status_code == 302  # signed out: there is no other place
    owner.login(username="owner", password=PASSWORD)
    assert owner.get(reverse("floor:findings", args=[full.key])).status_code == 404
    assert owner.get(f"/api/1/factories/{full.key}").status_code == 404

    manifest = escrow.check(escrow.folder() / done.archive)
    with zipfile.ZipFile(escrow.folder() / done.archive) as archive:
        for label in (
            "floor.Finding",
            "floor.Diagnosis",
            "center.Case",
            "center.Event",
            "tenants.Membership",
            "api.ApiKey",
        ):
            assert list(archives.lines(archive, label)) == before[label], label
            assert manifest["tables"][label] == len(before[label]) > 0, label
        uploads = [name for name in manifest["parts"] if name.startswith("files/uploads/")]
        assert [archive.read(name) for name in uploads] == [b"time,p\n1,2\n"]
    assert PASSWORD not in json.dumps(manifest)


def test_data_are_taken_out_and_come_back_the_same(full: Any, capsys: Any) -> None:
    other = set_up_factory(name="다른 공장")
    from jasang.web.floor.services import hand_over_files

    hand_over_files(
        factory=other, files=[SimpleUploadedFile("b.csv", b"time,p\n3,4\n")], user=Membership.objects.first().user
    )
    with pytest.raises(CommandError):
        call_command("escrow", "remove", full.key)  # not closed
    both_words(full)
    before, others = snapshot(full), snapshot(other)
    work(full)
    done = Closing.objects.of(full).get()
    files = {path for path in Path(configured.UPLOADS).rglob("*") if path.is_file()}

    call_command("escrow", "remove", full.key)
    assert not Diagnosis.objects.of(full).exists()
    assert not models.QuerySet(Case).filter(factory=full).exists()
    assert snapshot(other) == others
    gone = files - {path for path in Path(configured.UPLOADS).rglob("*") if path.is_file()}
    assert len(gone) == 1
    call_command("escrow", "restore", done.archive)
    full.refresh_from_db()
    assert full.closed_at is None
    assert all(path.is_file() for path in gone)
    after = snapshot(full)
    changed = {label for label in before if before[label] != after[label]}
    assert changed <= {"keeping.Closing", "api.ApiKey", "jobs.Job", "tenants.AuditEvent", "tenants.Invitation"}, changed
    assert after["tenants.Membership"] == before["tenants.Membership"]  # the guest too
    assert not keys.keys(full).exists()  # keys that ended stay ended
    both_words(full)  # and it can be closed again
    call_command("escrow", "list")
    call_command("escrow", "check")
    assert done.archive in capsys.readouterr().out


def test_changed_archive_is_found_out_and_nothing_is_taken_out(full: Any) -> None:
    both_words(full)
    work(full)
    done = Closing.objects.of(full).get()
    path = escrow.folder() / done.archive
    whole = path.read_bytes()
    for place in (len(whole) // 3, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CommandError):
            call_command("escrow", "check", done.archive)
        with pytest.raises(CommandError):
            call_command("escrow", "remove", full.key)
    path.write_bytes(whole[:-50])
    with pytest.raises(CommandError):
        call_command("escrow", "restore", done.archive)
    path.unlink()
    with pytest.raises(CommandError):
        call_command("escrow", "remove", full.key)
    assert Diagnosis.objects.of(full).exists()


def test_nothing_is_marked_while_data_come_in_or_the_disk_fails(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    both_words(full)
    real = archives.check

    def meanwhile(path: Path, kind: str) -> Any:
        opened(full, title="또 멈춤")
        return real(path, kind)

    monkeypatch.setattr(archives, "check", meanwhile)
    assert work(full).state == State.FAILED

    def broken(path: Path, kind: str) -> Any:
        raise archives.ArchiveBroken(ko="깨짐", en="broken")

    monkeypatch.setattr(archives, "check", broken)
    closing.close_due()  # too early for another try
    assert Job.objects.of(full).filter(kind="escrow").count() == 1
    Job.objects.of(full).filter(kind="escrow").update(finished_at=timezone.now() - timedelta(hours=2))
    assert work(full).state == State.FAILED
    full.refresh_from_db()
    assert full.closed_at is None
    assert keys.keys(full).exists()
    assert not list(escrow.folder().iterdir()) or all(full.key not in path.name for path in escrow.folder().iterdir())

    monkeypatch.undo()
    Job.objects.of(full).filter(kind="escrow").update(finished_at=timezone.now() - timedelta(hours=2))
    assert work(full).state == State.DONE


def test_undo_at_the_last_moment_wins(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    both_words(full)
    real = archives.check
    by = set_up_account(user_name="owner", password=PASSWORD)[0]

    def undone(path: Path, kind: str) -> Any:
        if closing.open_closing(full):
            closing.undo(factory=full, by=by)
        return real(path, kind)

    monkeypatch.setattr(archives, "check", undone)
    work(full)
    full.refresh_from_db()
    assert full.closed_at is None
    assert Factory.objects.filter(closed_at__isnull=False).count() == 0


def test_every_table_that_points_to_a_factory_is_declared() -> None:
    assert belonging.undeclared() == []
    labels = {model._meta.label for model in belonging.ways()}
    assert {
        "programme.Payment",
        "programme.Claim",
        "center.Event",
        "center.LetterIn",
        "floor.KnowHow",
        "jobs.Job",
    } <= labels
    assert not {"center.Agent", "programme.Call", "auth.User", "tenants.Post", "tenants.SecondFactor"} & labels


def test_attachments_are_found_by_their_path(full: Any) -> None:
    from jasang.web.center.attachments import keep_files
    from jasang.web.center.models import Event
    from jasang.web.ui.checked_files import Checked

    event = models.QuerySet(Event).filter(factory=full).select_related("centre", "factory", "case").first()
    keep_files(event, [Checked(name="photo.txt", content=b"hello")])
    found = models.QuerySet(Attachment).get(factory=full)
    files = belonging.files_of(json.loads(line) for line in rows.written(models.QuerySet(Attachment)))
    assert files == {Path(found.path)}


def test_words_that_are_a_path_bring_nothing_of_others_into_the_archive(settings: Any, tmp_path: Path) -> None:
    home = settings.JASANG_HOME = tmp_path
    for name in ("backups/all.zip", "stores/other/readings.parquet"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"another's")
    written = iter(
        [{"text": "backups/all.zip"}, {"text": str(home / "stores" / "other")}, {"text": ["stores/other/x"]}]
    )

    assert belonging.files_of(written) == set()
    own = home / "uploads" / ("0a" * 16) / "a.csv"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"1")
    assert belonging.files_of(iter([{"folder": str(own.parent)}])) == {own}

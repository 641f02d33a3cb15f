"""Export and import: what goes out comes back the same, row by row errors, all or nothing, nothing of others."""

import csv
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from jasang.web.api import keys
from jasang.web.api.exporting import lines
from jasang.web.api.importing import ImportRefused
from jasang.web.api.kinds import kind_named, kinds
from jasang.web.api.moving import export_place, import_file, pairs
from jasang.web.api.taking_in import rows_of_table
from jasang.web.center.models import Queue
from jasang.web.floor.models import Annotation
from jasang.web.tenants.models import AuditEvent, Factory, Organisation, Role
from jasang.web.tenants.services import add_member, set_up_account

from .whole_world import make_world

pytestmark = [pytest.mark.web, pytest.mark.django_db]
# Tables that are no kind of rows, and why.
NOT_EXPORTED = {
    "api.ApiKey": "a secret that opens this portal",
    "api.KeptAnswer": "forgotten after a day",
    "jobs.Job": "goes along with the row it works for",
    "jobs.Turn": "of this portal's workers",
    "tenants.SecondFactor": "a secret",
    "tenants.RecoveryCode": "a secret",
    "tenants.SignedIn": "sessions of this portal",
    "tenants.SignInFailure": "forgotten after minutes",
    "tenants.ForeignIdentity": "how this portal knows who comes from another one",
    "tenants.ConfirmedEmail": "confirmed to this portal",
    "tenants.GivenPassword": "of a password, which does not travel",
    "tenants.ResetAsked": "a letter that is on its way",
    "tenants.TryCount": "forgotten after minutes",
    "provisioning.ProvisionedPerson": "kept by the directory that provisions them",
    "provisioning.ProvisionedGroup": "kept by the directory that provisions them",
    "provisioning.GroupMember": "kept by the directory that provisions them",
    "floor.FactTurn": "made anew",
    "keeping.Closing": "of a factory that is being closed in this portal",
    "center.CentreDay": "sums that are made anew",
    "center.SearchWord": "made anew from what is searched",
    "center.SearchEntry": "made anew from what is searched",
    "center.SearchDue": "made anew from what is searched",
    "center.LetterIn": "the post of this portal's mailbox",
    "center.LetterOut": "the post of this portal's mailbox",
    "notices.Notice": "news that were told",
    "notices.Choice": "a person's own, of this portal",
    "notices.Delivery": "calls that were made",
}


@pytest.fixture(autouse=True)
def fresh_minute() -> None:
    cache.clear()


def emptied() -> None:
    """All rows of all areas are gone, also those of the trail, which the database keeps by triggers."""
    with connection.cursor() as cursor:
        tables = [one._meta.db_table for one in apps.get_models() if one._meta.label != "contenttypes.ContentType"]
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"TRUNCATE {', '.join(f'{chr(34)}{one}{chr(34)}' for one in tables)} CASCADE")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')
        for _, text in triggers:
            cursor.execute(text)


def dump(place: Any) -> list[dict[str, Any]]:
    return list(lines(pairs(place), None))


def test_every_table_is_a_kind_or_left_out_for_a_reason() -> None:
    shown = {kind.table._meta.label for kind in kinds()}
    ours = {one._meta.label for one in apps.get_models() if one.__module__.startswith("jasang.")}
    assert sorted(ours - shown - set(NOT_EXPORTED)) == []
    assert sorted(set(NOT_EXPORTED) & shown) == []


def test_secrets_stay_and_every_named_field_is_there() -> None:
    for kind in kinds():
        names = {column.name for column in kind.table._meta.concrete_fields}
        wanted = {*kind.identity, *kind.hidden, *kind.inner, *kind.embedded, *kind.filters, *kind.fresh}
        assert wanted <= names, kind.name
        exported = {column.name for column in kind.columns()}
        assert not exported & {"password", "secret", "secret_hash", "token", "feed", "path", "folder"}, kind.name


def test_whole_organisation_comes_back_the_same_in_an_empty_portal(tmp_path: Path, settings: Any) -> None:
    settings.JASANG_HOME = tmp_path
    world = make_world("원본")
    file = tmp_path / "attachments" / "x" / "content"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"kept")
    attachment = kind_named("attachments").table._base_manager.get()
    attachment.path = str(file)
    attachment.save()
    proof = kind_named("proofs").table._base_manager.get()
    proof.path = "proofs/x"
    proof.save()
    (tmp_path / "proofs" / "x").mkdir(parents=True)
    (tmp_path / "proofs" / "x" / "content").write_bytes(b"shown")
    before = dump(world.operator)
    assert {row["of"] for row in before} == {kind.name for kind in kinds()}
    export_place(world.operator, tmp_path / "all.zip")

    emptied()
    assert Factory.objects.count() == 0
    counts = import_file(tmp_path / "all.zip")

    operator = Organisation.objects.get(key=world.operator.key)
    assert dump(operator) == before
    assert sum(one.created for one in counts.values()) == len(before)
    kept = Path(kind_named("attachments").table._base_manager.get().path)
    assert (kept.read_bytes(), kept.is_relative_to(tmp_path)) == (b"kept", True)
    shown = tmp_path / kind_named("proofs").table._base_manager.get().path / "content"
    assert (shown.read_bytes(), shown.is_relative_to(tmp_path / "photos")) == (b"shown", True)
    again = import_file(tmp_path / "all.zip")
    assert {name: one.unchanged for name, one in again.items()} == {name: one.created for name, one in counts.items()}


def test_whole_factory_comes_back_the_same_by_the_commands(tmp_path: Path, settings: Any) -> None:
    settings.JASANG_HOME = tmp_path
    world = make_world("공장")
    before = dump(world.factory)
    said = StringIO()
    call_command("export", str(tmp_path / "one.jsonl"), factory=world.factory.name, stdout=said)
    assert said.getvalue().strip().endswith(f"{len(before)} rows of {world.factory.name} ({world.factory.key})")

    # What the factory's rows refer to but do not own has to be there: the organisation's own side.
    whole = dump(world.operator)
    emptied()
    (tmp_path / "rest.jsonl").write_text("\n".join(json.dumps(row) for row in whole), "utf-8")
    call_command("import", str(tmp_path / "rest.jsonl"), dry_run=True, stdout=said)
    assert Factory.objects.count() == 0
    call_command("import", str(tmp_path / "rest.jsonl"), stdout=said)
    call_command("import", str(tmp_path / "one.jsonl"), stdout=said)
    assert dump(Factory.objects.get(key=world.factory.key)) == before


def program(place: Any, *scopes: str, by: Any = None) -> Client:
    about = {"factory": place} if isinstance(place, Factory) else {"organisation": place}
    _key, text = keys.make_key(name="p", scopes=scopes, by=by, **about)
    return Client(headers={"authorization": f"Bearer {text}", "accept-language": "en"})


def exported(client: Client, place: Any, **asked: str) -> list[dict[str, Any]]:
    of = "factories" if isinstance(place, Factory) else "organisations"
    answer = client.get(f"/api/1/{of}/{place.key}/export", asked)
    assert answer.status_code == 200, answer.content
    return [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]


def handed(client: Client, place: Any, rows: Any, name: str = "rows.jsonl", **asked: str) -> Any:
    of = "factories" if isinstance(place, Factory) else "organisations"
    text = rows if isinstance(rows, str) else "\n".join(json.dumps(row) for row in rows)
    query = "&".join(f"{key}={value}" for key, value in asked.items())
    return client.post(f"/api/1/{of}/{place.key}/import?{query}", {"file": SimpleUploadedFile(name, text.encode())})


def test_export_over_the_interface_has_what_the_key_may_read() -> None:
    world, other = make_world("가가가"), make_world("나나나")
    rows = exported(program(world.factory, "factory:read", "floor:read"), world.factory)

    assert rows[0]["format"] == "jasang.export/1"
    assert {kind_named(row["of"]).scope for row in rows[1:]} == {"factory", "floor"}
    assert "나나나" not in json.dumps(rows, ensure_ascii=False)
    assert AuditEvent.objects.filter(action="export", factory=world.factory).count() == 1
    refused = program(world.factory, "factory:read").get(f"/api/1/factories/{world.factory.key}/export?kinds=findings")
    assert refused.status_code == 403
    assert program(other.factory, "factory:read").get(f"/api/1/factories/{world.factory.key}/export").status_code == 404
    centre = exported(program(world.centre, "organisation:read", "center:read"), world.centre)
    assert {"queues", "cases", "case-events", "articles"} <= {row.get("of") for row in centre}
    assert "나나나" not in json.dumps(centre, ensure_ascii=False)
    told = AuditEvent.objects.filter(action="export", factory=world.factory, organisation=world.centre).get()
    assert {"cases", "case-events"} <= set(told.subject.split(", "))
    assert not AuditEvent.objects.filter(action="export", factory=other.factory).exists()


def test_factory_never_exports_inner_notes_of_the_centre() -> None:
    world = make_world("속말")
    events = kind_named("case-events").table._base_manager
    events.update(private=True)
    rows = exported(program(world.factory, "factory:read", "center:read"), world.factory)
    assert [row for row in rows if row.get("of") in ("case-events", "attachments")] == []
    case = next(row for row in rows if row.get("of") == "cases")
    assert not {"tags", "agent", "queue", "customer_mail", "letters"} & set(case)


def test_rows_come_in_once_and_changed_ones_are_brought_up_to_date() -> None:
    world = make_world("들임")
    owner = world.people["owner"]
    client = program(world.factory, "factory:read", "floor:read", "floor:write", by=owner)
    note = next(row for row in exported(client, world.factory, kinds="notes") if row.get("of") == "notes")

    assert handed(client, world.factory, [note]).json()["counts"]["notes"] == {
        "created": 0,
        "updated": 0,
        "unchanged": 1,
    }
    tried = handed(client, world.factory, [note | {"text": "다른 말"}], dry_run="true")
    assert tried.json() == {"dry_run": True, "counts": {"notes": {"created": 0, "updated": 1, "unchanged": 0}}}
    assert Annotation.objects.of(world.factory).get().text == "들임"
    handed(client, world.factory, [note | {"text": "다른 말"}])
    assert Annotation.objects.of(world.factory).get().text == "다른 말"
    fresh = {"of": "notes", "start": "2026-03-01T00:00:00+09:00", "text": "새 메모"}
    assert handed(client, world.factory, [fresh]).json()["counts"]["notes"]["created"] == 1


def test_wrong_rows_are_all_named_and_nothing_comes_in() -> None:
    world = make_world("오류")
    client = program(world.factory, "factory:read", "floor:read", "floor:write", by=world.people["owner"])
    good = {"of": "notes", "start": "2026-03-01T00:00:00+09:00", "text": "좋은 줄"}
    rows = [
        good,
        good | {"start": "어제"},
        good | {"colour": "red"},
        {"of": "notes", "text": "시작이 없음"},
        good | {"text": 5},
        good | {"text": "x" * 501},
        {"of": "payments", "amount": 5},
        {"of": "nothing"},
        good | {"factory": make_world("남의").factory.key},
        good | {"key": "no-uuid"},
    ]
    answer = handed(client, world.factory, rows)

    assert answer.status_code == 422
    problems = answer.json()["errors"]
    assert {(one["row"], one["field"]) for one in problems} == {
        (2, "start"), (3, "colour"), (4, "start"), (5, "text"), (6, "text"), (7, "of"), (8, "of"), (9, "factory"),
        (10, "key"),
    }  # fmt: skip
    assert "red" in json.dumps(problems)
    assert not Annotation.objects.of(world.factory).filter(text="좋은 줄").exists()
    for text in ("{", "[1]", '{"format": "other/1"}', "null", '{"of": NaN}'):
        assert handed(client, world.factory, text).status_code == 422


def test_identity_of_another_tenant_is_refused_without_a_word_about_it() -> None:
    world, other = make_world("나의"), make_world("비밀")
    client = program(world.factory, "factory:read", "floor:write", by=world.people["owner"])
    theirs = Annotation.objects.of(other.factory).get()
    answer = handed(client, world.factory, [
        {"of": "notes", "key": str(theirs.key), "start": "2026-03-01T00:00:00Z", "text": "덮어쓰기"}
    ])  # fmt: skip
    assert (answer.status_code, "비밀" in answer.content.decode()) == (422, False)
    assert Annotation.objects.of(other.factory).get().text == "비밀"


def test_centre_is_set_up_from_a_file_and_senseless_hours_are_refused() -> None:
    world = make_world("창구")
    runner = world.people["programme_operator"]
    client = program(world.centre, "organisation:read", "center:read", "center:write", by=runner)
    queue = {"of": "queues", "name": "도금", "hours": {"timezone": "Asia/Seoul", "shifts": []}, "terms": {}}
    assert handed(client, world.centre, [queue]).json()["counts"]["queues"]["created"] == 1
    assert Queue.objects.of(world.centre).filter(name="도금").count() == 1
    wrong = handed(client, world.centre, [queue | {"name": "둘", "hours": {"timezone": "Mars/Base"}}])
    assert (wrong.status_code, Queue.objects.of(world.centre).filter(name="둘").count()) == (422, 0)
    twice = handed(client, world.centre, [queue])
    assert twice.status_code == 422  # no key given: the name is in use
    agent = program(world.centre, "organisation:read", "center:write", by=world.people["agent"])
    assert handed(agent, world.centre, [queue | {"name": "셋"}]).status_code == 403


def test_long_cells_of_an_import_are_no_other_readers_business() -> None:
    usual = csv.field_size_limit()
    kind = kind_named("notes")
    column = next(iter(kind.columns())).name
    (row,) = rows_of_table(f'{column}\r\n"{"x" * 300_000}"\r\n', kind)
    assert len(row[1][column]) == 300_000
    with pytest.raises(ImportRefused):
        list(rows_of_table(f'{column}\r\n"never closed', kind))
    assert csv.field_size_limit() == usual < 300_000


def test_table_goes_out_and_comes_back_as_csv() -> None:
    world = make_world("표")
    client = program(world.factory, "factory:read", "floor:read", "floor:write", by=world.people["owner"])
    Annotation.objects.of(world.factory).update(text="=SUM(A1)")
    answer = client.get(f"/api/1/factories/{world.factory.key}/export?kinds=notes&format=csv")
    table = b"".join(answer.streaming_content).decode()

    assert "'=SUM(A1)" in table
    assert (
        handed(client, world.factory, table, name="notes.csv", kind="notes").json()["counts"]["notes"]["unchanged"] == 1
    )
    assert handed(client, world.factory, table, name="notes.csv").status_code == 422
    two = client.get(f"/api/1/factories/{world.factory.key}/export?kinds=notes,tables&format=csv")
    assert two.status_code == 422


ODD = (
    "\n=1+1", "\t=1", "=cmd|' /C calc'!A0", "@x", "+1", "-1", "'", "''=1", " ", "a\r\nb\rc\nd", '"', '"",', "true", "[1]", "null",
    "금형\u2028도금\u2029\x85\x0b\x0c\x1c끝", "\u1100\u1161", "👷🏽‍♀️", "\u202eevil", "\ufeff앞", "0123", "1e5",
)  # fmt: skip


def test_odd_texts_go_out_and_come_back_as_they_are() -> None:
    world = make_world("글")
    client = program(world.factory, "factory:read", "floor:read", "floor:write", by=world.people["owner"])
    rows = Annotation.objects.of(world.factory)
    moment = rows.get().start
    for text in ODD:
        rows.create(factory=world.factory, start=moment, text=text)
    before = dict(rows.values_list("key", "text"))
    for asked, name in (({"format": "csv"}, "notes.csv"), ({}, "notes.jsonl")):
        answer = client.get(f"/api/1/factories/{world.factory.key}/export", {"kinds": "notes"} | asked)
        text = b"".join(answer.streaming_content).decode()
        if name.endswith("csv"):
            cells = [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]
            assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n")] == []
        assert handed(client, world.factory, text, name=name, kind="notes").json()["counts"]["notes"] == {
            "created": 0, "updated": 0, "unchanged": len(ODD) + 1,
        }  # fmt: skip
        rows.update(text="x")
        taken = handed(client, world.factory, text, name=name, kind="notes").json()["counts"]["notes"]
        assert taken["updated"] == len(ODD) + 1
        assert dict(rows.values_list("key", "text")) == before


def test_rubbish_in_tables_and_lines_is_refused_in_words() -> None:
    world = make_world("막장")
    client = program(world.operator, "organisation:read", "programme:write", by=world.people[Role.PROGRAMME_OPERATOR])
    heading = "name,away\r\n"
    rubbish = [
        (heading + 'a,"b"c\r\n', "a.csv"),
        (heading + "a\x00,b\r\n", "a.csv"),
        (heading + f"a,{'x' * 200_000}\r\n", "a.csv"),
        ("", "a.csv"),
        ("\r\n\r\n", "a.csv"),
    ]
    for deep in (50, 300, 450, 700, 950, 1100, 100_000):
        nest = "[" * deep + "]" * deep
        rubbish += [
            (f'{{"of": "mentors", "name": "a", "away": {nest}}}', "a.jsonl"),
            (f'{{"of": "mentors", "name": {nest}}}', "a.jsonl"),
            (heading + f'a,"{nest}"\r\n', "a.csv"),
        ]
    for text, name in rubbish:
        answer = handed(client, world.operator, text, name=name, kind="mentors")
        assert answer.status_code == 422, (text[:60], len(text), answer.content[:200])


def test_file_that_is_no_text_is_refused_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError):
        call_command("import", str(tmp_path / "a.jsonl"))


def test_refused_archive_leaves_no_files(tmp_path: Path, settings: Any) -> None:
    settings.JASANG_HOME = tmp_path
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("rows.jsonl", json.dumps({"of": "nothing"}))
    (tmp_path / "no.zip").write_bytes(b"no zip")
    for name in ("bad.zip", "no.zip"):
        with pytest.raises(Exception, match=r"kind|expected"), transaction.atomic():
            import_file(tmp_path / name)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bad.zip", "no.zip"]


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("mentor", 403), ("operator", 403), ("engineer", 200)])
def test_guests_and_operators_of_a_factory_import_nothing(factory: Factory, role: str, status: int) -> None:
    user = set_up_account(user_name="lee", password=None)[0]
    add_member(user=user, factory=factory, role=Role(role))
    client = Client()
    client.force_login(user)
    rows = [{"of": "centre-choices", "factory": factory.key, "from_findings": False}]

    assert handed(client, factory, rows).status_code == status

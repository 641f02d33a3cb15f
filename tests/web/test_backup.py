"""The whole portal in one file and back: from SQLite into PostgreSQL and into another SQLite, while somebody goes on writing."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from .running import Portal, postgresql_server, wait_until

pytestmark = pytest.mark.web

SEED = """
from pathlib import Path
import pyotp
from django.conf import settings
from jasang.web.tenants import second_factor
from jasang.web.tenants.models import Factory, OrganisationKind, Role
from jasang.web.tenants.services import appoint, set_up_organisation
from jasang.web.tenants.services import add_member, set_up_account, set_up_factory
kim = set_up_account(user_name="kim", password="tests-need-a-password")[0]
add_member(user=kim, factory=set_up_factory(name="대한정밀"))
factor = second_factor.begin(user=kim)
second_factor.confirm(user=kim, code=pyotp.TOTP(factor.secret).generate_otp(second_factor.step_now()))
coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE)
appoint(user=kim, organisation=coop, role=Role.COOP_OPERATOR)
folder = settings.UPLOADS / "a1b2"
folder.mkdir(parents=True)
(folder / "값.csv").write_text("time,p\\n1,2\\n", "utf-8")
from jasang.web.floor.services import hand_over_path
hand_over_path(factory=Factory.objects.get(), path=folder / "값.csv")
"""
# Two rows that belong together, for as long as the test lets it.
WRITER = """
import time
from django.db import transaction
from jasang.web.tenants.models import Membership
stop = Path(settings.JASANG_HOME) / "stop"
while not stop.exists():
    with transaction.atomic():
        Membership.objects.create(user=kim, factory=Factory.objects.create(name="둘"))
    (stop.parent / "going").touch()
    time.sleep(0.01)
"""
LOOK = """
import pyotp
from django.conf import settings
from django.test import Client
from jasang.web.floor.models import Diagnosis
from jasang.web.tenants.models import Factory, SecondFactor
settings.ALLOWED_HOSTS = ["testserver"]
from jasang.web.tenants import second_factor
client = Client()
asked = client.post("/sign-in/", {"username": "kim", "password": "tests-need-a-password"})
factor = SecondFactor.objects.get()
SecondFactor.objects.update(last_step=0)
code = pyotp.TOTP(factor.secret).generate_otp(second_factor.step_now()) if factor.secret else "000000"
answer = client.post("/sign-in/code/", {"code": code})
[diagnosis] = Diagnosis.objects.of_every_factory()
text = str([diagnosis.folder, diagnosis.job.payload])
Factory.objects.create(name="another")  # the counters go on after the last number
print(asked.headers["Location"], answer.status_code, str(settings.JASANG_HOME) in text)
"""


@pytest.fixture
def portals(tmp_path: Path) -> Iterator[list[Portal]]:
    made: list[Portal] = []
    yield made
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    yield from postgresql_server()


def counts(archive: Path) -> dict[str, int]:
    with zipfile.ZipFile(archive) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        for label, number in manifest["tables"].items():
            assert len(opened.read(f"rows/{label}.jsonl").splitlines()) == number
        return dict(manifest["tables"])


@pytest.mark.timeout(900)  # it starts six processes, one of which makes all tables
def test_backup_restores_on_both_databases_with_equal_rows_and_sign_in(
    portals: list[Portal], tmp_path: Path, postgresql: str
) -> None:
    first, other = Portal(tmp_path / "a"), Portal(tmp_path / "b", database_url=postgresql)
    portals += [first, other]
    going, archive = first.home / "going", tmp_path / "portal.zip"
    writer = first.background("shell", "--no-imports", "-c", SEED + WRITER)
    wait_until(going.exists, "the writer")
    told = first.run("backup", str(archive))
    assert writer.poll() is None  # it went on all the while
    (first.home / "stop").touch()
    assert writer.wait(timeout=60) == 0
    assert f"{first.home}/secrets_key" in told
    before = counts(archive)
    with zipfile.ZipFile(archive) as opened:
        assert not [name for name in opened.namelist() if "secret" in name]
        factories = {json.loads(line)["id"] for line in opened.read("rows/tenants.Factory.jsonl").splitlines()}
        members = {json.loads(line)["factory_id"] for line in opened.read("rows/tenants.Membership.jsonl").splitlines()}
    assert factories == members  # one moment: never one row of a pair without the other

    other.home.mkdir(exist_ok=True)
    (other.home / "secrets_key").write_bytes((first.home / "secrets_key").read_bytes())
    again = tmp_path / "again.zip"
    other.python(
        "from django.core.management import call_command\n"
        f"call_command('restore', {str(archive)!r})\n"
        f"call_command('backup', {str(again)!r}, with_secrets=True)\n",
        patience=400,
    )
    assert counts(again) == before

    third = Portal(tmp_path / "c")
    portals.append(third)
    third.run("restore", str(again))  # from PostgreSQL into SQLite, with the secrets
    assert third.python(LOOK).split() == ["/sign-in/code/", "302", "True"]
    assert (third.home / "uploads" / "a1b2" / "값.csv").read_text("utf-8") == "time,p\n1,2\n"


@pytest.mark.django_db
def test_portal_in_use_and_files_that_are_there_are_not_overwritten(tmp_path: Path, factory: Any) -> None:
    archive = tmp_path / "portal.zip"
    call_command("backup", str(archive))
    with pytest.raises(CommandError, match="has accounts or factories already"):
        call_command("restore", str(archive))
    with pytest.raises(CommandError, match="there is a file of this name"):
        call_command("backup", str(archive))
    with pytest.raises(CommandError, match="no such folder"):
        call_command("backup", str(tmp_path / "none" / "portal.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["portal.zip"]


@pytest.mark.django_db
def test_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    broken, archive = tmp_path / "broken.zip", tmp_path / "portal.zip"
    broken.write_bytes(b"PK\x03\x04 no archive at all")
    call_command("backup", str(archive))
    whole = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        largest = max(opened.infolist(), key=lambda member: member.compress_size)
    whole[largest.header_offset + 30 + len(largest.filename) + largest.compress_size // 2] ^= 1  # within its content
    archive.write_bytes(whole)
    for given in (broken, tmp_path / "none.zip", archive):
        with pytest.raises(CommandError):
            call_command("restore", str(given))

"""Limits that hold over processes, forgotten passwords, and secrets that the database keeps encrypted."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.api.models import KeptAnswer
from jasang.web.tenants import identities, limits, second_factor
from jasang.web.tenants.models import Membership, OrganisationKind, ResetAsked, Role, SecondFactor, TryCount
from jasang.web.tenants.reset_views import send_asked
from jasang.web.tenants.secret_texts import SecretLost, Unreadable, sealed
from jasang.web.tenants.services import add_member, set_up_account, set_up_organisation

from .conftest import PASSWORD
from .running import migrated

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def tight(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of everything, in an hour that does not end during the test."""
    settings.LIMITS = dict.fromkeys(settings.LIMITS, (2, 3600))
    monkeypatch.setattr("jasang.web.tenants.limits.time.time", lambda: 1_800_000_000.0)


def digits(factor: Any) -> str:
    """What the phone shows now."""
    return pyotp.TOTP(factor.secret).generate_otp(second_factor.step_now())


def third(call: Any) -> Any:
    """The answer to the third of three equal calls; the first two were let through."""
    assert all(call().status_code != 429 for _ in range(2))
    return call()


def test_count_begins_anew_with_each_window_and_somebody(tight: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("a", "b"):
        limits.count("code", who)
        limits.count("code", who)
        with pytest.raises(limits.TooOften) as caught:
            limits.count("code", who)
        assert caught.value.wait == 3600
    monkeypatch.setattr("jasang.web.tenants.limits.time.time", lambda: 1_800_003_600.0)
    limits.count("code", "a")
    monkeypatch.setattr("jasang.web.tenants.limits.time.time", lambda: 1_800_003_601.0)
    limits.forget_old()
    assert TryCount.objects.get().number == 1
    assert "code:" in TryCount.objects.get().bucket


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("sign-in", "/sign-in/"),
        ("invitation", "/invitation/guess/"),
        ("foreign", "/sign-in/back/"),
    ],
)
def test_doors_answer_429_to_who_knocks_too_often(tight: None, settings: Any, what: str, path: str) -> None:
    settings.OIDC = {
        "name": "x",
        "issuer": "http://127.0.0.1:9",
        "client_id": "c",
        "client_secret": "",
        "scopes": "openid",
    }
    client = Client()
    answer = third(
        lambda: client.post(path, {"username": "a", "password": "b"}) if what == "sign-in" else client.get(path)
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert "3600초" in answer.content.decode()
    other = Client(REMOTE_ADDR="10.0.0.2")
    assert other.get(path).status_code != 429


def test_codes_are_limited_for_the_account_not_the_address(tight: None, person: Any, factory: Any) -> None:
    user = set_up_account(user_name="kim", password=PASSWORD)[0]
    factor = second_factor.begin(user=user)
    assert second_factor.confirm(user=user, code=digits(factor))
    answers = []
    for number in range(3):
        client = Client(REMOTE_ADDR=f"10.0.0.{number}")
        client.post("/sign-in/", {"username": "kim", "password": PASSWORD})
        answers.append(client.post("/sign-in/code/", {"code": "000000"}).status_code)
    assert answers == [400, 400, 429]


def test_uploads_invitations_and_programs_are_limited(tight: None, factory: Any, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 2
    owner = set_up_account(user_name="owner", password=PASSWORD)[0]
    add_member(user=owner, factory=factory, role=Role.OWNER)
    client = Client()
    client.force_login(owner)
    invite = reverse("people", args=[factory.key])
    form = "role=engineer"

    def ask() -> Any:
        return client.post(invite, form, content_type="application/x-www-form-urlencoded")

    assert third(ask).status_code == 429
    upload = reverse("floor:files", args=[factory.key])

    def send() -> Any:
        return client.post(upload, {"files": SimpleUploadedFile("a.csv", b"time,p\n1,2\n")})

    assert third(send).status_code == 429
    file = SimpleUploadedFile("a.csv", b"time,p\n1,2\n")
    assert client.post(upload, {"files": file}, headers={"authorization": "Bearer another"}).status_code == 429
    _key, text = keys.make_key(factory=factory, name="k", scopes=["factory:read"], by=None)
    program = Client(headers={"authorization": f"Bearer {text}"})
    answer = third(lambda: program.get("/api/1/factories"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0


def test_directory_is_limited_in_its_own_words(tight: None) -> None:
    coop = set_up_organisation(name="조합", kind=OrganisationKind.COOPERATIVE)
    _key, text = keys.make_key(organisation=coop, name="k", scopes=["scim"], by=None)
    client = Client(headers={"authorization": f"Bearer {text}"})
    answer = third(lambda: client.get("/scim/2.0/Users"))
    assert answer.status_code == 429
    assert answer.json()["status"] == "429"


def test_count_is_one_for_all_processes(tmp_path: Path) -> None:
    """Four processes count at the same time: none is lost."""
    environment = os.environ | {"JASANG_HOME": str(tmp_path), "JASANG_DATABASE_URL": ""}
    python = [sys.executable, "-m", "jasang.web.manage"]
    shutil.copy(migrated(), tmp_path / "db.sqlite3")
    script = (
        "from jasang.web.tenants import limits\n"
        "limits.time.time = lambda: 1_800_000_000.0\n"
        "for _ in range(25): limits.count('api', 'a', most=1000)\n"
    )
    shell = [*python, "shell", "--no-imports", "-c", script]
    running = [subprocess.Popen(shell, env=environment) for _ in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0, 0]
    with sqlite3.connect(tmp_path / "db.sqlite3") as opened:
        assert opened.execute("SELECT number FROM tenants_trycount").fetchall() == [(100,)]


@pytest.fixture
def letters(settings: Any) -> None:
    settings.SMTP, settings.PUBLIC_ADDRESS = {"host": "h"}, "https://portal.example"


@pytest.fixture
def kim(factory: Any) -> Any:
    user = set_up_account(user_name="kim", password=PASSWORD)[0]
    user.email = "kim@a.example"
    user.save()
    return user


def test_forgotten_password_is_replaced_by_a_letter_once(letters: None, kim: Any, mailoutbox: Any) -> None:
    intruder = Client()
    intruder.force_login(kim)
    client = Client(headers={"host": "testserver"})
    answer = client.post("/forgotten/", {"email": "KIM@a.example"})
    assert answer.headers["Location"] == "/forgotten/sent/"
    send_asked()
    link = re.search(r"https://portal\.example(/forgotten/\S+)", mailoutbox[0].body)
    assert link is not None
    form = client.get(link[1], follow=True)
    address = form.redirect_chain[-1][0]
    assert client.post(address, {"new_password1": "short", "new_password2": "short"}).status_code == 200
    fresh = "quite-another-password"
    assert client.post(address, {"new_password1": fresh, "new_password2": fresh}).headers["Location"] == "/sign-in/"
    assert Client().login(username="kim", password=fresh)
    assert not Client().login(username="kim", password=PASSWORD)
    assert intruder.get("/account/").status_code == 302
    assert "이미 쓰였거나" in Client().get(link[1], follow=True).content.decode()


def test_nobody_learns_who_has_an_account(letters: None, kim: Any, mailoutbox: Any) -> None:
    """Known or not, the answer is the same and the portal does the same for it: the letters are the worker's."""
    asked = []
    for email in ("kim@a.example", "x@a.example"):
        client = Client()
        with CaptureQueriesContext(connection) as caught:
            answer = client.post("/forgotten/", {"email": email})
        asked.append((answer.headers["Location"], [re.sub(r"'[^']*'|[0-9]+", "", one["sql"]) for one in caught]))
    assert asked[0] == asked[1]
    assert mailoutbox == []
    send_asked()
    assert [one.to for one in mailoutbox] == [["kim@a.example"]]
    assert not ResetAsked.objects.exists()


def test_letter_speaks_the_language_of_who_asked_and_an_old_one_is_not_sent(
    letters: None, kim: Any, mailoutbox: Any, settings: Any
) -> None:
    for language in ("en", "ko"):
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        client.post("/forgotten/", {"email": "kim@a.example"})
    send_asked()
    assert [one.subject for one in mailoutbox] == ["New password", "새 비밀번호"]
    english, korean = (one.body for one in mailoutbox)
    assert (english.startswith("Somebody asked"), "do nothing" in english) == (True, True)
    assert (korean.startswith("kim 계정의 비밀번호를"), "그냥 두세요" in korean) == (True, True)
    Client().post("/forgotten/", {"email": "kim@a.example"})
    ResetAsked.objects.update(at=timezone.now() - timedelta(hours=1))
    send_asked()
    assert (len(mailoutbox), ResetAsked.objects.count()) == (2, 0)


def test_letter_is_no_web_page(letters: None, kim: Any, mailoutbox: Any) -> None:
    kim.username = "kim&o'hara"
    kim.save()
    Client().post("/forgotten/", {"email": "kim@a.example"})
    send_asked()
    assert mailoutbox[0].body.startswith("kim&o'hara 계정의")


def test_account_without_a_password_gets_one_by_its_confirmed_address(letters: None, kim: Any, mailoutbox: Any) -> None:
    kim.set_unusable_password()
    kim.save()
    Client().post("/forgotten/", {"email": "kim@a.example"})
    send_asked()
    assert mailoutbox == []
    identities.confirm(user=kim, email="kim@a.example")
    Client().post("/forgotten/", {"email": "kim@a.example"})
    send_asked()
    link = re.search(r"https://portal\.example(/forgotten/\S+)", mailoutbox[0].body)
    assert link is not None
    client = Client()
    address = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(address, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert Client().login(username="kim", password=PASSWORD)


def test_letters_for_a_new_password_are_limited(letters: None, tight: None, kim: Any, mailoutbox: Any) -> None:
    sent = [
        Client(REMOTE_ADDR=f"10.0.0.{n}").post("/forgotten/", {"email": "kim@a.example"}).status_code for n in range(4)
    ]
    assert sent == [302, 302, 429, 429]
    send_asked()
    assert len(mailoutbox) == 2


def test_without_letters_there_is_no_such_page(settings: Any, kim: Any) -> None:
    settings.SMTP = None
    assert Client().get("/forgotten/").status_code == 404
    assert "/forgotten/" not in Client().get("/sign-in/").content.decode()


def raw() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM tenants_secondfactor")
        return str(cursor.fetchone()[0])


def test_secret_of_the_phone_is_encrypted_and_its_key_can_be_changed(kim: Any, settings: Any) -> None:
    secret = second_factor.begin(user=kim).secret
    assert raw().startswith("f1:")
    assert secret not in raw()
    before, older = raw(), settings.SECRETS_KEYS

    settings.SECRETS_KEYS = [Fernet.generate_key().decode(), *older]
    call_command("secrets", "rotate")
    assert raw() != before
    settings.SECRETS_KEYS = settings.SECRETS_KEYS[:1]  # the older key is taken away
    assert SecondFactor.objects.get().secret == secret
    call_command("secrets", "check")


def test_kept_answers_are_encrypted_anew_too(kim: Any, factory: Any, settings: Any) -> None:
    Membership.objects.create(user=kim, factory=factory, role=Role.OWNER)
    _key, text = keys.make_key(factory=factory, name="k", scopes=["people:write"], by=kim)
    client = Client(headers={"authorization": f"Bearer {text}", "idempotency-key": "a"})

    def invited() -> Any:
        answer = client.post(
            f"/api/1/factories/{factory.key}/invitations", {"role": "engineer"}, content_type="application/json"
        )
        assert answer.status_code == 201, answer.content
        return answer.json()

    def kept() -> str:
        with sealed():
            return str(KeptAnswer.objects.get().answer)

    first, before = invited(), kept()
    assert before.startswith("f1:")
    settings.SECRETS_KEYS = [Fernet.generate_key().decode(), *settings.SECRETS_KEYS]
    call_command("secrets", "rotate")
    assert kept() != before
    settings.SECRETS_KEYS = settings.SECRETS_KEYS[:1]
    assert invited() == first


def test_older_plain_secret_is_read_and_encrypted_at_rotation(kim: Any) -> None:
    second_factor.begin(user=kim)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_secondfactor SET secret = 'JBSWY3DPEHPK3PXP'")
    assert SecondFactor.objects.get().secret == "JBSWY3DPEHPK3PXP"
    call_command("secrets", "rotate")
    assert raw().startswith("f1:")


def test_lost_key_lets_nobody_in_and_overwrites_nothing(kim: Any, settings: Any) -> None:
    factor = second_factor.begin(user=kim)
    codes = second_factor.confirm(user=kim, code=digits(factor))
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    lost = SecondFactor.objects.get()
    assert isinstance(lost.secret, Unreadable)
    for guess in (pyotp.HOTP("A" * 32).at(0), "000000", ""):
        assert not second_factor.check(user=kim, code=guess)
    with pytest.raises(SecretLost), transaction.atomic():
        lost.save()
    for deed in ("check", "rotate"):
        with pytest.raises(CommandError):
            call_command("secrets", deed)
    assert codes is not None
    assert second_factor.check(user=kim, code=codes[0])
    assert get_user_model().objects.get() == kim

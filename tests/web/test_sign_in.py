"""The second factor, recovery codes, and signing out elsewhere."""

from typing import Any

import pyotp
import pytest
from django.test import Client
from django.urls import reverse

from jasang.web.tenants import second_factor
from jasang.web.tenants.models import OrganisationKind, Role, SecondFactor
from jasang.web.tenants.services import appoint, set_up_account, set_up_organisation

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]
NOW = 60_000_000
KIM = {"username": "kim", "password": PASSWORD}


def digits(user: Any, *, steps: int = 0) -> str:
    factor = SecondFactor.objects.get(user=user)
    return pyotp.TOTP(factor.secret).generate_otp(NOW + steps)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No half minute begins within a test."""
    monkeypatch.setattr(second_factor, "step_now", lambda: NOW)


@pytest.fixture
def kim(db: None) -> Any:
    return set_up_account(user_name="kim", password=PASSWORD)[0]


@pytest.fixture
def codes(kim: Any) -> list[str]:
    """Kim's recovery codes; the second factor is on. The step before was used for switching on."""
    second_factor.begin(user=kim)
    made = second_factor.confirm(user=kim, code=digits(kim, steps=-1))
    assert made is not None
    return made


def half_way(**more: str) -> Client:
    client = Client()
    assert client.post("/sign-in/", KIM | more).headers["Location"] == "/sign-in/code/"
    return client


def test_switching_on_needs_a_right_code_and_shows_recovery_codes(kim: Any) -> None:
    client, elsewhere = Client(), Client()
    client.post("/sign-in/", KIM)
    elsewhere.post("/sign-in/", KIM)
    page = client.get(reverse("enrol"))

    assert page.context["secret"] in page.content.decode()
    picture = client.get(reverse("enrol-picture"))
    assert (picture.headers["Content-Type"], b"<svg" in picture.content) == ("image/svg+xml", True)
    assert client.post(reverse("enrol"), {"code": "000000x"}).status_code == 400
    assert second_factor.factor_of(kim) is None
    codes = client.post(reverse("enrol"), {"code": digits(kim)}).context["codes"]
    assert len(set(codes)) == 10
    assert client.get(reverse("enrol-picture")).status_code == 404  # never shown again
    assert client.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302


def test_password_alone_is_not_enough(kim: Any, codes: list[str]) -> None:
    client = half_way()

    assert client.get(reverse("account")).status_code == 302
    assert client.post("/sign-in/code/", {"code": "123"}).status_code == 400
    assert client.post("/sign-in/code/", {"code": digits(kim)}).headers["Location"] == "/"
    assert client.get(reverse("account")).status_code == 200


def test_code_counts_once(kim: Any, codes: list[str]) -> None:
    code = digits(kim)
    assert half_way().post("/sign-in/code/", {"code": code}).status_code == 302
    assert half_way().post("/sign-in/code/", {"code": code}).status_code == 400
    assert half_way().post("/sign-in/code/", {"code": codes[0].upper()}).status_code == 302
    assert half_way().post("/sign-in/code/", {"code": codes[0]}).status_code == 400
    assert second_factor.codes_left(kim) == 9


def test_guessing_codes_is_slowed_down(kim: Any, codes: list[str]) -> None:
    client = half_way()
    for _ in range(5):
        client.post("/sign-in/code/", {"code": "1"})

    answer = client.post("/sign-in/code/", {"code": digits(kim)})
    assert answer.status_code == 400
    assert "여러 번 틀렸습니다" in answer.content.decode()


def test_code_page_without_a_password_leads_to_sign_in(codes: list[str]) -> None:
    assert Client().post("/sign-in/code/", {"code": codes[0]}).headers["Location"] == "/sign-in/"


def test_address_asked_for_is_kept_over_the_second_question(kim: Any, codes: list[str]) -> None:
    client = half_way(next="/account/")
    assert client.post("/sign-in/code/", {"code": codes[0]}).headers["Location"] == "/account/"


def test_organisation_stays_closed_until_the_second_factor_is_on(kim: Any, settings: Any) -> None:
    settings.SECOND_FACTOR = True
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    appoint(user=kim, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    page = reverse("organisation-people", args=[operator.key])
    client = Client()
    client.post("/sign-in/", KIM)

    assert client.get(page).headers["Location"] == reverse("enrol")
    client.get(reverse("enrol"))
    client.post(reverse("enrol"), {"code": digits(kim, steps=-1)})
    assert client.get(page).status_code == 200
    other = half_way()
    other.post("/sign-in/code/", {"code": digits(kim)})
    assert other.get(page).status_code == 200


def test_switching_off_and_new_codes_need_a_code(kim: Any, codes: list[str]) -> None:
    client = half_way()
    client.post("/sign-in/code/", {"code": codes[0]})

    client.post(reverse("second-factor-off"), {"code": "no"})
    assert second_factor.factor_of(kim) is not None
    fresh = client.post(reverse("new-codes"), {"code": codes[1]}).context["codes"]
    assert second_factor.check(user=kim, code=codes[2]) is False
    client.post(reverse("second-factor-off"), {"code": fresh[0]})
    assert second_factor.factor_of(kim) is None


def test_sign_out_elsewhere_and_new_password_end_other_browsers(kim: Any) -> None:
    here, there = Client(headers={"user-agent": "Here"}), Client(headers={"user-agent": "There"})
    for client in (here, there):
        client.post("/sign-in/", KIM)
    assert [one.browser for one in here.get(reverse("account")).context["sign_ins"]] == ["There", "Here"]

    here.post(reverse("sign-out-elsewhere"))
    assert there.get(reverse("account")).status_code == 302
    there.post("/sign-in/", KIM)
    changed = {"old_password": PASSWORD, "new_password1": "quite-another-one", "new_password2": "quite-another-one"}
    here.post(reverse("password"), changed)
    assert there.get(reverse("account")).status_code == 302
    assert [one.browser for one in here.get(reverse("account")).context["sign_ins"]] == ["Here"]


def test_email_is_kept_when_it_is_one(kim: Any) -> None:
    client = Client()
    client.force_login(kim)

    assert client.post(reverse("account"), {"email": "no"}).status_code == 400
    client.post(reverse("account"), {"email": "kim@example.com"})
    kim.refresh_from_db()
    assert kim.email == "kim@example.com"

"""Wall screens: a link without signing in shows values until it is revoked, and nothing else."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jasang.plant.reading import Reading, Signal
from jasang.store import open_store
from jasang.web.floor.models import WallLink
from jasang.web.floor.walls import link_of, make_link, revoke_link
from jasang.web.tenants.models import Membership, Role
from jasang.web.tenants.services import set_up_account

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def collected(factory: Any, tmp_path: Path) -> Any:
    """A machine that is down and a temperature."""
    now = datetime.now(UTC)
    store = open_store(tmp_path / "store")
    store.describe([Signal(name="M.temp", asset="M", unit="°C"), Signal(name="M.state", asset="M")])
    values = {"M.temp": 21.5, "M.state": "down", "M.other": 7.25}
    store.append(
        [Reading(signal=name, source_time=now, receive_time=now, value=value) for name, value in values.items()]
    )
    store.close()
    factory.store = str(tmp_path / "store")
    factory.save()
    return factory


def made(factory: Any, **about: Any) -> tuple[WallLink, str]:
    user, _ = set_up_account(user_name="owner", password=PASSWORD)
    return make_link(factory=factory, user=user, name="screen", **about)


def test_a_link_shows_figures_and_states_without_signing_in(collected: Any) -> None:
    _link, secret = made(collected)
    answer = Client().get(reverse("floor:wall", args=[secret]))
    shown = answer.content.decode()

    assert answer.status_code == 200
    assert "<b>21.5</b> °C" in shown
    assert '<li class="down"><i aria-hidden="true">■</i><b>M</b><span>' in shown
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "sessionid" not in answer.cookies
    assert collected.key not in shown


def test_only_the_part_that_changes_is_asked_for(collected: Any, django_assert_num_queries: Any) -> None:
    _link, secret = made(collected)
    address = reverse("floor:wall", args=[secret])
    Client().get(address)
    with django_assert_num_queries(1):
        shown = Client().get(address, headers={"HX-Request": "true"}).content.decode()

    assert shown.lstrip().startswith('<main id="wall"')


def test_chosen_signals_and_language(collected: Any) -> None:
    _link, secret = made(collected, signals=["M.other"], language="en")
    shown = Client().get(reverse("floor:wall", args=[secret])).content.decode()

    assert '<html lang="en">' in shown
    assert ("<b>7.25</b>" in shown, "21.5" in shown) == (True, False)


def test_a_revoked_or_invented_link_does_not_exist(collected: Any) -> None:
    link, secret = made(collected)
    revoke_link(link=link)

    assert Client().get(reverse("floor:wall", args=[secret])).status_code == 404
    assert Client().get(reverse("floor:wall", args=["x" * 43])).status_code == 404
    assert link_of(link.secret_hash) is None


def test_the_secret_is_kept_as_a_hash_only(collected: Any) -> None:
    link, secret = made(collected)

    assert secret not in "".join(str(value) for value in WallLink.objects.of(collected).values_list().get())
    assert len(secret) >= 43
    found = link_of(secret)
    assert found is not None
    assert found.pk == link.pk


def test_a_link_is_made_shown_once_and_revoked_on_the_page(collected: Any, member: Client) -> None:
    address = reverse("floor:wall-links", args=[collected.key])
    shown = member.post(address, {"name": "3호 옆", "language": "ko", "signal": ["M.temp"]}).content.decode()
    secret = shown.split("http://testserver/wall/")[1].split("/")[0]
    link = WallLink.objects.of(collected).get()

    assert (link.name, link.signals) == ("3호 옆", ["M.temp"])
    assert Client().get(reverse("floor:wall", args=[secret])).status_code == 200
    assert secret not in member.get(address).content.decode()
    assert member.post(reverse("floor:revoke-wall", args=[collected.key, link.key])).status_code == 302
    assert Client().get(reverse("floor:wall", args=[secret])).status_code == 404


@pytest.mark.parametrize("given", [{"name": "", "language": "ko"}, {"name": "x", "language": "xx"}])
def test_a_link_without_sense_is_refused(collected: Any, member: Client, given: dict[str, str]) -> None:
    assert member.post(reverse("floor:wall-links", args=[collected.key]), given).status_code == 400
    assert WallLink.objects.of(collected).count() == 0


def test_operators_look_and_strangers_do_not(collected: Any, member: Client, stranger: Client) -> None:
    address = reverse("floor:wall-links", args=[collected.key])
    link, _secret = made(collected)
    Membership.objects.filter(user__username="member").update(role=Role.OPERATOR)

    assert member.get(address).status_code == 200
    assert member.post(address, {"name": "x", "language": "ko"}).status_code == 404
    assert stranger.get(address).status_code == 404
    for client in (member, stranger):
        assert client.post(reverse("floor:revoke-wall", args=[collected.key, link.key])).status_code == 404


def test_without_a_store_the_screen_says_so(factory: Any) -> None:
    _link, secret = made(factory)

    assert "수집기가 아직 기록한 값이 없습니다." in Client().get(reverse("floor:wall", args=[secret])).content.decode()

"""Every address of the portal has a rule, and to whoever it does not let in the page does not exist.

The addresses are walked, not listed: a new page without a rule fails here until it has one, or a reason below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import Http404
from django.test import RequestFactory
from django.urls import get_resolver

from jasang.web.tenants.models import Factory, Organisation, Role

from .whole_world import World, make_world

pytestmark = [pytest.mark.web, pytest.mark.django_db]
# Addresses that are neither a factory's nor an organisation's, and why they need no rule of one.
OPEN = {
    r"language/": "anybody chooses a language",
    r"favicon\.ico": "a picture",
    r"sign-in/": "for who is not in yet",
    r"sign-out/": "for who is in",
    r"forgotten/": "for who is not in yet",
    r"password/": "the person's own",
    r"account/": "the person's own",
    r"invitation/<str:token>/": "the token is the rule",
    r"begin/<str:token>/": "the token is the rule",
    r"news/": "the person's own",
    r"$": "leads each person to his or her own",
    r"wall/<str:secret>/": "the secret is the rule",
    r"calendar/<str:token>\.ics": "the token is the rule",
    r"\^?scim": "tested by its own keys (test_scim.py)",
    r"api/1/": "tested call by call (test_api_rubbish.py)",
}
# Pages that even who is let in does not see without more than the address, and what that is.
WANTS_MORE = {
    "f/<str:factory_key>/machines/test/": "a collector's file",
    "f/<str:factory_key>/better/writes/": "a collector's file that allows it",
    "f/<str:factory_key>/better/writes/new/": "a collector's file that allows it",
    "o/<str:organisation_key>/members/add/": "which factory is added",
}
OURS = ("f/<str:factory_key>/", "o/<str:organisation_key>/")
NUMBERS = {"int": 1, "str": "x", "slug": "x"}


@dataclass(frozen=True)
class Page:
    """An address and its view."""

    route: str
    view: Any

    @property
    def roles(self) -> frozenset[Role] | None:
        """The rule of a factory's or an organisation's page."""
        return getattr(self.view, "roles" if self.route.startswith("f/") else "posts", None)


def pages(resolver: Any = None, before: str = "") -> Iterator[Page]:
    """Every address of the portal."""
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from pages(one, route)
        else:
            yield Page(route, one.callback)


def ours() -> list[Page]:
    return [page for page in pages() if page.route.startswith(OURS)]


@pytest.fixture
def worlds() -> tuple[World, World]:
    """A tenant, and another one with all the same roles."""
    return make_world("여기"), make_world("저기")


def keys_of(world: World) -> dict[str, Any]:
    """Keys of real rows, by the word before them in an address."""
    from jasang.web.api.kinds import kinds

    found = {kind.name: world.rows[kind.table] for kind in kinds() if kind.table in world.rows}
    words = {
        "files": "diagnoses",
        "residency": "residencies",
        "ready-answers": "ready-answers",
        "planning": "plannings",
    }
    return {name: getattr(row, "key", None) for name, row in found.items() if row is not None} | {
        word: found[name].key for word, name in words.items()
    }


def arguments(page: Page, world: World, place: Organisation | Factory, keys: dict[str, Any]) -> dict[str, Any]:
    """What the address is filled with: keys of real rows where there are such."""
    filled: dict[str, Any] = {}
    for before, kind, name in re.findall(r"([\w-]*)/<(\w+):(\w+)>", "/" + page.route):
        if name == "organisation_key":
            filled[name] = place.key
        elif name == "factory_key":
            filled[name] = world.factory.key
        elif kind == "uuid":
            filled[name] = keys.get(before) or world.rows_key(before)
        else:
            filled[name] = NUMBERS[kind]
    for name in re.findall(r"<\w+:(\w+)>", page.route):
        filled.setdefault(name, "x")
    return filled


def asked(page: Page, user: Any, filled: dict[str, Any], method: str) -> str:
    """What the view does for this person: "nothing there", or what else."""
    request = getattr(RequestFactory(), method)("/" + page.route)
    request.user, request.htmx, request.session, request._messages = user, False, {}, _Silent()
    try:
        answer = page.view(request, **filled)
    except Http404:
        return "nothing there"
    except Exception as error:  # noqa: BLE001  whatever it is: the person got past the rule
        return f"{type(error).__name__}: {error}"
    return "not this way" if answer.status_code == 405 else f"{answer.status_code}"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Django writes a line for each address that takes no such method."""
    caplog.set_level("ERROR", logger="django.request")


class _Silent:
    """Takes messages."""

    def add(self, *_words: Any, **_more: Any) -> None:
        """Forget it."""


def test_every_address_has_a_rule_or_a_reason() -> None:
    left_over = [
        page.route
        for page in pages()
        if not page.route.startswith(OURS) and not any(re.match(known, page.route) for known in OPEN)
    ]
    assert left_over == []
    assert [page.route for page in ours() if page.roles is None] == []
    assert len(ours()) > 150
    unused = [known for known in OPEN if not any(re.match(known, page.route) for page in pages())]
    assert unused == []


def test_no_page_exists_for_whom_its_rule_leaves_out(worlds: tuple[World, World]) -> None:
    here, there = worlds
    keys, held, wrong, tried = keys_of(here), roles_held(here), [], 0
    for page in ours():
        assert page.roles is not None
        # The most dangerous stranger has the right role, elsewhere.
        strangers = [(role, there.people[role]) for role in sorted(page.roles)][:2]
        for place in places_of(page, here):
            filled = arguments(page, here, place, keys)
            own = [(role, user) for role, user in here.people.items() if not held[role, place.key] & page.roles]
            calls = [(*one, "get") for one in own] + [(*one, method) for one in strangers for method in ("get", "post")]
            for role, user, method in calls:
                said = asked(page, user, filled, method)
                tried += 1
                if said not in ("nothing there", "not this way"):
                    wrong.append((method, page.route, role, said))
    assert wrong == []
    assert tried > 3000


def places_of(page: Page, world: World) -> list[Any]:
    return [world.factory] if page.route.startswith("f/") else [world.operator, world.coop, world.centre]


def roles_held(world: World) -> dict[tuple[str, str], set[Role]]:
    """What each person is at each place of the tenant, there or above."""
    held: dict[tuple[str, str], set[Role]] = {}
    for role, user in world.people.items():
        held[role, world.factory.key] = {Role(one.role) for one in user.memberships.filter(factory=world.factory)}
        for place in (world.operator, world.coop, world.centre):
            above = [int(number) for number in place.path.strip("/").split("/")]
            held[role, place.key] = {Role(one.role) for one in user.posts.filter(organisation__in=above)}
    return held


def test_pages_exist_for_whom_their_rule_lets_in(worlds: tuple[World, World]) -> None:
    """Else the test above would prove nothing."""
    here, _ = worlds
    keys, held, shut = keys_of(here), roles_held(here), []
    for page in ours():
        if page.route.count("<") > 1:
            continue
        assert page.roles is not None
        said = (
            asked(page, user, arguments(page, here, place, keys), method)
            for place in places_of(page, here)
            for role, user in here.people.items()
            if held[role, place.key] & page.roles
            for method in ("get", "post")
        )
        if all(one in ("nothing there", "not this way") for one in said):
            shut.append(page.route)
    assert sorted(set(shut) - set(WANTS_MORE)) == []


def test_somebody_unknown_is_led_to_sign_in(worlds: tuple[World, World]) -> None:
    from django.contrib.auth.models import AnonymousUser

    here, _ = worlds
    keys = keys_of(here)
    for page in ours():
        place = here.factory if page.route.startswith("f/") else here.operator
        assert asked(page, AnonymousUser(), arguments(page, here, place, keys), "get") == "302", page.route

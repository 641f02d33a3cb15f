"""Schemathesis over the whole open interface, with keys and people of every role: no fault of ours, no word of another tenant."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache as kept
from pathlib import Path
from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis")
from django.core.cache import cache  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.signals import request_finished, request_started  # noqa: E402
from django.db import close_old_connections, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from ninja import Schema  # noqa: E402

from jasang.plant.reading import Reading  # noqa: E402
from jasang.store import open_store  # noqa: E402
from jasang.web.api import keys  # noqa: E402
from jasang.web.api.kinds import kinds  # noqa: E402
from jasang.web.tenants.models import Role  # noqa: E402

from .whole_world import World, make_world  # noqa: E402

pytestmark = [pytest.mark.web, pytest.mark.django_db]
EXAMPLES = 2
MARK = "zqstrangerqz"  # in every text of the other tenant
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# The word in an address and the kind whose keys stand behind it, where they differ.
KINDS = {"claims": "claims", "attachments": "attachments", "webhook-calls": ""}
# Who may change something; of the others reading is enough to try.
ACTING = {"owner", "operator", "mentor", "agent", "programme_operator", "judge"}
# Answers that are no JSON of one shape: files.
FILES = ("/export", "/content")


@pytest.fixture
def worlds() -> tuple[World, World]:
    """The tenant that calls, and the one nobody may see."""
    return make_world("here"), make_world(MARK)


@pytest.fixture(autouse=True)
def many_calls(settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 10**9
    cache.clear()


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A WSGI call would close the connection in whose transaction the test lies; a call of the test client undoes this."""
    document()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@kept
def document() -> dict[str, Any]:
    """The interface as programs read it."""
    found: dict[str, Any] = Client().get("/api/1/openapi.json").json()
    return found


def known_keys(world: World) -> dict[str, str]:
    """Keys of real rows, by the word in an address."""
    return {
        kind.name: str(world.rows[kind.table].key)
        for kind in kinds()
        if kind.table in world.rows and getattr(world.rows[kind.table], "key", None)
    }


def place_of(path: str, world: World) -> dict[str, str]:
    """Which organisation an address is asked of: the centre for what only a centre has."""
    words = "".join(one.get("description", "") for one in document()["paths"][path].values())
    place = world.centre if "center:" in words else world.operator
    return {"factory_key": world.factory.key, "organisation_key": place.key}


def parameters_of(path: str, world: World, known: dict[str, str]) -> dict[str, str]:
    """Real values for everything in the address that there are some for."""
    word = next((part for part in path.split("/")[5:6] if part), "")
    filled = place_of(path, world) | {"number": "1", "place": "1", "step": "lock", "agent": f"agent.{world.mark}"}
    return filled | {"key": known.get(KINDS.get(word, word), "2f1c2d9e-0000-4000-8000-000000000000")}


def full_keys(world: World) -> dict[str, str]:
    """A key of each place that may do everything there, by the place's key."""
    makers = {
        world.operator: Role.PROGRAMME_OPERATOR,
        world.centre: Role.PROGRAMME_OPERATOR,
        world.coop: Role.COOP_OPERATOR,
    }
    found = {}
    for place, role in makers.items():
        scopes = keys.scopes_for(place)
        found[place.key] = keys.make_key(name="p", scopes=scopes, by=world.people[role], organisation=place)[1]
    owner = world.people[Role.OWNER]
    found[world.factory.key] = keys.make_key(
        name="p", scopes=keys.scopes_for(world.factory), by=owner, factory=world.factory
    )[1]
    return found


def small_store(folder: Path) -> Path:
    """A store with a reading."""
    owner, now = open_store(folder), datetime.now(UTC)
    try:
        owner.append([Reading(signal="INJ-01.pressure", source_time=now, receive_time=now, value=1.0, quality=0)])
    finally:
        owner.close()
    return folder


def test_no_call_makes_the_server_fail_or_tells_of_others(worlds: tuple[World, World], tmp_path: Path) -> None:
    from schemathesis.checks import CHECKS

    from jasang.web.wsgi import application

    here, _ = worlds
    here.factory.store = str(small_store(tmp_path / "store"))
    here.factory.save()
    known, by_place = known_keys(here), full_keys(here)
    schema = schemathesis.openapi.from_wsgi("/api/1/openapi.json", application)
    checks = [CHECKS.get_one(name) for name in CHECKED]
    statuses: dict[str, set[int]] = {}

    def bombard(operation: Any) -> None:
        filled = parameters_of(operation.full_path, here, known)
        text = by_place[
            filled["factory_key" if operation.full_path.startswith("/api/1/factories") else "organisation_key"]
        ]

        @settings(
            max_examples=EXAMPLES if operation.body else 1,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = filled.get(name, case.path_parameters[name])
            answer = case.call(headers={"Authorization": f"Bearer {text}"})
            if not operation.full_path.endswith(FILES):
                case.validate_response(answer, checks=checks)
            assert answer.status_code < 500, (operation.label, answer.text)
            assert MARK not in answer.text, operation.label
            statuses.setdefault(operation.label, set()).add(answer.status_code)

        undone(call)

    wrong = []
    for result in schema.get_all_operations():
        operation = result.ok()
        try:
            bombard(operation)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  all that is wrong is told at once
            wrong.append(f"{operation.label}: {error}"[:600])
    assert wrong == []
    assert len(statuses) > 200


def test_every_list_answers_a_full_key(worlds: tuple[World, World], tmp_path: Path) -> None:
    here, _ = worlds
    here.factory.store = str(small_store(tmp_path / "store"))
    here.factory.save()
    by_place, refused = full_keys(here), set()
    for path, methods in document()["paths"].items():
        if "get" not in methods or path.count("{") > 1:
            continue
        filled = place_of(path, here)
        text = by_place[filled["factory_key" if path.startswith("/api/1/factories") else "organisation_key"]]
        client = Client(headers={"authorization": f"Bearer {text}"})
        if called(client, "get", path.format(**filled)).status_code != 200:
            refused.add(path)
    assert refused == {"/api/1/organisations/{organisation_key}/judging"}  # only a judge's key reads it


def undone(work: Callable[[], None]) -> None:
    """Do something and take all of it back, so that what one call removes the next one finds."""
    with transaction.atomic():
        work()
        transaction.set_rollback(True)


def calls_of(world: World, known: dict[str, str]) -> list[tuple[str, str, Any]]:
    """Every operation (method, address filled with real keys, a body that fits)."""
    found = []
    for path, methods in document()["paths"].items():
        address = path
        for name, value in parameters_of(path, world, known).items():
            address = address.replace("{" + name + "}", value)
        found += [(method, address, fitting(operation)) for method, operation in methods.items()]
    return found


def called(client: Client, method: str, address: str, body: Any = None) -> Any:
    if method == "get":
        return client.get(address, {"q": "x"})
    if isinstance(body, bytes):
        return client.post(
            address, {"file": SimpleUploadedFile("a.csv", body), "files": SimpleUploadedFile("a.csv", body)}
        )
    return client.generic(method.upper(), address, json.dumps({} if body is None else body), "application/json")


def fitting(operation: dict[str, Any]) -> Any:
    """A body that fits the operation's shape; bytes where it takes a file."""
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        return b"a,b\n1,2\n"
    shape = content.get("application/json", {}).get("schema")
    return {} if shape is None else sample(shape)


def sample(shape: dict[str, Any]) -> Any:
    """The least that fits a JSON schema."""
    if "$ref" in shape:
        return sample(document()["components"]["schemas"][shape["$ref"].rpartition("/")[2]])
    if "default" in shape:
        return shape["default"]
    for several in ("anyOf", "allOf", "oneOf"):
        if several in shape:
            return sample(shape[several][0])
    if "enum" in shape or "const" in shape:
        return shape.get("const", shape.get("enum", [None])[0])
    by_format = {
        "uuid": "2f1c2d9e-0000-4000-8000-000000000000",
        "date": "2026-01-02",
        "date-time": "2026-01-02T03:04:05Z",
    }
    kind = shape.get("type")
    if kind == "object":
        parts = shape.get("properties", {})
        return {name: sample(parts[name]) for name in shape.get("required", ()) if name in parts}
    if kind == "array":
        return [sample(shape["items"])] * shape.get("minItems", 0)
    if kind == "string":
        return by_format.get(shape.get("format", ""), "x" * max(1, shape.get("minLength", 1)))
    plain: dict[str, Any] = {"boolean": True, "number": 1.0, "null": None}
    return max(1, shape.get("minimum", 1)) if kind == "integer" else plain.get(str(kind))


def told(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace")


def test_no_two_shapes_of_the_document_have_one_name() -> None:
    document()
    shapes, waiting = [], [Schema]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith("jasang.") and "[" not in one.__name__:
            shapes.append(one.__name__)
    assert sorted(name for name in set(shapes) if shapes.count(name) > 1) == []


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_people_of_every_role_learn_nothing_of_others(worlds: tuple[World, World], role: str) -> None:
    here, _ = worlds
    client = here.browser(role)
    for method, address, body in calls_of(here, known_keys(here)):
        if method != "get" and role not in ACTING:
            continue
        with transaction.atomic():
            answer = called(client, method, address, body)
            text = told(answer)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (method, address, text)
        assert MARK not in text, (method, address)


def strangers(world: World) -> list[Client]:
    """The most dangerous of another tenant: its owner and operator, and keys that may do everything there."""
    by_place = full_keys(world)
    texts = [by_place[world.factory.key], by_place[world.operator.key]]
    keyed = [Client(headers={"authorization": f"Bearer {text}"}) for text in texts]
    return [world.browser("owner"), world.browser("programme_operator"), *keyed]


def test_strangers_find_nothing_at_any_address(worlds: tuple[World, World]) -> None:
    here, there = worlds
    clients, tried = strangers(there), 0
    for method, address, body in calls_of(here, known_keys(here)):
        if "/factories/" not in address and "/organisations/" not in address:
            continue
        for client in clients:
            assert called(client, method, address, body).status_code == 404, (method, address, body)
            tried += 1
    assert tried > 800


def test_rows_of_one_place_are_not_found_under_another_ones_address(worlds: tuple[World, World]) -> None:
    here, there = worlds
    by_place, theirs = full_keys(here), known_keys(there)
    for path, methods in document()["paths"].items():
        if "{key}" not in path:
            continue
        filled = parameters_of(path, here, theirs)
        own = filled["factory_key" if path.startswith("/api/1/factories") else "organisation_key"]
        client = Client(headers={"authorization": f"Bearer {by_place[own]}"})
        address = path
        for name, value in filled.items():
            address = address.replace("{" + name + "}", value)
        for method, operation in methods.items():
            answer = called(client, method, address, fitting(operation))
            # Files and their like may be refused for what they are before anybody looks for the row.
            assert answer.status_code in (404, 422), (method, address, answer.status_code)
            assert MARK not in told(answer), (method, address)


def test_nobody_comes_in_without_a_key(worlds: tuple[World, World]) -> None:
    here, _ = worlds
    client = Client()
    said = {called(client, *one).status_code for one in calls_of(here, known_keys(here))}
    assert said == {401}

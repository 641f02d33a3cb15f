"""Schemathesis over the whole open interface: no fault of ours, and answers as the document says."""

from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis")
from django.core.cache import cache  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402

from jasang.web.api import keys  # noqa: E402
from jasang.web.floor.models import Diagnosis, Finding  # noqa: E402

pytestmark = [pytest.mark.web, pytest.mark.django_db]
EXAMPLES = 12
EVERY = ["factory:read", *(f"{area}:{deed}" for area in ("people", "floor", "webhooks") for deed in ("read", "write"))]
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_no_call_makes_the_server_fail(factory: Any, hand_over: Any) -> None:
    from schemathesis.checks import CHECKS

    from jasang.web.wsgi import application

    hand_over(factory)
    _key, text = keys.make_key(factory=factory, name="p", scopes=EVERY, by=None)
    real = {"findings": Finding, "diagnoses": Diagnosis}
    known = {name: str(model.objects.of(factory).first().key) for name, model in real.items()}
    schema = schemathesis.openapi.from_wsgi("/api/1/openapi.json", application)
    checks = [CHECKS.get_one(name) for name in CHECKED]
    statuses: dict[str, set[int]] = {}

    def bombard(operation: Any) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            cache.clear()
            if "factory_key" in (case.path_parameters or {}):
                case.path_parameters["factory_key"] = factory.key
                area = case.path.split("/")[3] if case.path.count("/") > 3 else ""
                if "key" in case.path_parameters and area in known:
                    case.path_parameters["key"] = known[area]
            answer = case.call(headers={"Authorization": f"Bearer {text}"})
            case.validate_response(answer, checks=checks)
            statuses.setdefault(operation.label, set()).add(answer.status_code)

        call()

    for result in schema.get_all_operations():
        bombard(result.ok())
    assert len(statuses) > 20
    reached = {label for label, seen in statuses.items() if seen & {200, 201, 204}}
    assert {
        label for label in statuses if label.startswith("GET") and "{" not in label.split("factory_key}")[-1]
    } <= reached

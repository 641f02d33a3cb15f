"""The open interface as a whole: the routers of all areas under /api/1/, its description, and its guards."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.module_loading import import_string
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from jasang.errors import WrongArguments
from jasang.web.api import problems
from jasang.web.api.entering import ByKey, BySession
from jasang.web.api.once import once

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "title", "status", "detail"],
}
_REFUSALS = {
    "400": "The body cannot be read.",
    "401": "No key, or one that no longer works.",
    "403": "The key has not the scope, or the person not the role.",
    "404": "Not there, or of another factory.",
    "405": "The address has no such method.",
    "412": "It was changed since the caller read it (If-Match).",
    "413": "The body is too large.",
    "422": "Something in the request does not fit.",
    "429": "Too many calls in a minute.",
}


class StrictParser(Parser):
    """JSON as the standard has it, without characters that no database keeps."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body, or a problem."""
        try:
            body = json.loads(request.body, parse_constant=_no_constant)
            json.dumps(body, ensure_ascii=False).encode()  # half a character (a lone surrogate) is none
        except RequestDataTooBig as error:
            raise HttpError(413, "too large") from error
        except (ValueError, RecursionError) as error:
            raise HttpError(400, "json") from error
        if "\\u0000" in json.dumps(body):
            raise HttpError(400, "json")
        return body

    def parse_querydict(self, data: MultiValueDict, list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        """The query or the fields of a form, or a problem. Files come here too, and must not be read to their end."""
        for name, values in data.lists():
            if "\0" in name or any(isinstance(value, str) and "\0" in value for value in values):
                plain = name.replace("\0", "")
                raise WrongArguments(
                    ko=f"{plain}: 글자가 아닌 것(U+0000)이 들어 있습니다.", en=f"{plain}: found U+0000; expected text."
                )
        return super().parse_querydict(data, list_fields, request)


def _no_constant(word: str) -> None:
    raise ValueError(word)


class OpenInterface(NinjaAPI):
    """Adds to every operation what it answers when it refuses."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The document that programs read."""
        schema = super().get_openapi_schema(**options)
        schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
        content = {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, words in _REFUSALS.items():
                    operation["responses"].setdefault(status, {"description": words, "content": content})
        return schema


def build() -> OpenInterface:
    """The interface with the routers that the settings name."""
    api = OpenInterface(
        title="Jasang",
        version="1",
        description="Everything a factory's pages show and do, for programs. Keys: page of the factory's owner.",
        docs_url=None,
        openapi_url="/openapi.json",
        auth=[ByKey(), BySession()],
        parser=StrictParser(),
        urls_namespace="api",
    )
    problems.set_up(api)
    api.add_decorator(once, mode="operation")
    for prefix, path in settings.API_ROUTERS:
        api.add_router(prefix, import_string(path))
    return api


api = build()

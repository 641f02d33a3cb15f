"""SCIM 2.0 (RFC 7643, 7644) under /scim/2.0/ for the organisation whose key comes along."""

import json
import logging
import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    ListResponse,
    Meta,
    NotImplementedException,
    PatchOp,
    PreconditionFailedException,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    SearchRequest,
    ServiceProviderConfig,
)

from jasang.web.api import keys
from jasang.web.provisioning import queries, services
from jasang.web.provisioning.documents import MOST, PROVIDER, Group, User, base_address, etag
from jasang.web.tenants import limits
from jasang.web.tenants.models import Organisation, Role
from jasang.web.tenants.queries import roles_at
from jasang.web.ui.language import current

log = logging.getLogger(__name__)
_TYPE = "application/scim+json"
_MOST_BYTES = 1_000_000
_ONE_NAME = re.compile(r'^\s*(userName|externalId|id)\s+eq\s+"([^"\\]{1,255})"\s*$', re.IGNORECASE)
_COLUMNS = {"username": "user__username__iexact", "externalid": "external_id", "id": "key"}


class ScimRequest(HttpRequest):
    """A request with a key."""

    organisation: Organisation
    by: Any


def _answer(document: dict[str, Any], status: int = 200, **headers: str) -> HttpResponse:
    answer = JsonResponse(document, status=status, content_type=_TYPE, json_dumps_params={"ensure_ascii": False})
    for name, value in headers.items():
        answer[name.replace("_", "-")] = value
    return answer


def _error(status: int, detail: str) -> HttpResponse:
    return _answer(Error(status=status, detail=detail).model_dump(), status)


def scim(*methods: str, opened: bool = False) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let in who has the organisation's key with the scope `scim`; faults are answered as SCIM says them."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def guarded(request: ScimRequest, **kwargs: Any) -> HttpResponse:
            refusal = None if opened else _enter(request)
            if refusal is not None:
                return refusal
            if request.method not in methods:
                answer = _error(405, _("This address does not do that"))
                answer["Allow"] = ", ".join(methods)
                return answer
            try:
                with PROVIDER:
                    return view(request, **kwargs)
            except SCIMException as error:
                return _answer(error.to_error().model_dump(), error.status)
            except ValidationError as error:
                told = Error.from_validation_errors(error)
                first = told[0] if isinstance(told, list) else told
                return _answer(first.model_dump(), first.status or 400)
            except Exception:
                log.exception("unexpected at %s", request.path)
                return _error(500, _("It has been noted. Please try again in a moment."))

        return guarded

    return guard


def _enter(request: ScimRequest) -> HttpResponse | None:
    mark, _space, text = request.headers.get("Authorization", "").partition(" ")
    key = keys.key_of(text.strip()) if mark.lower() == "bearer" else None
    try:
        limits.count(*(("scim", key.prefix) if key else ("api-wrong-key", limits.address_of(request))))
    except limits.TooOften as error:
        answer = _error(429, error.in_language(current()))
        answer["Retry-After"] = str(error.wait)
        return answer
    if key is None:
        answer = _error(401, _("Send a working key: Authorization: Bearer jsk_…"))
        answer["WWW-Authenticate"] = 'Bearer realm="jasang"'
        return answer
    if key.organisation is None or "scim" not in key.scopes:
        return _error(403, _("The key is not one of an organisation with the scope scim."))
    if key.made_by is not None and Role.PROGRAMME_OPERATOR not in roles_at(key.made_by, key.organisation):
        return _error(403, _("Who made this key is no longer of the programme's staff: make a new one."))
    request.organisation, request.by = key.organisation, key.made_by
    services.adopt(key.organisation)
    return None


def _body(request: HttpRequest) -> Any:
    if int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_BYTES:
        raise SCIMException.from_error(Error(status=413, detail=_("The body is too large.")))
    try:
        found = json.loads(request.body)
        text = json.dumps(found, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise SCIMException.from_error(
            Error(status=400, scim_type="invalidSyntax", detail=_("The body of the request cannot be read."))
        ) from error
    if "\x00" in text or "\\u0000" in text or not isinstance(found, dict):
        raise SCIMException.from_error(
            Error(status=400, scim_type="invalidSyntax", detail=_("The body of the request cannot be read."))
        )
    return found


def _missing() -> SCIMException:
    return SCIMException.from_error(Error(status=404, detail=_("There is no such thing")))


def _asked(request: HttpRequest, model: Any) -> Any:
    given = {name: values[-1] for name, values in request.GET.lists()}
    return model.model_validate(given)


def _shown(document: Any, asked: Any, context: Context, status: int = 200) -> HttpResponse:
    """One resource as an answer, with its version."""
    told = document.model_dump(scim_ctx=context, response_parameters=asked)
    about = document.meta
    headers = {"ETag": about.version, "Content_Location": about.location}
    if status == HTTPStatus.CREATED:
        headers["Location"] = about.location
    return _answer(told, status, **headers)


def _check_version(request: HttpRequest, version: int) -> None:
    asked = [one.strip() for one in request.headers.get("If-Match", "").split(",") if one.strip()]
    plain = {one.removeprefix("W/") for one in asked}
    if asked and "*" not in asked and etag(version).removeprefix("W/") not in plain:
        raise PreconditionFailedException(
            detail=_("Somebody changed it meanwhile: read it again (its version is %(version)s).")
            % {"version": version}
        )


def _unchanged(request: HttpRequest, version: str) -> bool:
    asked = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    return request.method == "GET" and version.removeprefix("W/") in asked


class _Kind:
    """What users and groups have in common."""

    model: Any
    rows: Callable[..., Any]
    documents: Callable[..., Any]
    make: Callable[..., Any]
    change: Callable[..., Any]
    remove: Callable[..., Any]

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)


_USERS = _Kind(
    model=User,
    rows=services.people,
    documents=queries.all_people,
    make=services.make_person,
    change=lambda row, **more: services.change_person(person=row, **more),
    remove=lambda row, **more: services.take_out(person=row, **more),
)
_GROUPS = _Kind(
    model=Group,
    rows=services.groups,
    documents=queries.all_groups,
    make=services.make_group,
    change=lambda row, **more: services.change_group(group=row, **more),
    remove=lambda row, **more: services.remove_group(group=row, **more),
)
_KINDS = {"Users": _USERS, "Groups": _GROUPS}


def _document(request: ScimRequest, kind: _Kind, row: Any) -> Any:
    return kind.documents(request.organisation, base_address(request), pk=row.pk)[0]


@scim("GET", "POST")
def collection(request: ScimRequest, kind: str) -> HttpResponse:
    """List or make."""
    about = _KINDS[kind]
    if request.method == "GET":
        return _listed(request, [about], _asked(request, SearchRequest[about.model]))
    asked = _asked(request, ResponseParameters[about.model])
    given = about.model.model_validate(_body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    row = about.make(organisation=request.organisation, asked=given, by=request.by)
    return _shown(_document(request, about, row), asked, Context.RESOURCE_CREATION_RESPONSE, HTTPStatus.CREATED)


@scim("GET", "PUT", "PATCH", "DELETE")
def one(request: ScimRequest, kind: str, key: str) -> HttpResponse:
    """Read, replace, change or take out one."""
    about = _KINDS[kind]
    rows = about.rows(request.organisation).filter(key=key)
    if request.method == "GET":
        return _one(request, about, rows)
    with transaction.atomic():  # of two changes at once the second begins with what the first left
        return _one(request, about, rows.select_for_update(of=("self",)))


def _one(request: ScimRequest, about: _Kind, rows: Any) -> HttpResponse:
    row = rows.first()
    if row is None:
        raise _missing()
    asked = _asked(request, ResponseParameters[about.model])
    before = _document(request, about, row)
    if _unchanged(request, before.meta.version):
        return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": before.meta.version})
    if request.method == "GET":
        return _shown(before, asked, Context.RESOURCE_QUERY_RESPONSE)
    _check_version(request, row.version)
    if request.method == "DELETE":
        about.remove(row, by=request.by)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if request.method == "PUT":
        after = about.model.model_validate(_body(request), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
        changed = after.replace(before) or bool(getattr(after, "password", None))
        context = Context.RESOURCE_REPLACEMENT_RESPONSE
    else:
        after = before.model_copy(deep=True)
        changes = PatchOp[about.model].model_validate(_body(request), scim_ctx=Context.RESOURCE_PATCH_REQUEST)
        changed, context = changes.patch(after), Context.RESOURCE_PATCH_RESPONSE
    if changed:
        row = about.change(row, asked=after, by=request.by)
    return _shown(_document(request, about, row), asked, context)


@scim("POST")
def search(request: ScimRequest, kind: str = "") -> HttpResponse:
    """The questions of a list, as a body."""
    abouts = [_KINDS[kind]] if kind else list(_KINDS.values())
    model = SearchRequest[abouts[0].model] if kind else SearchRequest[User | Group]
    return _listed(request, abouts, model.model_validate(_body(request), scim_ctx=Context.SEARCH_REQUEST))


def _listed(request: ScimRequest, abouts: list[_Kind], asked: Any) -> HttpResponse:
    only = _narrowed(asked, abouts)
    base = base_address(request)
    found = [document for about in abouts for document in about.documents(request.organisation, base, **only)]
    if asked.filter is not None:
        found = [document for document in found if asked.filter.match(document)]
    found = asked.sort(found)
    start = asked.start_index or 1
    count = MOST if asked.count is None else min(asked.count, MOST)
    part = found[start - 1 : start - 1 + count]
    union = User | Group if len(abouts) > 1 else abouts[0].model
    answer = ListResponse[union](total_results=len(found), start_index=start, items_per_page=len(part), resources=part)
    return _answer(answer.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked))


def _narrowed(asked: Any, abouts: list[_Kind]) -> dict[str, str]:
    """The question that directories ask all day goes to an index; everything else is compared here."""
    match = _ONE_NAME.match(str(asked.filter)) if asked.filter is not None and abouts == [_USERS] else None
    return {_COLUMNS[match[1].lower()]: match[2]} if match else {}


@scim("GET", opened=True)
def service(request: HttpRequest) -> HttpResponse:
    """What this interface can do; open to all, as the standard wants it."""
    found = PROVIDER.config.model_copy(deep=True)
    return _described(request, found, "ServiceProviderConfig", "ServiceProviderConfig")


def _described(request: HttpRequest, found: Any, kind: str, path: str) -> HttpResponse:
    found.meta = Meta(resource_type=kind, location=f"{base_address(request)}/{path}")
    return _answer(found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _description(name: str, kind: str, model: Any, found: Callable[[], Any]) -> Any:
    @scim("GET")
    def listed(request: HttpRequest, key: str = "") -> HttpResponse:
        every = [one.model_copy(deep=True) for one in found()]
        if key:
            chosen = next((one for one in every if str(one.id) == key), None)
            if chosen is None:
                raise _missing()
            return _described(request, chosen, kind, f"{name}/{key}")
        if "filter" in request.GET:  # RFC 7644, 4: never
            return _error(403, _("This list cannot be filtered."))
        answer = ListResponse[model](
            total_results=len(every), start_index=1, items_per_page=len(every), resources=every
        )
        return _answer(answer.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))

    return listed


schemas = _description("Schemas", "Schema", Schema, lambda: [*PROVIDER.schemas, *_DISCOVERED])
resource_types = _description("ResourceTypes", "ResourceType", ResourceType, lambda: PROVIDER.resource_types)
_DISCOVERED = [model.to_schema() for model in (Schema, ResourceType, ServiceProviderConfig)]


@scim("GET", "POST", "PUT", "PATCH", "DELETE")
def me(request: ScimRequest) -> HttpResponse:
    """A key is nobody."""
    raise NotImplementedException(detail=_("A key stands for no person: /Me is not there."))


@scim("GET", "POST", "PUT", "PATCH", "DELETE")
def nothing(request: ScimRequest, rest: str = "") -> HttpResponse:
    """No such address."""
    raise _missing()

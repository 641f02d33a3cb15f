"""What went wrong, as problem details (RFC 9457) in the caller's language."""

import json
import logging
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from jasang.errors import JasangError
from jasang.web.ui.language import current

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"


class TooMany(HttpError):
    """More calls than a minute may have; `wait` seconds until the next."""

    def __init__(self, wait: int) -> None:
        super().__init__(429, "too many")
        self.wait = wait


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    """One problem as an answer."""
    document = {"type": "about:blank", "title": _title(status), "status": status, "detail": detail} | more
    return HttpResponse(json.dumps(document, ensure_ascii=False), status=status, content_type=CONTENT_TYPE)


def _title(status: int) -> str:
    return {
        400: _("The request makes no sense"),
        401: _("A key is needed"),
        403: _("This is not allowed"),
        404: _("There is no such thing"),
        405: _("This address does not do that"),
        409: _("Not possible now"),
        412: _("It was changed meanwhile"),
        413: _("Too large"),
        422: _("Something in the request does not fit"),
        429: _("Too many calls"),
    }.get(status, HTTPStatus(status).phrase)


def _detail(error: HttpError) -> str:
    return {
        "scope": _("The key may not do this. Make a key with the scope named in the documentation."),
        "changed": _("Read it again: somebody changed it since you did (If-Match)."),
        "person": _("The account that made this key is gone or no longer has the role. Make a new key."),
        "role": _("Your role in this factory does not allow this."),
        "second factor": _("Your role needs the second factor: sign in with it, or use a key."),
        "CSRF check Failed": _(
            "A browser's session may change something only with the token of its form (X-CSRFToken)."
        ),
    }.get(
        error.message,
        {
            400: _("The body of the request cannot be read."),
            401: _("Send a working key: Authorization: Bearer jsk_…"),
            413: _("The body is too large."),
        }.get(error.status_code, error.message),
    )


def set_up(api: NinjaAPI) -> None:
    """Register the handlers."""

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
        answer = problem(error.status_code, _detail(error))
        if isinstance(error, TooMany):
            answer = problem(429, _("Please wait before the next call."))
            answer["Retry-After"] = str(error.wait)
        if error.status_code == 401:
            answer["WWW-Authenticate"] = 'Bearer realm="jasang"'
        return answer

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return not_found()

    @api.exception_handler(ValidationError)
    def unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = [
            {"at": ".".join(str(part) for part in one["loc"]), "type": one["type"], "expected": one["msg"]}
            for one in error.errors
        ]
        where = ", ".join(sorted({one["at"] for one in errors}))
        return problem(422, _("Please check: %(where)s") % {"where": where}, errors=errors)

    @api.exception_handler(JasangError)
    def told(request: HttpRequest, error: JasangError) -> HttpResponse:
        rows = [asdict(one) for one in getattr(error, "errors", ())]
        return problem(422, error.in_language(current()), **({"errors": rows} if rows else {}))

    @api.exception_handler(RequestDataTooBig)
    def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return body_too_large()

    @api.exception_handler(SuspiciousOperation)  # too many fields or files
    @api.exception_handler(MultiPartParserError)
    @api.exception_handler(UnreadablePostError)
    def broken(request: HttpRequest, error: Exception) -> HttpResponse:
        return problem(400, _("The body of the request cannot be read."))

    @api.exception_handler(Exception)
    def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
        log.error("unexpected at %s", request.path, exc_info=error)
        return problem(500, _("It has been noted. Please try again in a moment."))


def body_too_large() -> HttpResponse:
    """More than a request may bring."""
    return problem(413, _("The body is too large."))


def not_found() -> HttpResponse:
    """Nothing there, or nothing of the caller's."""
    return problem(404, _("There is nothing at this address, or it belongs to another factory."))

"""What every answer carries and every request may bring: a content policy without inline code, and a bounded body."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponse]

# Scripts, styles, fonts and pictures come from this server only; charts export pictures as data and blob addresses.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
# Room for the form around the files.
_FORM_BYTES = 1_000_000


class SecurityHeaders:
    """Adds the content policy, and keeps pages behind sign-in out of shared caches."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["X-Frame-Options"] = "DENY"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if not request.path.startswith(settings.STATIC_URL):
            response.setdefault("Cache-Control", "private, no-store")
        return response


class PlainAddress:
    """No address holds U+0000, and PostgreSQL would fail on it: there is nothing there."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        return self.get_response(request)


def _problem(detail: str) -> HttpResponse:
    """The same for a program (RFC 9457)."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    document = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return JsonResponse(document, status=status, content_type="application/problem+json")


class BodyLimit:
    """Refuses a request that says it is larger than an upload may be, before a byte of it is read."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META.get("CONTENT_LENGTH") or "0"
        length = int(told) if told.isdecimal() else 0
        if length <= settings.UPLOAD_LIMIT_MB * 1_000_000 + _FORM_BYTES:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return _problem(_("The body is too large."))
        context = {"limit_mb": settings.UPLOAD_LIMIT_MB}
        return render(request, "ui/too_large.html", context, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

"""Korean unless the user chose English: the choice is a cookie, not the browser's own language."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from jasang.errors import Language


def current() -> Language:
    """The language this page is made in."""
    return "en" if (translation.get_language() or "ko").startswith("en") else "ko"


class ChosenLanguage:
    """Makes every page in the language of the user's cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if chosen is None and request.path.startswith("/api/"):  # a program says it in the header
            chosen = translation.get_language_from_request(request)
        with translation.override(chosen if chosen in {"ko", "en"} else settings.LANGUAGE_CODE):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", current())
        return response


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language and go back to the page the user was on."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if (chosen := request.POST.get("language")) in {"ko", "en"}:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
        )
    return response

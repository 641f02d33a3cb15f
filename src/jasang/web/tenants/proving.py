"""Showing once more who one is, where an open browser is not enough: at the foreign provider, for who has no password here."""

import secrets
import time

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

LINKING = "foreign_linking"  # in the session: proves that the way to the provider begins on one of our pages
_PROVED = "foreign_proved_at"
SECONDS = 300  # between the sign-in there and the deed here


def page_token(request: HttpRequest) -> str:
    """What a page puts into its link to the provider; no other site knows it."""
    made: str = request.session.setdefault(LINKING, secrets.token_urlsafe(24))
    return made


def way(request: HttpRequest, back: str) -> str:
    """The address at which this person signs in at the provider anew and comes back; blank where that is no way."""
    user = request.user
    if settings.OIDC is None or not user.foreign_identities.filter(issuer=settings.OIDC["issuer"]).exists():
        return ""
    return f"{reverse('foreign-sign-in')}?{urlencode({'prove': page_token(request), 'next': back})}"


def keep(request: HttpRequest) -> None:
    """The provider has just seen the person."""
    request.session[_PROVED] = time.time()


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person showed at the provider who he or she is, a moment ago."""
    return bool(time.time() - request.session.get(_PROVED, 0.0) < SECONDS)


def use(request: HttpRequest) -> bool:
    """The same, once."""
    fresh = is_fresh(request)
    request.session.pop(_PROVED, None)
    return fresh

"""The pages for what went wrong, in the user's language and without a word of the program's inside."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page, or it is not this user's."""
    return render(request, "ui/not_found.html", status=HTTPStatus.NOT_FOUND)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The request makes no sense."""
    return render(request, "ui/bad_request.html", status=HTTPStatus.BAD_REQUEST)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from an old page or another site."""
    return render(request, "ui/form_expired.html", status=HTTPStatus.FORBIDDEN)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours; it has been logged."""
    return render(request, "ui/server_error.html", status=HTTPStatus.INTERNAL_SERVER_ERROR)

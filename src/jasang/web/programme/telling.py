"""What pages of the programme share: refused steps are said on the page one comes from; files are handed out as downloads."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect

from jasang.errors import JasangError
from jasang.web.ui.language import current


def telling(back: Callable[..., str]) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A step that is refused is said on the page with the address `back(request, **kwargs)`."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def told(request: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, **kwargs)
            except JasangError as error:
                messages.error(request, error.in_language(current()))
            except ValidationError as error:  # of a single field that was read by itself
                messages.error(request, " ".join(error.messages))
            return redirect(back(request, **kwargs))

        return told

    return guard


def tell_form(request: Any, form: Any) -> None:
    """Say what a form that was sent from within a page lacks."""
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        for error in errors:
            messages.error(request, f"{label}: {error}" if label else error)


def send(path: Path | str, name: str) -> FileResponse:
    """The file, never shown in the page: always as a download."""
    place = Path(path)
    if not place.is_file():
        raise Http404
    answer = FileResponse(place.open("rb"), as_attachment=True, filename=name)
    answer["Content-Type"] = "application/octet-stream"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer

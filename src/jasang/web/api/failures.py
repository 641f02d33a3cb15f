"""What was not found: a page for people, problem details for programs."""

from django.http import HttpRequest, HttpResponse

from jasang.web.api import problems
from jasang.web.ui import failures


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such address, or it is not the caller's."""
    return problems.not_found() if request.path.startswith("/api/") else failures.not_found(request, exception)

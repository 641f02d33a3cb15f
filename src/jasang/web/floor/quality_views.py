"""The page of data quality."""

from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jasang.errors import StoreError
from jasang.web.floor import assets_data, quality_data
from jasang.web.floor.trends_views import opened
from jasang.web.tenants.access import FactoryRequest, for_members

ROWS_A_PAGE = 25


@for_members
@require_GET
def quality(request: FactoryRequest) -> HttpResponse:
    """Gaps, bad, stuck and late values of each signal over a span, as a map, with what to do."""
    now = datetime.now(UTC)
    span = request.GET.get("span", "")
    span = span if span in quality_data.SPANS else "week"
    query = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"tab": "live", "part": "quality", "span": span, "query": query}
    context["spans"] = [("day", _("1 day")), ("week", _("7 days")), ("month", _("30 days"))]
    context["kinds"] = [(kind, quality_data.SHAPES[kind], quality_data.kind_words(kind)) for kind in _SHOWN]
    try:
        with opened(request.factory) as reader:
            everything = [] if reader is None else assets_data.sought(reader.signals(), query, "")
            page = Paginator(everything, ROWS_A_PAGE).get_page(request.GET.get("page"))
            parts = quality_data.slots(span, now, request.factory.timezone)
            rows = [] if reader is None else quality_data.quality(reader, list(page.object_list), parts, now)
    except StoreError as error:
        return render(request, "floor/quality.html", context | {"error": {"ko": error.ko, "en": error.en}})
    context |= {
        "page": page,
        "rows": rows,
        "columns": parts,
        "advice": quality_data.advice(rows),
        "together": quality_data.silent_together(rows),
    }
    return render(request, "floor/quality.html", context)


_SHOWN = ("good", "part", "late", "stuck", "bad", "gap", "rare", "none")

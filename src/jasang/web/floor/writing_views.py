"""The pages of settings that are written back: proposals, one proposal with its audit trail, the form, approve and stop."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.connect.writing import WriteRule
from jasang.errors import JasangError
from jasang.mentor.wording import number
from jasang.mentor.write_back import ACTIVE, Proposal
from jasang.web.floor import writing
from jasang.web.floor.queries import LIST_LENGTH
from jasang.web.floor.writing_forms import settings_given, watch_given
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current

_TAB = {"tab": "better"}
_WRITERS = (Role.OWNER, Role.ENGINEER)
_KINDS = {"kept": "good", "rolled_back": "act", "failed": "act", "taken_over": "watch", "stopped": "other"}


@for_members
@require_GET
def writes(request: FactoryRequest) -> HttpResponse:
    """What was proposed, newest first, and what may be written; or what is wrong in the collector's file."""
    found = _file(request)
    context: dict[str, Any] = _TAB | {"may_write": request.role in _WRITERS and found.wrong is None}
    context["faulty"] = _fault(found)
    try:
        rows = writing.proposed(found.path)
        page = Paginator(rows[::-1], LIST_LENGTH).get_page(request.GET.get("page"))
        context |= {"page": page, "rows": [_row(one) for one in page]}
        if found.wrong is None:
            status = writing.written(found.path)
            context |= {"head": status.head, "entries": status.entries, "rules": [_rule(rule) for rule in status.rules]}
    except JasangError as error:
        context["wrong"] = error.in_language(current())
    return render(request, "floor/optimise/writes.html", context)


@for_members
@require_GET
def write(request: FactoryRequest, name: str) -> HttpResponse:
    """One proposal: what, who, how it stands, every step."""
    return _page(request, _file(request), name)


@for_roles(*_WRITERS)
@require_http_methods(["GET", "POST"])
def new_write(request: FactoryRequest) -> HttpResponse:
    """Propose settings of one machine, by hand or from a recommendation."""
    found = _file(request)
    if found.wrong is not None:
        context = _TAB | {"faulty": _fault(found)}
        return render(request, "floor/optimise/new_write.html", context, status=HTTPStatus.BAD_REQUEST)
    places = writing.writable(found.path)
    posted = request.POST if request.method == "POST" else None
    wrong = None
    if posted is not None:
        try:
            chosen = next((one for one in places if one.connection == posted.get("connection")), None)
            if chosen is None:
                raise Http404
            made = writing.propose_write(
                factory=request.factory, settings=settings_given(chosen, posted), watch=watch_given(posted),
                user=request.user, reason=posted.get("reason", "").strip()[:500],
            )  # fmt: skip
            return redirect("optimise:write", factory_key=request.factory.key, name=made.name)
        except JasangError as error:
            wrong = error.in_language(current())
    source = _uuid(request.GET.get("from", ""))
    asked = writing.recommended(request.factory, source) if source else {}
    context = _TAB | {
        "forms": [_form(one, posted, asked) for one in places],
        "wrong": wrong,
        "asked": bool(asked),
        "unknown": sorted(set(asked) - {rule.name for one in places for rule in one.rules}),
    }
    status = HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK
    return render(request, "floor/optimise/new_write.html", context, status=status)


@for_roles(*_WRITERS)
@require_POST
def approve_write(request: FactoryRequest, name: str) -> HttpResponse:
    """Somebody else takes responsibility."""
    file = _file(request)
    _found(file, name)
    return _done(
        request, file, name, lambda: writing.approve_write(factory=request.factory, name=name, user=request.user)
    )


@for_roles(*_WRITERS)
@require_POST
def stop_write(request: FactoryRequest, name: str) -> HttpResponse:
    """Withdraw it, or have it rolled back."""
    file, reason = _file(request), request.POST.get("reason", "").strip()[:500]
    _found(file, name)
    return _done(
        request, file, name,
        lambda: writing.stop_write(factory=request.factory, name=name, user=request.user, reason=reason),
    )  # fmt: skip


def _done(request: FactoryRequest, file: writing.SettingsFile, name: str, act: Any) -> HttpResponse:
    try:
        act()
    except JasangError as error:
        return _page(request, file, name, error.in_language(current()))
    return redirect("optimise:write", factory_key=request.factory.key, name=name)


def _page(request: FactoryRequest, file: writing.SettingsFile, name: str, wrong: str | None = None) -> HttpResponse:
    one = _found(file, name)
    may, own = request.role in _WRITERS, writing.is_own(one, request.user)
    context = _TAB | {
        "faulty": _fault(file),
        "row": _row(one),
        "steps": [_step(entry) for entry in writing.steps_of(file.path, name)],
        "own": own,
        "may_approve": may and not own and file.wrong is None and one.state == "proposed",
        "may_stop": may and one.stop_by is None and one.state in ("proposed", "approved", *ACTIVE),
        "may_write": may,
        "wrong": wrong,
    }
    page = "floor/optimise/write_state.html" if request.htmx else "floor/optimise/write.html"
    return render(request, page, context, status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK)


def _file(request: FactoryRequest) -> writing.SettingsFile:
    """The collector's file; without `[[write]]` the pages are not there."""
    found = writing.settings_file(request.factory)
    if found is None:
        raise Http404
    return found


def _fault(file: writing.SettingsFile) -> str | None:
    """What is wrong in the file; where it lies on the server is nobody's business on a page."""
    return None if file.wrong is None else file.wrong.in_language(current()).replace(f"{file.path.parent}/", "")


def _found(file: writing.SettingsFile, name: str) -> Proposal:
    try:
        known = {one.name: one for one in writing.proposed(file.path)}
    except JasangError as error:
        raise Http404 from error
    if name not in known:
        raise Http404
    return known[name]


def _rule(rule: WriteRule) -> dict[str, Any]:
    unit = f" {rule.unit}" if rule.unit else ""
    return {
        "name": rule.name, "connection": rule.connection, "per_hour": rule.per_hour,
        "limits": f"{number(rule.low)} … {number(rule.high)}{unit}", "step": f"{number(rule.largest_step)}{unit}",
    }  # fmt: skip


def _form(one: writing.Writable, posted: Any, asked: dict[str, float]) -> dict[str, Any]:
    given = posted if posted is not None and posted.get("connection") == one.connection else {}
    fields = []
    for place, rule in enumerate(one.rules):
        first = number(asked[rule.name]).replace(",", "") if rule.name in asked else ""
        value = given.get(f"to-{place}", first)  # as it was typed: a refused "56,5" must not come back as 565
        fields.append({"rule": rule, "name": f"to-{place}", "value": value} | {"shown": _rule(rule)})
    return {"connection": one.connection, "fields": fields, "signals": one.signals, "given": given}


def _row(one: Proposal) -> dict[str, Any]:
    words = states()
    return {
        "one": one,
        "state": words[one.state],
        "kind": _KINDS.get(one.state, "watch"),
        "open": one.state in ("proposed", "approved", *ACTIVE),
        "changes": [
            {"name": change.setting, "before": "" if change.before is None else number(change.before),
             "to": number(change.to), "unit": change.unit or ""}
            for change in one.changes
        ],
        "why": None if one.why is None else one.why[current()],
        "minutes": number(one.watch.seconds / 60),
        "means": None
        if one.outcome is None
        else (number(one.outcome["before"]["mean"]), number(one.outcome["after"]["mean"])),
    }  # fmt: skip


def _step(entry: Any) -> dict[str, Any]:
    words = states() | {"written": _("written"), "stop_asked": _("asked to stop"), "recovered": _("taken up again")}
    return {
        "number": entry.number,
        "at": entry.at,
        "what": words.get(entry.step, entry.step),
        "by": entry.by,
        "digest": entry.digest[:12],
    }


def states() -> dict[str, str]:
    """What the states are called."""
    return {
        "proposed": _("proposed"),
        "approved": _("approved"),
        "writing": _("being written"),
        "watching": _("being watched"),
        "rolling_back": _("being rolled back"),
        "kept": _("kept"),
        "rolled_back": _("rolled back"),
        "taken_over": _("taken over by hand"),
        "stopped": _("stopped"),
        "failed": _("not written"),
    }


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""

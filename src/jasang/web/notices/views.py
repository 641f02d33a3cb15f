"""The pages of news, and of a factory's webhooks."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.notices import services
from jasang.web.notices.models import Delivery, Letters, Notice, Webhook
from jasang.web.tenants.access import FactoryRequest, for_roles
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current

_PER_PAGE = 30
_SHOWN_CALLS = 30


def kind_words(kind: str) -> str:
    """What a kind of news is called."""
    return {
        "diagnosis_done": _("A diagnosis is done"),
        "finding": _("A finding takes a step"),
        "study": _("An answer is there"),
        "case": _("Something new in a case"),
        "difficulty": _("A difficulty that several factories have"),
        "residency": _("A mentor in the factory"),
        "support": _("Something new about an application or a request"),
    }.get(kind, kind)


def _letters_words() -> list[tuple[str, str]]:
    return [
        (Letters.AT_ONCE.value, _("by e-mail at once")),
        (Letters.DIGEST.value, _("by e-mail, one letter each morning")),
        (Letters.NEVER.value, _("in the page only")),
    ]


@login_required
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """All news of the person; opening the list marks them as seen."""
    page = Paginator(services.news(request.user), _PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    services.see_all(user=request.user)
    chosen = [(kind, kind_words(kind), letters) for kind, letters in services.choices(request.user).items()]
    context = {"page": page, "rows": rows, "chosen": chosen, "letters": _letters_words()}
    return render(request, "notices/news.html", context)


@login_required
@require_GET
def count(request: HttpRequest) -> JsonResponse:
    """How many news are unseen: what the bell asks for."""
    return JsonResponse({"unseen": Notice.objects.filter(user=request.user, seen_at__isnull=True).count()})


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """How each kind of news comes."""
    for kind in settings.NOTICE_KINDS:
        given = request.POST.get(kind)
        if given in Letters.values:
            services.choose(user=request.user, kind=kind, letters=Letters(given))
    return redirect("news")


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
def webhooks(request: FactoryRequest) -> HttpResponse:
    """The addresses that are called, and the latest calls; a new one's secret is shown once."""
    made, wrong = None, ""
    if request.method == "POST":
        url, kinds = request.POST.get("url", "")[:500], request.POST.getlist("kinds")
        try:
            made = services.add_webhook(factory=request.factory, url=url, kinds=kinds, by=request.user)
        except JasangError as error:
            wrong = error.in_language(current())
    calls = Delivery.objects.of(request.factory).select_related("webhook").defer("body").order_by("-made_at", "-pk")
    context = {
        "hooks": [
            (hook, [kind_words(kind) for kind in hook.kinds])
            for hook in Webhook.objects.of(request.factory).order_by("made_at", "pk")
        ],
        "calls": calls[:_SHOWN_CALLS],
        "kinds": [(kind, kind_words(kind)) for kind in services.webhook_kinds()],
        "made": made,
        "wrong": wrong,
        "url": request.POST.get("url", "") if wrong else "",
    }
    return render(request, "notices/webhooks.html", context, status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK)


@for_roles(Role.OWNER)
@require_POST
def remove(request: FactoryRequest, key: str) -> HttpResponse:
    """Call this address no longer."""
    services.remove_webhook(webhook=get_object_or_404(Webhook.objects.of(request.factory), key=key))
    return redirect("webhooks", factory_key=request.factory.key)


@for_roles(Role.OWNER)
@require_POST
def again(request: FactoryRequest, key: str) -> HttpResponse:
    """Try a dead call again."""
    found = Delivery.objects.of(request.factory).select_related("factory").filter(key=key).first()
    if found is None:
        raise Http404
    services.try_again(delivery=found)
    return redirect("webhooks", factory_key=request.factory.key)

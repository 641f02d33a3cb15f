"""Searching and articles: for a factory, and for the centre's agents."""

from http import HTTPStatus
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.web.center import article_services, search_showing
from jasang.web.center.agent_views import AgentRequest, for_agents
from jasang.web.center.events import LONGEST_TEXT
from jasang.web.center.factory_views import SPEAKING
from jasang.web.center.models import Article, Case, Event, Sighting
from jasang.web.center.queries import LIST_LENGTH
from jasang.web.center.search_store import LONGEST_QUERY, Reader
from jasang.web.center.serving import centre_of
from jasang.web.jobs.announcing import subject
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles


class ArticleForm(forms.Form):
    """An article in both languages; Korean is needed, English may follow."""

    title_ko = forms.CharField(max_length=200, error_messages={"required": _("Please give it a title.")})
    body_ko = forms.CharField(max_length=LONGEST_TEXT, error_messages={"required": _("Please write what helps.")})
    title_en = forms.CharField(max_length=200, required=False)
    body_en = forms.CharField(max_length=LONGEST_TEXT, required=False)
    rules = forms.CharField(max_length=600, required=False)


def _reader(request: FactoryRequest) -> Reader:
    serving = centre_of(request.factory)
    return Reader(factory=request.factory, centre=serving.organisation if serving is not None else None)


@for_members
@require_GET
def search(request: FactoryRequest) -> HttpResponse:
    """What the factory finds among its own cases, its centre's articles and what helped others."""
    typed = request.GET.get("q", "")[:LONGEST_QUERY]
    found = search_showing.search(_reader(request), typed, base=request.factory) if typed.strip() else []
    return render(
        request,
        "center/search.html",
        {"tab": "cases", "typed": typed, "found": found, "served": centre_of(request.factory) is not None},
    )


@for_roles(*SPEAKING)
@require_POST
def similar(request: FactoryRequest) -> HttpResponse:
    """A part of the page for a new case: what fits what is being typed."""
    key = request.POST.get("finding", "")
    about = subject(factory=request.factory, kind="finding", key=key) if key else None
    typed = f"{request.POST.get('title', '')} {request.POST.get('text', '')}"[:LONGEST_QUERY]
    found = search_showing.suggestions(
        _reader(request), typed, base=request.factory, document=(about.document if about is not None else None) or {},
        shape=about.signal if about is not None else None,
    )  # fmt: skip
    return render(request, "center/articles/similar.html", {"found": found})


@for_agents()
@require_POST
def agent_similar(request: AgentRequest, key: UUID) -> HttpResponse:
    """A part of a case's page: past cases and know-how like it, by its words, what is being typed, and its signal's shape."""
    case = get_object_or_404(Case.objects.at(request.organisation), key=key)
    seen = Sighting.objects.of_every_factory().filter(case=case).first()
    first = Event.objects.at(case.centre).filter(case=case, kind="opened").values_list("text", flat=True).first() or ""
    typed = " ".join((request.POST.get("text", "")[: LONGEST_QUERY // 2], case.title, first))[:LONGEST_QUERY]
    found = search_showing.suggestions(
        Reader(centre=request.organisation), typed, base=request.organisation, document=case.carried.get("document") or {},
        shape=bytes(seen.profile) if seen is not None and seen.profile else None, besides=str(case.key),
    )  # fmt: skip
    return render(request, "center/articles/similar.html", {"found": found, "for_agents": True})


@for_members
@require_GET
def article(request: FactoryRequest, key: UUID) -> HttpResponse:
    """A published article of the centre that serves the factory."""
    one = _published(request, key)
    context = {"tab": "cases", "article": one, "words": search_showing.article_words(one)}
    return render(request, "center/articles/article.html", context)


@for_members
@require_POST
def vote(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Whether it helped."""
    one = _published(request, key)
    article_services.vote(article=one, user=request.user, helped=request.POST.get("helped") == "yes")
    context = {"tab": "cases", "article": one, "words": search_showing.article_words(one), "voted": True}
    return render(request, "center/articles/article.html", context)


def _published(request: FactoryRequest, key: UUID) -> Article:
    centre = _reader(request).centre
    return get_object_or_404(
        Article.objects.of_every_organisation().filter(organisation=centre, published_at__isnull=False), key=key
    )


@for_agents()
@require_GET
def agent_search(request: AgentRequest) -> HttpResponse:
    """What agents find among the cases and articles of their centre and what helped."""
    typed = request.GET.get("q", "")[:LONGEST_QUERY]
    reader = Reader(centre=request.organisation)
    found = search_showing.search(reader, typed, base=request.organisation) if typed.strip() else []
    return render(request, "center/search.html", {"tab": "articles", "typed": typed, "found": found})


@for_agents()
@require_GET
def articles(request: AgentRequest) -> HttpResponse:
    """The articles of the centre, lately changed first."""
    rows = Article.objects.of(request.organisation).order_by("-changed_at", "-pk")
    page = Paginator(rows, LIST_LENGTH).get_page(request.GET.get("page"))
    rows = [(one, search_showing.article_words(one)["title"]) for one in page]
    return render(request, "center/articles/list.html", {"tab": "articles", "page": page, "rows": rows})


@for_agents()
@require_GET
def agent_article(request: AgentRequest, key: UUID) -> HttpResponse:
    """One article as agents see it, draft or not."""
    one = get_object_or_404(Article.objects.of(request.organisation), key=key)
    context = {"tab": "articles", "article": one, "words": search_showing.article_words(one)}
    return render(request, "center/articles/article.html", context)


@for_agents()
@require_http_methods(["GET", "POST"])
def write(request: AgentRequest, key: UUID | None = None) -> HttpResponse:
    """Write an article: anew, from the answers of a case (`?case=`), or new words for one that there is."""
    one = get_object_or_404(Article.objects.of(request.organisation), key=key) if key else None
    case = _case(request)
    form = ArticleForm(request.POST if request.method == "POST" else None, initial=_first(one, case))
    if form.is_valid():
        given = form.cleaned_data
        rules = given.pop("rules").replace(",", " ").split()
        kept = article_services.write_article(
            centre=request.organisation, user=request.user, article=one, case=case, rules=rules, **given
        )
        return redirect("center:agent-article", organisation_key=request.organisation.key, key=kept.key)
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    context = {"tab": "articles", "form": form, "article": one, "case": case}
    return render(request, "center/articles/write.html", context, status=status)


def _case(request: AgentRequest) -> Case | None:
    key = request.POST.get("case", "") or request.GET.get("case", "")
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    return get_object_or_404(Case.objects.at(request.organisation), key=wanted)


def _first(article: Article | None, case: Case | None) -> dict[str, str]:
    if article is not None:
        names = ("title_ko", "body_ko", "title_en", "body_en")
        return {name: getattr(article, name) for name in names} | {"rules": " ".join(article.rules)}
    if case is None:
        return {}
    answers = Event.objects.at(case.centre).filter(case=case, ours=True, private=False).exclude(text="")
    rule = str((case.carried.get("document") or {}).get("rule", ""))
    text = "\n\n".join(answers.order_by("place").values_list("text", flat=True)[:20])
    return {"title_ko": case.title, "body_ko": text[:LONGEST_TEXT], "rules": rule}


@for_agents()
@require_POST
def publish(request: AgentRequest, key: UUID) -> HttpResponse:
    """Show it to the factories of the centre, or take it back."""
    one = get_object_or_404(Article.objects.of(request.organisation), key=key)
    article_services.publish(article=one, published=request.POST.get("published") == "yes")
    return redirect("center:agent-article", organisation_key=request.organisation.key, key=one.key)

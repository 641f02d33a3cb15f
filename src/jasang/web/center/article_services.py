"""Everything that changes an article. Each function is one transaction."""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.web.center.models import Article, ArticleVote, Case
from jasang.web.tenants.models import Organisation


@transaction.atomic
def write_article(
    *,
    centre: Organisation,
    user: AbstractBaseUser,
    title_ko: str,
    body_ko: str,
    title_en: str = "",
    body_en: str = "",
    rules: Sequence[str] = (),
    case: Case | None = None,
    article: Article | None = None,
) -> Article:
    """A new article as a draft, or new words for one that there is. A case it is made from stays unnamed in it."""
    if case is not None and case.centre_id != centre.pk:
        raise ValueError("the case is another centre's")
    kept = (
        Article(organisation=centre, case=case)
        if article is None
        else Article.objects.of(centre).select_for_update().get(pk=article.pk)
    )
    kept.title_ko, kept.body_ko, kept.title_en, kept.body_en = title_ko, body_ko, title_en, body_en
    kept.rules, kept.changed_by = list(dict.fromkeys(rules)), user
    kept.save()
    return kept


@transaction.atomic
def publish(*, article: Article, published: bool) -> None:
    """Let the factories of the centre see it, or no longer."""
    kept = Article.objects.of(article.organisation).select_for_update().get(pk=article.pk)
    if published != (kept.published_at is not None):
        kept.published_at = timezone.now() if published else None
        kept.save()


@transaction.atomic
def vote(*, article: Article, user: AbstractBaseUser, helped: bool) -> None:
    """One vote a reader; the last one counts."""
    kept = Article.objects.of(article.organisation).select_for_update().get(pk=article.pk)
    ArticleVote.objects.update_or_create(article=kept, user=user, defaults={"helped": helped})
    votes = ArticleVote.objects.filter(article=kept)
    # Not by save(): a vote changes nothing that is searched.
    Article.objects.of(kept.organisation).filter(pk=kept.pk).update(
        helped=votes.filter(helped=True).count(), not_helped=votes.filter(helped=False).count()
    )

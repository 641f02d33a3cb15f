"""What can be found: entries with their terms, the words they are made of, articles and what readers thought of them."""

import uuid

from django.conf import settings
from django.db import models

from jasang.web.tenants.models import Factory, Organisation, OrganisationModel


class SearchWord(models.Model):
    """A term (a word, a meaning as `=금형`, or a piece) and how many entries have it; two rows keep totals (search_store)."""

    text = models.CharField(max_length=60, unique=True)
    piece = models.BooleanField(default=False)
    entries = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["piece", "-entries"])]

    def __str__(self) -> str:
        return self.text


class SearchEntry(models.Model):
    """Something to find. `terms` are its words' numbers and weights; the same numbers lie in the full text table of the database.

    A factory sees an entry of its own, one that its centre published (`published`) and one shared with all (`shared`).
    """

    kind = models.CharField(max_length=10)  # case | article | knowhow
    source = models.CharField(max_length=64)  # key of the thing
    centre = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="+")
    factory = models.ForeignKey(Factory, null=True, on_delete=models.CASCADE, related_name="+")
    published = models.BooleanField(default=False)
    shared = models.BooleanField(default=False)
    title_ko = models.CharField(max_length=250)
    title_en = models.CharField(max_length=250, blank=True)
    text_ko = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    rule = models.CharField(max_length=60, blank=True)  # of the finding it is about
    terms = models.TextField(default="")
    words = models.FloatField(default=0.0)  # weighted lengths
    pieces = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="one_entry_per_thing")]
        indexes = [models.Index(fields=["rule", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


class SearchDue(models.Model):
    """A thing that changed and whose entry has to be made anew; written with each change itself, so that none is lost."""

    kind = models.CharField(max_length=10)
    source = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


class Article(OrganisationModel):
    """An answer that many need, in Korean and English, written at a centre."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title_ko = models.CharField(max_length=200)
    body_ko = models.TextField()
    title_en = models.CharField(max_length=200, blank=True)
    body_en = models.TextField(blank=True)
    rules = models.JSONField(default=list)  # rules of findings it helps with
    case = models.ForeignKey("center.Case", null=True, on_delete=models.SET_NULL, related_name="+")  # made from
    published_at = models.DateTimeField(null=True)  # null = a draft
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    helped = models.PositiveIntegerField(default=0)
    not_helped = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-changed_at"])]

    def __str__(self) -> str:
        return self.title_ko


class ArticleVote(models.Model):
    """Whether an article helped one reader; who votes again changes the vote."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    helped = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "user"], name="one_vote_per_reader")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.helped}"

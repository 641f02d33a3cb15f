"""Keeps what can be found up to date: each change of a thing is noted with it, and a chore makes its entry anew.

What can be found is registered in the settings (`SEARCHED`): a model with a `key`, and the function that makes its entry.
"""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils.module_loading import import_string

from jasang.errors import ConfigurationError
from jasang.web.center.models import Article, Case, CaseState, Event
from jasang.web.center.search_models import SearchDue, SearchEntry
from jasang.web.center.search_store import Read, drop_entries, keep_read, read_entries

log = logging.getLogger(__name__)
AT_ONCE = 50
MOST_TEXT = 4000  # signs of a case that are searched
_told: set[str] = set()


def listen() -> None:
    """Note from now on what changes (when the area is loaded)."""
    for name in settings.SEARCHED:
        model = apps.get_model(name)
        post_save.connect(_changed, sender=model, dispatch_uid=f"search-{name}")
        post_delete.connect(_changed, sender=model, dispatch_uid=f"search-{name}-gone")


def _changed(sender: Any, instance: Any, **about: Any) -> None:
    SearchDue.objects.create(kind=sender.__name__.lower(), source=str(instance.key))


def catch_up() -> int:
    """The chore: make the entries of what changed; how many things that were. Any number may run side by side."""
    done = 0
    while made := _some():
        done += made
        if made < AT_ONCE:
            break
    return done


def _some() -> int:
    due = list(SearchDue.objects.order_by("pk")[:AT_ONCE])
    if not due:
        return 0
    makers: dict[str, Callable[[str], SearchEntry | None]] = {
        name.rpartition(".")[2].lower(): import_string(path) for name, path in settings.SEARCHED.items()
    }
    things = dict.fromkeys((row.kind, row.source) for row in due)
    made = {(kind, source): makers[kind](source) if kind in makers else None for kind, source in things}
    try:  # outside of a transaction: reading takes seconds on a busy machine, and SQLite knows one writer at a time
        read = read_entries([entry for entry in made.values() if entry is not None])
    except ConfigurationError as error:  # the extra is not installed: the portal works without searches
        if error.en not in _told:
            _told.add(error.en)
            log.warning("%s", error.en)
        return 0
    _keep(due, read, gone=[thing for thing, entry in made.items() if entry is None])
    return len(due)


@transaction.atomic
def _keep(due: list[SearchDue], read: list[Read], *, gone: list[tuple[str, str]]) -> None:
    """Keep what another process did not keep meanwhile; whatever changed since was noted again and is made anew next."""
    rows = SearchDue.objects.filter(pk__in=[row.pk for row in due])
    held = {(row.kind, row.source) for row in rows.select_for_update()}
    rows.delete()
    for kind, source in gone:
        if (kind, source) in held:
            drop_entries(kind=kind, sources=[source])
    keep_read([one for one in read if (one.entry.kind, one.entry.source) in held])


@transaction.atomic
def note_all() -> int:
    """Note every thing there is: for a portal from before there was a search, or after its tables were lost."""
    number = 0
    for name in settings.SEARCHED:
        model = apps.get_model(name)
        keys = model._base_manager.values_list("key", flat=True)
        made = SearchDue.objects.bulk_create(
            [SearchDue(kind=model.__name__.lower(), source=str(key)) for key in keys], batch_size=1000
        )
        number += len(made)
    return number


def case_entry(source: str) -> SearchEntry | None:
    """A case by its title and what the factory and the centre said to each other; inner notes are not searched."""
    case = Case.objects.of_every_factory().filter(key=UUID(source)).exclude(state=CaseState.MERGED).first()
    if case is None:
        return None
    said = Event.objects.of_every_factory().filter(case=case, private=False).exclude(text="").order_by("place")
    text = "\n".join(said.values_list("text", flat=True)[:20])[:MOST_TEXT]
    document = case.carried.get("document") or {}
    return SearchEntry(
        kind="case", source=source, centre_id=case.centre_id, factory_id=case.factory_id,
        title_ko=case.title, text_ko=text, rule=str(document.get("rule", ""))[:60],
    )  # fmt: skip


def article_entry(source: str) -> SearchEntry | None:
    """An article in both languages; a draft is found at its centre only."""
    one = Article.objects.of_every_organisation().filter(key=UUID(source)).first()
    if one is None:
        return None
    return SearchEntry(
        kind="article", source=source, centre_id=one.organisation_id, published=one.published_at is not None,
        title_ko=one.title_ko, title_en=one.title_en, text_ko=one.body_ko, text_en=one.body_en,
        rule=str(one.rules[0])[:60] if one.rules else "",
    )  # fmt: skip

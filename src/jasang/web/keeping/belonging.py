"""Which rows and files of the portal belong to one factory.

A table belongs to factories when it has a column `factory`, when its rows cannot be without a row of such a table (a payment
without its application), or when the settings say so (`ESCROW_BY`). So a new area is in the archive without a line of its own.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from jasang.web.tenants.models import Factory

# What lies in the data folder and is nobody's file: half-uploaded ones, and the archives themselves.
NO_FILES = ("incoming", "escrow")
# Every kept file has a random folder of its own. Only such a name counts: people write words too, and words that are the name of
# a backup or of another factory's store must neither bring it into the archive nor take it out of the portal.
_RANDOM = re.compile(r"[0-9a-f]{32}")


@cache
def ways() -> dict[Any, str]:
    """Each table of factories and the way from its rows to the factory, as a filter says it."""
    found: dict[Any, str] = {Factory: "pk"}
    every = [model for model in apps.get_models(include_auto_created=True) if model is not Factory]
    while True:
        more = {model: way for model in every if model not in found and (way := _way(model, found))}
        if not more:
            return found
        found |= more


def _way(model: Any, found: dict[Any, str]) -> str | None:
    chosen = settings.ESCROW_BY.get(model._meta.label)
    if chosen is not None:
        target = model._meta.get_field(chosen).related_model
        return _through(chosen, target, found) if target in found else None
    relations = [field for field in model._meta.concrete_fields if field.is_relation]
    for field in relations:
        if field.related_model is Factory:
            return field.name
    for field in relations:
        if field.related_model in found and not field.null:
            return _through(field.name, field.related_model, found)
    return None


def _through(name: str, target: Any, found: dict[Any, str]) -> str:
    return name if target is Factory else f"{name}__{found[target]}"


def undeclared() -> list[str]:
    """Tables that may point to a factory's row but need not, and of which the settings do not say whether they belong to it."""
    odd = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label
        if model in ways() or label in settings.ESCROW_LEFT_OUT:
            continue
        if any(field.is_relation and field.related_model in ways() for field in model._meta.concrete_fields):
            odd.append(label)
    return sorted(odd)


def rows_of(factory: Factory) -> Iterator[tuple[str, models.QuerySet]]:
    """Each table's rows of this factory, those that others point to first."""
    for model, way in ways().items():
        yield model._meta.label, models.QuerySet(model).filter(**{way: factory.pk})


def files_of(documents: Iterator[dict[str, Any]]) -> set[Path]:
    """The files in the data folder that these rows name, with whatever lies beside them in their own random folder."""
    home = Path(settings.JASANG_HOME)
    found: set[Path] = set()
    for document in documents:
        for text in _texts(list(document.values())):
            found |= _files(home, text)
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)


def _files(home: Path, text: str) -> set[Path]:
    if len(text) > 1000 or "\n" in text or "\x00" in text:
        return set()
    path = Path(text)
    inside = path if path.is_absolute() else home / path
    if not inside.is_relative_to(home) or ".." in inside.parts:
        return set()
    parts = inside.relative_to(home).parts
    if len(parts) < 2 or parts[0] in NO_FILES or not _RANDOM.fullmatch(parts[1]):
        return set()
    folder = home / parts[0] / parts[1]
    if folder.is_dir():
        return {one for one in folder.rglob("*") if one.is_file() and not one.is_symlink()}
    return {folder} if folder.is_file() else set()

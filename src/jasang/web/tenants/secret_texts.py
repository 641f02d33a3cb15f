"""Secrets that the program needs in plain words (a phone's TOTP secret, the word that signs calls), encrypted in the database.

Fernet (AES-128-CBC with HMAC-SHA-256) of `cryptography`. The keys are in `settings.SECRETS_KEYS`, not in the database: the first
encrypts, every one decrypts, so that a key is changed by putting a new one in front and running `jasang-portal secrets rotate`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models, transaction

_MARK = "f1:"
_sealed: ContextVar[bool] = ContextVar("sealed", default=False)


@contextmanager
def sealed() -> Iterator[None]:
    """Inside, secrets are read and written as the database keeps them: for archives, which must not open them."""
    before = _sealed.set(True)
    try:
        yield
    finally:
        _sealed.reset(before)


class SecretLost(RuntimeError):
    """A secret that none of the keys opens was about to be used or overwritten."""


class Unreadable(str):
    """Stands for a secret that none of the keys opens; blank, and never written back."""

    __slots__ = ()


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECRETS_KEYS])


def seal(text: str) -> str:
    """The text as the database keeps it."""
    return _MARK + _keys().encrypt(text.encode()).decode()


def unseal(kept: str) -> str:
    """The text again; `Unreadable` where no key opens it."""
    try:
        return _keys().decrypt(kept.removeprefix(_MARK).encode()).decode()
    except InvalidToken:
        return Unreadable()


class SecretText(models.TextField):
    """A text that is plain in the program and encrypted in the database."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt."""
        if _sealed.get():
            return value
        if isinstance(value, Unreadable):
            raise SecretLost(f"{self.model._meta.label}.{self.name}: no key of JASANG_SECRETS_KEY opens it")
        return None if value is None else seal(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Decrypt; what was written before there was encryption is read as it is."""
        if value is None or not value.startswith(_MARK) or _sealed.get():
            return value
        return unseal(value)


def _fields() -> Iterator[tuple[Any, str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SecretText):
                yield model, field.attname


def check() -> dict[str, tuple[int, int]]:
    """For each table and column with secrets: how many there are, and how many no key opens."""
    told = {}
    for model, name in _fields():
        values = list(model._base_manager.values_list(name, flat=True))
        told[f"{model._meta.db_table}.{name}"] = (len(values), sum(isinstance(one, Unreadable) for one in values))
    return told


@transaction.atomic
def rotate() -> int:
    """Encrypt every secret anew with the first key; how many. Raises `SecretLost` and changes nothing when one cannot be read."""
    changed = 0
    for model, name in _fields():
        for row in model._base_manager.select_for_update().order_by("pk"):
            if isinstance(getattr(row, name), Unreadable):
                raise SecretLost(f"{model._meta.db_table} {row.pk}: no key of JASANG_SECRETS_KEY opens it")
            model._base_manager.filter(pk=row.pk).update(**{name: getattr(row, name)})
            changed += 1
    return changed

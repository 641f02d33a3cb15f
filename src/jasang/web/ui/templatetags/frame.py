"""Small words of every page: the severity's mark, sizes of files, the page's language."""

from django import template
from django.conf import settings
from django.utils.translation import gettext as _

from jasang.web.ui.language import current

register = template.Library()

_SEVERITIES = {"act": "▲", "watch": "◆", "note": "●"}


@register.filter
def severity_mark(word: str) -> str:
    """A shape for each severity, so that colour is never the only sign."""
    return _SEVERITIES.get(word, "●")


@register.filter
def severity_words(word: str) -> str:
    """The severity in words."""
    return {"act": _("Act"), "watch": _("Watch"), "note": _("Note")}.get(word, word)


@register.filter
def file_size(size: int) -> str:
    """Bytes as kB or MB."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3)):,} kB"


@register.filter
def per_cent(share: float) -> int:
    """0 to 1 as 0 to 100."""
    return round(100 * share)


@register.filter
def spoken(texts: dict[str, str]) -> str:
    """The text of `{"ko": …, "en": …}` in the page's language."""
    return texts[current()]


@register.simple_tag
def language_now() -> str:
    """`ko` or `en`."""
    return current()


@register.simple_tag
def in_language(ko: str, en: str) -> str:
    """The one of two stored texts that is in the page's language."""
    return ko if current() == "ko" else en


@register.simple_tag
def factory_tabs() -> list[str]:
    """The templates with each area's tabs on the pages of a factory."""
    return settings.FACTORY_TABS


@register.simple_tag
def organisation_tabs() -> list[str]:
    """The templates with each area's tabs on the pages of an organisation."""
    return settings.ORGANISATION_TABS

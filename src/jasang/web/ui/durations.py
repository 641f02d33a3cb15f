"""Lengths of time in words."""

from django.utils.translation import gettext as _


def length_words(seconds: float) -> str:
    """A length of time as people say it: seconds, minutes, hours or days."""
    if seconds < 120:
        return _("%(n)s s") % {"n": f"{seconds:.1f}".removesuffix(".0")}
    if seconds < 7200:
        return _("%(n)s min") % {"n": f"{seconds / 60:.0f}"}
    if seconds < 172_800:
        return _("%(n)s h") % {"n": f"{seconds / 3600:.0f}"}
    return _("%(n)s days") % {"n": f"{seconds / 86400:.0f}"}

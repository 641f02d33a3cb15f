"""News for people and for other programs."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Notices in the page and by e-mail, and signed calls to other programs."""

    name = "jasang.web.notices"
    label = "notices"

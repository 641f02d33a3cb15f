"""The frame of every page: header, styles, language, failures."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Frame of the portal."""

    name = "jasang.web.ui"
    label = "ui"

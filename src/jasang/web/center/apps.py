"""The 365 centre: cases from a page, a message or a finding, to their end."""

from django.apps import AppConfig


class CenterConfig(AppConfig):
    """The 365 centre: cases from a page, a message or a finding, to their end."""

    name = "jasang.web.center"
    label = "center"

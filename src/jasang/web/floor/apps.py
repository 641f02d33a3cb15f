"""What people of one factory see of their own factory (현장)."""

from django.apps import AppConfig


class FloorConfig(AppConfig):
    """The factory floor."""

    name = "jasang.web.floor"
    label = "floor"

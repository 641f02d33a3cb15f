"""The open interface for programs: keys, addresses, limits."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Keys and the frame of the open interface."""

    name = "jasang.web.api"
    label = "api"

"""Background work: one table, one worker command."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Background work."""

    name = "jasang.web.jobs"
    label = "jobs"

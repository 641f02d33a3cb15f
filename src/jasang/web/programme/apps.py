"""The programme: cohorts, levels, mentors, money against measured effect."""

from django.apps import AppConfig


class ProgrammeConfig(AppConfig):
    """The programme: cohorts, levels, mentors, money against measured effect."""

    name = "jasang.web.programme"
    label = "programme"

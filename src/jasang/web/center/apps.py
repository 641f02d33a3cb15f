"""The 365 centre: cases from a page, a message or a finding, to their end."""

from django.apps import AppConfig


class CenterConfig(AppConfig):
    """The 365 centre: cases from a page, a message or a finding, to their end."""

    name = "jasang.web.center"
    label = "center"

    def ready(self) -> None:
        """Note from now on what the search has to know."""
        from jasang.web.center.search_keeping import listen  # noqa: PLC0415 - models are there only now

        listen()

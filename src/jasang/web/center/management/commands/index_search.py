"""`jasang-portal index_search`: make the search's entries of everything there is."""

from typing import Any

from django.core.management.base import BaseCommand

from jasang.web.center.search_keeping import catch_up, note_all


class Command(BaseCommand):
    """Note every thing and make its entry; a worker may be at it at the same time."""

    help = "Make the search's entries of all cases, articles and know-how."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and tell how many."""
        noted = note_all()
        made = catch_up()
        self.stdout.write(f"{noted} noted, {made} made")

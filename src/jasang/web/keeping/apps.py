"""What is kept outside the database: a closed factory's data in escrow, and backups of the whole portal."""

from django.apps import AppConfig


class KeepingConfig(AppConfig):
    """Escrow and backup."""

    name = "jasang.web.keeping"
    label = "keeping"

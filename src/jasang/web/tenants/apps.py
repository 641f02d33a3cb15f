"""Factories, their people, and who may see what."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class TenantsConfig(AppConfig):
    """Factories and members."""

    name = "jasang.web.tenants"
    label = "tenants"

    def ready(self) -> None:
        """Each sign-in is written down."""
        from jasang.web.tenants.second_factor import keep_sign_in  # noqa: PLC0415 (models are not there earlier)

        user_logged_in.connect(keep_sign_in, dispatch_uid="tenants.keep_sign_in")

"""Factories, their people, and who may see what."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Factories and members."""

    name = "jasang.web.tenants"
    label = "tenants"

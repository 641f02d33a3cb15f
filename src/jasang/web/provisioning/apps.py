"""Accounts made, changed and switched off by an organisation's own directory (SCIM 2)."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """People and groups as a directory sees them."""

    name = "jasang.web.provisioning"
    label = "provisioning"

"""The words that sign calls to other programs are encrypted."""

from typing import Any

from django.db import migrations

import jasang.web.tenants.secret_texts


def encrypt(apps: Any, schema_editor: Any) -> None:
    """Write them anew: from now on they are encrypted."""
    for hook in apps.get_model("notices", "Webhook")._base_manager.all():
        hook.save(update_fields=["secret"])


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0001_outbox"),
    ]

    operations = [
        migrations.AlterField(
            model_name="webhook",
            name="secret",
            field=jasang.web.tenants.secret_texts.SecretText(),
        ),
        migrations.RunPython(encrypt, migrations.RunPython.noop),
    ]

"""Kept answers become a secret text, so that `secrets rotate` finds them."""

import json
from typing import Any

from django.db import migrations

import jasang.web.tenants.secret_texts
from jasang.web.tenants.secret_texts import sealed


def move(apps: Any, schema_editor: Any) -> None:
    """What was encrypted before stays as it is; what was not is encrypted now."""
    for kept in apps.get_model("api", "KeptAnswer").objects.all():
        if isinstance(kept.body, str) and kept.body.startswith("f1:"):
            with sealed():
                kept.answer = kept.body
                kept.save(update_fields=["answer"])
        else:
            kept.answer = json.dumps(kept.body)
            kept.save(update_fields=["answer"])


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0003_kept_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="keptanswer",
            name="answer",
            field=jasang.web.tenants.secret_texts.SecretText(default="null"),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="keptanswer",
            name="body",
        ),
    ]

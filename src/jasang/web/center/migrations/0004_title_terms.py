"""The full text index tells terms of titles apart: everything that can be found is noted, and the worker makes it anew."""

from django.db import migrations

AT_ONCE = 1000


def note_entries(apps, schema_editor):
    """Note every entry there is."""
    due = apps.get_model("center", "SearchDue")
    rows = apps.get_model("center", "SearchEntry").objects.order_by("pk").values_list("kind", "source")
    made = []
    for kind, source in rows.iterator(chunk_size=AT_ONCE):
        made.append(due(kind=kind, source=source))
        if len(made) == AT_ONCE:
            due.objects.bulk_create(made)
            made = []
    due.objects.bulk_create(made)


class Migration(migrations.Migration):
    dependencies = [("center", "0003_difficulties")]

    operations = [migrations.RunPython(note_entries, migrations.RunPython.noop)]

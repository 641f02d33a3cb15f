"""The database itself refuses to change or delete what the audit trail says."""

from typing import Any

from django.db import migrations

# What the trail says; the references to a person, factory or organisation that is removed become empty.
_SAID = "at, account, role, action, subject, address"


def close(apps: Any, schema_editor: Any) -> None:
    """Add the trigger."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION tenants_trail_closed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of the audit trail do not change'; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER tenants_trail_closed BEFORE UPDATE OF {_SAID} ON tenants_auditevent "
            "FOR EACH ROW EXECUTE FUNCTION tenants_trail_closed()"
        )
    else:
        schema_editor.execute(
            f"CREATE TRIGGER tenants_trail_closed BEFORE UPDATE OF {_SAID} ON tenants_auditevent "
            "BEGIN SELECT RAISE(ABORT, 'rows of the audit trail do not change'); END"
        )


def open_again(apps: Any, schema_editor: Any) -> None:
    """Take the trigger away."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER tenants_trail_closed ON tenants_auditevent")
        schema_editor.execute("DROP FUNCTION tenants_trail_closed()")
    else:
        schema_editor.execute("DROP TRIGGER tenants_trail_closed")


class Migration(migrations.Migration):
    """After the tables of invitations and sign-in."""

    dependencies = [("tenants", "0003_people")]
    operations = [migrations.RunPython(close, open_again)]

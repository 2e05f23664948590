"""The audit trail is append-only on SQLite: UPDATE and DELETE are refused by triggers."""

from django.db import migrations

from common.triggers import drop_for, install_for


class Migration(migrations.Migration):
    dependencies = [("common", "0002_audit_append_only_postgresql")]
    operations = [migrations.RunPython(install_for("sqlite"), drop_for("sqlite"))]

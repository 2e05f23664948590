"""The audit trail is append-only on PostgreSQL: UPDATE, DELETE and TRUNCATE are refused by triggers."""

from django.db import migrations

from common.triggers import drop_for, install_for


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]
    operations = [migrations.RunPython(install_for("postgresql"), drop_for("postgresql"))]

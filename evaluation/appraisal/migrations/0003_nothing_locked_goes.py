"""What the lock of a vote fixed, its ballots and what follows do not go either: the triggers of today, whole."""

from django.db import migrations

from evaluation.appraisal.triggers import TRIGGERS

BOTH = ("postgresql", "sqlite")


class Migration(migrations.Migration):
    dependencies = [("appraisal", "0002_fixed_by_the_lock")]
    operations = [migrations.RunPython(TRIGGERS.install_for(*BOTH), migrations.RunPython.noop)]

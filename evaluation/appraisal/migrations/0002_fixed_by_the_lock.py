"""What the lock of a vote fixed, its ballots and its count do not change: triggers of both databases refuse it."""

from django.db import migrations

from evaluation.appraisal.triggers import TRIGGERS

BOTH = ("postgresql", "sqlite")


class Migration(migrations.Migration):
    dependencies = [("appraisal", "0001_initial")]
    operations = [migrations.RunPython(TRIGGERS.install_for(*BOTH), TRIGGERS.drop_for(*BOTH))]

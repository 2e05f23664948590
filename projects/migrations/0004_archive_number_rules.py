from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_number_approved_projects")]
    operations = [
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_on", None), ("archive_number", None), ("archive_sequence", None)),
                    models.Q(
                        ("approved_on__isnull", False), ("archive_number__isnull", False), ("archive_sequence__gte", 1)
                    ),
                    _connector="OR",
                ),
                name="project_archive_number_with_its_sequence",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(
                fields=("track", "archive_sequence"), name="project_archive_sequence_once_a_track"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["approved", "running", "suspended", "closing", "completed"]), _negated=True
                    ),
                    ("archive_number__isnull", False),
                    _connector="OR",
                ),
                name="project_has_a_number_once_approved",
                violation_error_message="立项的项目必须有档号。",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("continues", None), models.Q(("continues", models.F("id")), _negated=True), _connector="OR"
                ),
                name="project_does_not_continue_itself",
            ),
        ),
    ]

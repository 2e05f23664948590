"""Give the projects that were approved before archive numbers existed theirs, in the order of their approval."""

from django.db import migrations
from django.db.models import Min, Q

NUMBERED = ["approved", "running", "suspended", "closing", "completed"]


def number(apps, schema_editor):
    project_model = apps.get_model("projects", "Project")
    track_model = apps.get_model("projects", "Track")
    approved = Min("state_changes__on", filter=Q(state_changes__to_state="approved"))
    for track in track_model.objects.select_related("season"):
        rows = project_model.objects.filter(track=track, state__in=NUMBERED).annotate(day=approved)
        for project in rows.order_by("day", "id"):
            track.last_number += 1
            project.archive_sequence = track.last_number
            project.approved_on = project.day or project.starts_on
            project.archive_number = project.archive_number or track.season.archive_number_format.format(
                year=track.season.starts_on.year,
                track=track.archive_code or track.code.upper(),
                number=track.last_number,
            )
            project.save(update_fields=["archive_sequence", "approved_on", "archive_number"])
        track.save(update_fields=["last_number"])


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_application_to_archive")]
    operations = [migrations.RunPython(number, migrations.RunPython.noop)]

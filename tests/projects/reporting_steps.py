"""What tests of reports do and look at: saving, returning, the stored row, its steps, what was told."""

from common.models import AuditEntry, Notice
from projects import reporting
from projects.models import ProgressReport

ZERO_WIDTH = "\u200b\ufeff"


def save(report, by, *lines, revision=None, **texts):
    return reporting.save_report(report=report, lines=lines, texts=texts, revision=revision, by=by)


def send_back(report, by, reason="请补充数据", **comments):
    return reporting.return_report(report=report, comments=comments, reason=reason, by=by)


def stored(report):
    return ProgressReport.objects.get(pk=report.pk)


def percents(report):
    return list(report.lines.values_list("percent", flat=True))


def steps(report):
    return list(report.state_changes.order_by("id").values_list("from_state", "to_state", "in_time"))


def entries():
    return list(AuditEntry.objects.order_by("id").values_list("action", "who"))


def told(kind):
    """The accounts that got a notice of this kind, with its title."""
    return sorted(Notice.objects.filter(kind=kind).values_list("recipient__username", "title"))

"""Which steps a project and a report may take."""

from __future__ import annotations

from projects.models import ProgressReport, Project

P = Project.State
PROJECT_STEPS: dict[str, frozenset[str]] = {
    P.DRAFT: frozenset({P.SUBMITTED, P.WITHDRAWN}),
    P.SUBMITTED: frozenset({P.IN_REVIEW, P.RETURNED_REVISE, P.REJECTED, P.WITHDRAWN}),
    P.IN_REVIEW: frozenset({P.APPROVED, P.RETURNED_REVISE, P.RETURNED_REDRAFT, P.REJECTED}),
    P.RETURNED_REVISE: frozenset({P.SUBMITTED, P.WITHDRAWN}),
    P.RETURNED_REDRAFT: frozenset({P.SUBMITTED, P.WITHDRAWN}),
    P.REJECTED: frozenset(),
    P.APPROVED: frozenset({P.RUNNING, P.WITHDRAWN, P.TERMINATED}),
    P.RUNNING: frozenset({P.SUSPENDED, P.CLOSING, P.TERMINATED, P.WITHDRAWN}),
    P.SUSPENDED: frozenset({P.RUNNING, P.TERMINATED, P.WITHDRAWN}),
    P.CLOSING: frozenset({P.RUNNING, P.COMPLETED}),
    P.COMPLETED: frozenset({P.ARCHIVED}),
    P.TERMINATED: frozenset({P.ARCHIVED}),
    P.WITHDRAWN: frozenset({P.ARCHIVED}),
    P.ARCHIVED: frozenset(),
}
# The states in which the application may still be written.
WRITABLE = (P.DRAFT, P.RETURNED_REVISE, P.RETURNED_REDRAFT)
# The states in which a started project is compared with its plan.
TRACKED = (P.RUNNING, P.CLOSING)

R = ProgressReport.State
REPORT_STEPS: dict[str, frozenset[str]] = {
    R.DRAFT: frozenset({R.HANDED_OVER, R.SUBMITTED}),
    R.HANDED_OVER: frozenset({R.DRAFT, R.SUBMITTED}),
    R.RETURNED: frozenset({R.HANDED_OVER, R.SUBMITTED}),
    R.SUBMITTED: frozenset({R.CONFIRMED, R.RETURNED}),
    R.CONFIRMED: frozenset(),
}

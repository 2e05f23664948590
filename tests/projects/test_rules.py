"""Who may see, draft, edit, hand over, give back, send and decide: one table of the whole cast."""

from datetime import date

import pytest

from common.models import Picture
from organizations.models import Appointment, RoleGrant
from projects import rules
from projects.models import ProgressReport, Project, ReportPhoto
from tests.conftest import fresh
from tests.factories import appoint, grant, make_report, make_user

yes, no = True, False
# Of the first street's project:
#              sees drafts edits a report that is          hands gives sends decides
#                                                          over  back
MATRIX = {
    "secretary": (yes, yes, {"draft", "handed_over", "returned"}, no, yes, yes, no),
    "clerk": (yes, yes, {"draft", "returned"}, yes, no, no, no),
    "officer": (yes, no, set(), no, no, no, yes),
    "leader": (yes, no, set(), no, no, no, no),
    "branchsec": (no, no, set(), no, no, no, no),
    "outsider": (no, no, set(), no, no, no, no),
    "evaladmin": (no, no, set(), no, no, no, no),
    "scrutineer": (no, no, set(), no, no, no, no),
    "auditor": (no, no, set(), no, no, no, no),
    "sysadmin": (no, no, set(), no, no, no, no),
}
NOTHING = (no, no, set(), no, no, no, no)
YESTERDAY = date(2026, 5, 9)


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-10")


@pytest.fixture
def report(project):
    return make_report(project, date(2026, 4, 1), state="draft")


def powers(user, report):
    """The row of the table that the rules give this person."""
    user, project = fresh(user), report.project
    sees = Project.objects.visible_to(user).filter(pk=project.pk).exists()
    assert ProgressReport.objects.visible_to(user).filter(pk=report.pk).exists() is sees
    edits = set()
    for state in ProgressReport.State.values:
        report.state = state
        if rules.can_edit_report(user, report):
            edits.add(state)
    return (
        sees,
        rules.can_draft_report(user, project),
        edits,
        rules.can_hand_over_report(user, report),
        rules.can_give_back_report(user, report),
        rules.can_submit_report(user, report),
        rules.can_decide_report(user, report),
    )


def test_the_table_is_of_the_whole_cast(cast):
    assert set(MATRIX) == set(vars(cast))


@pytest.mark.parametrize("who", MATRIX)
def test_what_each_may_do(cast, report, who):
    assert powers(getattr(cast, who), report) == MATRIX[who]


@pytest.mark.parametrize("who", MATRIX)
def test_a_reports_photo_is_seen_with_the_report(cast, report, who):
    picture = Picture.objects.create(
        owner=cast.clerk, original_name="现场.jpg", state="ready", size=1, width=1, height=1
    )
    ReportPhoto.objects.create(report=report, picture=picture)
    expected = True if MATRIX[who][0] else None
    assert rules.sees_picture(fresh(getattr(cast, who)), picture) is expected


def test_the_contact_gets_no_power_over_the_project(cast, project, report):
    project.contact = cast.outsider.person
    project.save(update_fields=["contact"])
    assert powers(cast.outsider, report) == NOTHING


@pytest.mark.parametrize("who", ["secretary", "clerk"])
def test_an_ended_post_takes_every_power_with_it(cast, report, who):
    user = getattr(cast, who)
    Appointment.objects.filter(person=user.person).update(until=YESTERDAY)
    assert powers(user, report) == NOTHING
    Appointment.objects.filter(person=user.person).update(until=date(2026, 5, 10))  # its last day
    assert powers(user, report) == MATRIX[who]


@pytest.mark.parametrize("who", ["officer", "leader"])
def test_an_ended_role_takes_every_power_with_it(cast, report, who):
    user = getattr(cast, who)
    RoleGrant.objects.filter(person=user.person).update(until=YESTERDAY)
    assert powers(user, report) == NOTHING


def test_a_secretary_who_moved_on_still_leads_the_project(cast, district, report):
    """The project goes with its secretary until another one is named."""
    Appointment.objects.filter(person=cast.secretary.person).update(until=YESTERDAY)
    appoint(cast.secretary, district.other_community, "secretary", since=date(2026, 5, 10))
    assert powers(cast.secretary, report) == MATRIX["secretary"]


def test_the_next_secretary_of_the_committee_sees_but_does_not_lead(cast, district, report):
    Appointment.objects.filter(person=cast.secretary.person).update(until=YESTERDAY)
    successor = make_user()
    appoint(successor, district.street, "secretary", since=date(2026, 5, 10))
    assert powers(successor, report) == (yes, *NOTHING[1:])


def test_a_clerk_above_or_below_the_lead_organization_is_not_its_clerk(cast, district, report):
    above, below = make_user(), make_user()
    appoint(above, district.root, "clerk")
    appoint(below, district.community, "clerk")
    assert powers(above, report) == (yes, *NOTHING[1:])
    assert powers(below, report) == NOTHING


def test_nobody_decides_on_a_project_of_his_own(cast, report):
    grant(cast.secretary, "department_officer")
    assert powers(cast.secretary, report) == MATRIX["secretary"]
    # Still named as the lead secretary, the post already ended.
    Appointment.objects.filter(person=cast.secretary.person).update(until=YESTERDAY)
    assert powers(cast.secretary, report) == (yes, *NOTHING[1:])


def test_a_role_over_one_committee_does_not_decide(cast, district, report):
    user = make_user()
    grant(user, "department_officer", district.street)
    assert powers(user, report) == (yes, *NOTHING[1:])


def test_a_closed_account_has_no_power(cast, report):
    cast.secretary.is_active = False
    cast.secretary.save(update_fields=["is_active"])
    assert powers(cast.secretary, report) == NOTHING

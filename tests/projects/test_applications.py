"""Applications: who writes, what is missing, one a year, the late lock, versions kept word for word."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from common.models import Notice, StoredFile
from projects import applications, screening
from projects.application_window import reopen_organization
from projects.applications import open_application, save_application, submit_application
from projects.models import ApplicationVersion, Project
from projects.tasks import remind_applicants
from tests import factories
from tests.projects.application_steps import complete, draft, make_open_season, pdf
from tests.projects.refusals import refused

State = Project.State


@pytest.fixture
def season(db, today):
    today("2026-02-10")
    return make_open_season()


@pytest.fixture
def written(season, district, people):
    """The clerk's complete draft."""
    return draft(season, district, people("clerk"))


def test_the_clerk_drafts_the_secretary_sends(written, people) -> None:
    version = submit_application(application=written, by=people("secretary"))
    project = Project.objects.get()
    assert (project.state, project.title, project.field) == ("submitted", "小区党支部联建", "community")
    assert (project.starts_on, project.ends_on) == (date(2026, 3, 1), date(2026, 12, 20))
    assert [(f.name, f.value, f.qualifier, f.unit) for f in project.expected_figures.all()] == [
        ("新建支部", Decimal(12), "", "个"),
        ("服务", Decimal(5000), "近", "人次"),
    ]
    items = project.plans.get().items.values_list("milestone__title", "weight", "start", "due")
    assert list(items) == [
        ("摸底", 4000, date(2026, 3, 1), date(2026, 6, 30)),
        ("建成", 6000, date(2026, 7, 1), date(2026, 12, 20)),
    ]
    assert [member.name for member in project.team.all()] == ["示例张"]
    assert version.content["study_record"][0]["name"] == "会议记录.pdf"
    assert list(Notice.objects.values_list("recipient__username", "kind")) == [("officer", "application_submitted")]


def test_sending_twice_makes_one_version(written, people) -> None:
    for _ in range(2):
        submit_application(application=written, by=people("secretary"))
    assert ApplicationVersion.objects.count() == 1


def test_the_clerk_cannot_send(written, people) -> None:
    refused("forbidden", lambda: submit_application(application=written, by=people("clerk")))


@pytest.mark.parametrize("who", ["outsider", "branchsec", "officer", "leader", "auditor", "sysadmin"])
def test_nobody_else_applies_for_an_organization(season, district, people, who: str) -> None:
    refused("forbidden", lambda: open_application(season=season, organization=district.street, by=people(who)))


@pytest.mark.parametrize("who", ["outsider", "branchsec", "officer", "leader", "auditor"])
def test_nobody_else_writes(written, people, who: str) -> None:
    save = partial(save_application, application=written, content={"title": "X"}, revision=None, by=people(who))
    refused("forbidden", save)
    written.refresh_from_db()
    assert written.content["title"] == "小区党支部联建"


def test_everything_missing_is_named_at_once(season, district, people) -> None:
    application = open_application(season=season, organization=district.street, by=people("secretary"))
    save_application(application=application, content={"title": " ", "track": ""}, revision=0, by=people("secretary"))
    named = ("expected_effect", "goal", "measures", "milestones", "problem", "study_record", "title", "track")
    refused("incomplete", lambda: submit_application(application=application, by=people("secretary")), *named)
    assert Project.objects.get().state == State.DRAFT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_on": "2027-1-5"}, "ends_on"),
        ({"ends_on": "2026-02-30"}, "ends_on"),
        ({"starts_on": "年初"}, "starts_on"),
        ({"title": "长" * 121}, "title"),
        ({"goal": "长" * 2001}, "goal"),
        ({"field": "nothing"}, "field"),
        ({"track": "gone"}, "track"),
        ({"team": [{"name": "", "post": "委员", "duty": ""}]}, "team.0.name"),
        ({"figures": [{"name": "支部", "amount": "5O", "unit": "个"}]}, "figures.0.amount"),
        ({"figures": [{"name": "支部", "amount": "5", "unit": ""}]}, "figures.0.unit"),
        ({"milestones": [{"title": "做", "weight": "99", "start": "2026-3-1", "due": "2026-4-1"}]}, "milestones"),
        (
            {"milestones": [{"title": "做", "weight": "100", "start": "2026-3-1", "due": "2026-2-1"}]},
            "milestones.0.due",
        ),
        (
            {"milestones": [{"title": "做", "weight": "100", "start": "2026-1-1", "due": "2026-4-1"}]},
            "milestones.0.start",
        ),
        (
            {"milestones": [{"title": "做", "weight": "100", "start": "2026-3-1", "due": "2026-12-21"}]},
            "milestones.0.due",
        ),
        (
            {"milestones": [{"title": "", "weight": "100", "start": "2026-3-1", "due": "2026-4-1"}]},
            "milestones.0.title",
        ),
    ],
)
def test_a_wrong_field_is_named_and_kept_as_typed(written, people, changes, field) -> None:
    content = complete(written.project.track, **changes)
    saved = save_application(application=written, content=content, revision=1, by=people("secretary"))
    refused("incomplete", lambda: submit_application(application=written, by=people("secretary")), field)
    name = field.split(".")[0]
    assert saved.content[name] == content[name]


def test_a_title_is_one_line_with_plain_spaces(written, people) -> None:
    content = {"title": "小区\n党支部\u3000 联建"}
    saved = save_application(application=written, content=content, revision=None, by=people("clerk"))
    assert saved.content["title"] == "小区\n党支部\u3000 联建"
    assert Project.objects.get().title == "小区 党支部 联建"


def test_weights_that_are_no_numbers_are_named(written, people) -> None:
    for weight in ("0", "-5", "1e9999", "nan", "100.001", "一半"):
        row = {"title": "做", "weight": weight, "start": "2026-3-1", "due": "2026-4-1"}
        content = complete(written.project.track, milestones=[row])
        save_application(application=written, content=content, revision=None, by=people("secretary"))
        send = partial(submit_application, application=written, by=people("secretary"))
        refused("incomplete", send, "milestones", "milestones.0.weight")


def test_a_draft_keeps_any_shape_of_input(written, people) -> None:
    content = {"title": 7, "milestones": "x", "team": [1, {"name": "甲"}, {}], "brands": {"a": 1}, "unknown": "y"}
    saved = save_application(application=written, content=content, revision=None, by=people("clerk"))
    assert saved.content["title"] == ""
    assert saved.content["milestones"] == []
    assert saved.content["team"] == [{"name": "甲", "post": "", "duty": ""}]
    assert "unknown" not in saved.content
    assert saved.content["goal"] == "年内支部全覆盖。"
    assert Project.objects.get().title == "小区党支部联建"


def test_two_browsers_on_one_draft(written, people) -> None:
    save_application(application=written, content={"goal": "甲"}, revision=1, by=people("clerk"))
    stale = partial(save_application, application=written, content={"goal": "乙"}, revision=1, by=people("secretary"))
    error = refused("stale_draft", stale)
    assert "示例一街道党务干事" in error.message
    written.refresh_from_db()
    assert written.content["goal"] == "甲"


def test_handed_over_the_clerk_waits_and_given_back_writes_again(written, people) -> None:
    by = people("clerk")
    applications.hand_over(application=written, by=by)
    refused("not_editable", lambda: save_application(application=written, content={}, revision=None, by=by))
    save_application(application=written, content={"goal": "书记改"}, revision=None, by=people("secretary"))
    applications.give_back(application=written, by=people("secretary"), reason="再改改")
    save_application(application=written, content={"goal": "干事改"}, revision=None, by=by)
    refused("forbidden", lambda: applications.hand_over(application=written, by=people("secretary")))
    refused("forbidden", lambda: applications.give_back(application=written, by=by))


def test_one_project_each_is_a_switch_of_the_season(written, season, district, people) -> None:
    again = partial(open_application, season=season, organization=district.street, by=people("clerk"))
    refused("one_each", again, "season")
    season.one_project_per_organization = False
    season.save()
    again()
    assert Project.objects.count() == 2


def test_a_withdrawn_application_makes_room(written, season, district, people) -> None:
    applications.withdraw_application(application=written, reason="重来", by=people("secretary"))
    open_application(season=season, organization=district.street, by=people("clerk"))
    states = Project.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["withdrawn", "draft"]


@pytest.mark.parametrize(("day", "words"), [("2026-01-31", "开始"), ("2026-02-28", "截止")])
def test_outside_the_window_nothing_begins_and_drafts_are_locked(
    season, district, people, today, written, day: str, words: str
) -> None:
    today(day)
    error = refused(
        "closed",
        lambda: open_application(season=season, organization=district.other_street, by=people("outsider")),
        "season",
    )
    assert words in error.message
    refused("closed", lambda: save_application(application=written, content={}, revision=None, by=people("clerk")))
    refused("closed", lambda: submit_application(application=written, by=people("secretary")))


def test_the_last_day_counts(written, people, today) -> None:
    today("2026-02-27")
    submit_application(application=written, by=people("secretary"))


def test_the_officer_reopens_one_organization(written, season, district, people, today) -> None:
    today("2026-03-05")
    reopen_organization(
        season=season, organization=district.street, until=date(2026, 3, 6), reason="书记住院", by=people("officer")
    )
    assert set(Notice.objects.values_list("recipient__username", flat=True)) == {"clerk", "secretary"}
    submit_application(application=written, by=people("secretary"))
    other = partial(open_application, season=season, organization=district.other_street, by=people("outsider"))
    refused("closed", other, "season")


def test_a_reopening_needs_a_reason_a_coming_day_and_the_department(season, district, people) -> None:
    values = {"season": season, "organization": district.street, "until": date(2026, 2, 9), "reason": " "}
    refused("invalid", lambda: reopen_organization(by=people("officer"), **values), "reason", "until")
    values = {**values, "until": date(2026, 3, 9), "reason": "补报"}
    refused("forbidden", lambda: reopen_organization(by=people("secretary"), **values))


def test_a_kind_that_no_track_admits_cannot_apply(season, district, people) -> None:
    season.tracks.get().kinds.all().delete()
    refused("invalid", lambda: open_application(season=season, organization=district.street, by=people("clerk")))
    assert not Project.objects.exists()


def test_last_years_project_goes_on_with_its_words(season, district, cast, people) -> None:
    last_year = factories.make_track(factories.make_season(date(2025, 1, 1)))
    values = {"title": "老项目", "state": "completed", "problem": "去年的难题"}
    former = factories.make_project(district.street, cast.secretary, track=last_year, **values)
    former.expected_figures.create(name="服务", value=100, qualifier="余", unit="名", position=1)
    opened = open_application(season=season, organization=district.street, continues=former, by=people("clerk"))
    assert opened.project.continues == former
    assert (opened.content["title"], opened.content["problem"]) == ("老项目", "去年的难题")
    assert opened.content["figures"] == [{"name": "服务", "amount": "100余", "unit": "名"}]
    assert list(applications.continuable(season, district.street)) == []


def test_anothers_project_cannot_be_continued(season, district, cast, people) -> None:
    former = factories.make_project(
        district.other_street, cast.outsider, track=factories.make_track(factories.make_season(date(2025, 1, 1)))
    )
    opening = partial(
        open_application, season=season, organization=district.street, continues=former, by=people("clerk")
    )
    refused("invalid", opening, "continues")


def test_what_was_sent_stays_word_for_word_and_comments_are_answered_first(written, people) -> None:
    secretary, officer = people("secretary"), people("officer")
    submit_application(application=written, by=secretary)
    project = Project.objects.get()
    screening.send_back(project=project, comments={"goal": "说具体些"}, reason="", by=officer)
    refused("incomplete", lambda: submit_application(application=written, by=secretary), "goal")
    screening.answer_comment(comment=project.application_comments.get(), text="已改为12个", by=people("clerk"))
    save_application(application=written, content={"goal": "建12个"}, revision=None, by=secretary)
    submit_application(application=written, by=secretary)
    goals = [version.content["goal"] for version in project.versions.all()]
    assert goals == ["年内支部全覆盖。", "建12个"]
    refused("answer_sent", lambda: screening.answer_comment(
        comment=project.application_comments.get(), text="又改", by=secretary))  # fmt: skip


def test_what_the_department_sent_back_may_come_after_the_deadline(written, people, today) -> None:
    submit_application(application=written, by=people("secretary"))
    screening.send_back(project=Project.objects.get(), comments={}, reason="请改", by=people("officer"))
    today("2026-03-20")
    assert submit_application(application=written, by=people("secretary")).number == 2


def test_a_file_that_was_sent_stays(written, people) -> None:
    secretary = people("secretary")
    second = applications.attach_study_record(application=written, file=pdf("补充.pdf"), by=secretary)
    applications.remove_study_record(attachment=second, by=secretary)
    assert StoredFile.objects.count() == 1
    submit_application(application=written, by=secretary)
    screening.send_back(project=Project.objects.get(), comments={}, reason="请改", by=people("officer"))
    sent = Project.objects.get().attachments.get()
    refused("sent_file", lambda: applications.remove_study_record(attachment=sent, by=secretary))
    refused("wrong_type", lambda: applications.attach_study_record(
        application=written, file=pdf_like(b"MZ\x90\0\0\0"), by=secretary), "study_record")  # fmt: skip


def pdf_like(content: bytes):
    file = pdf("假.pdf")
    file.file.seek(0)
    file.file.truncate()
    file.file.write(content)
    file.size = len(content)
    return file


@pytest.mark.parametrize(("day", "told"), [("2026-02-23", 0), ("2026-02-24", 1), ("2026-02-27", 1), ("2026-02-28", 0)])
def test_who_has_not_sent_is_reminded_once_before_the_deadline(written, today, day: str, told: int) -> None:
    today(day)
    for _ in range(2):
        assert remind_applicants() == told
    names = Notice.objects.filter(kind="application_due").values_list("recipient__username", flat=True)
    assert sorted(names) == ["clerk", "secretary"] * told


def test_who_has_sent_is_not_reminded(written, people, today) -> None:
    today("2026-02-26")
    submit_application(application=written, by=people("secretary"))
    assert remind_applicants() == 0

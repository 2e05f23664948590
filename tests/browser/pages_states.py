"""Something in every state of the year, by the actions or straight as rows; and where it is found."""

from __future__ import annotations

import io
from datetime import date
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from brands.loading import load_brands
from common import calendar, exports, imports, jobs, publication
from common.actors import Actor
from organizations.models import User
from projects import applications, archiving, closing, screening, seasons
from projects.models import Project
from tests import factories
from tests.projects.application_steps import draft, make_open_season
from tests.projects.course_steps import ask, complete, promise, row
from tests.projects.screening_steps import (
    by,
    decided,
    make_reviewers,
    make_sent,
    open_round,
    own_review,
    save,
    score,
    score_all,
    send_again,
)

# A title and a text that a narrow screen must break: as long as a title may well be, and an address without a space.
LONG = "关于在老旧小区和新就业群体中推进“红色物业+网格党建”联建共治、破解小区治理难题的书记项目（示例）"
UNBROKEN = (
    "做法见 https://example.org/dangjian/2026/hongse-wuye/lianjian-gongzhi/fangan-diwugao-dinggao.html 第三部分。"
)
JANUARY, YEAR_END = date(2026, 1, 1), date(2026, 12, 31)
REVIEWERS = ("reviewer1", "reviewer2", "reviewer3")


class World:
    """What is built, and the parts of the addresses under which it is found."""

    def __init__(self) -> None:
        system = Actor.system("test")
        load_brands(by=system)
        calendar.load_year(year=2026, rows=calendar.proposed_days(2026), source="测试用", by=system)
        self.district = factories.make_district()
        self.cast = factories.make_cast(self.district)
        self.season = make_open_season(code="2026", name="2026年度（示例）")
        make_reviewers(self.season, len(REVIEWERS))
        self.track = self.season.tracks.get()
        self.officer = by(self.cast.officer)
        self.parts: dict[str, str] = {"season": self.season.code}

    def place(self, name: str) -> Any:
        """Another committee below the first street, of the same secretary and clerk."""
        org = factories.make_org(self.district.street, "committee", f"示例{name}社区党委", "community")
        factories.appoint(self.cast.secretary, org)
        factories.appoint(self.cast.clerk, org, "clerk")
        return org

    @property
    def secretary(self) -> Any:
        """The secretary with all posts that he has by now."""
        return by(self.cast.secretary)

    @property
    def clerk(self) -> Any:
        return by(self.cast.clerk)

    def know(self, name: str, project: Any) -> Any:
        self.parts[name] = project.code
        return project

    def sent(self, name: str, **changes: Any) -> Any:
        """An application as it was sent, by a committee of its own."""
        values = {"title": f"{name}的申报", "measures": UNBROKEN, **changes}
        return self.know(name, make_sent(self.season, self.place(name), self.cast.secretary, **values))

    def running(self, name: str, **fields: Any) -> Any:
        project = factories.make_project(
            self.place(name), self.cast.secretary, track=self.track, title=f"{name}的项目", measures=UNBROKEN, **fields
        )
        promise(project)
        promise(project, name="发展党员", value=12, unit="名", qualifier="余")
        return self.know(name, project)


def build() -> dict[str, str]:
    world = World()
    _seasons(world)
    _drafts(world)
    _prechecks(world)
    _reviews(world)
    _course(world)
    _closings(world)
    _files(world)
    return world.parts


def _seasons(world: World) -> None:
    """2026 with its call, and the next year in the making."""
    seasons.write_announcement(season=world.season, values={}, by=world.officer)
    seasons.issue_announcement(season=world.season, by=world.officer)
    following = seasons.copy_season(
        source=world.season,
        code="2027",
        name="2027年度（示例）",
        starts_on=date(2027, 1, 1),
        ends_on=date(2027, 12, 31),
        by=world.officer,
    )
    world.parts["next"] = following.code


def _drafts(world: World) -> None:
    """A clerk's draft, one that its secretary has, one that was returned with comments."""
    world.know("draft", draft(world.season, world.district, world.clerk, title=LONG, measures=UNBROKEN).project)
    other = draft(world.season, SimpleNamespace(street=world.place("handed")), world.clerk)
    world.know("handed", applications.hand_over(application=other, by=world.clerk).project)
    blank = applications.open_application(season=world.season, organization=world.place("blank"), by=world.clerk)
    world.know("blank", blank.project)
    returned = draft(world.season, SimpleNamespace(street=world.place("returned")), world.clerk, title="returned的申报")
    applications.submit_application(application=returned, by=world.secretary)
    said = {"": "方向对。", "goal": "请量化目标。", "figures": "数字从哪里来？", "milestones": UNBROKEN}
    project = world.know("returned", returned.project)
    screening.send_back(project=project, comments=said, reason=UNBROKEN, by=world.officer)
    comment = project.application_comments.get(field="goal")
    screening.answer_comment(comment=comment, text=UNBROKEN, by=world.clerk)


def _prechecks(world: World) -> None:
    """A second draft that waits for the pre-check, with what was said of the first."""
    project = world.sent("submitted", title=f"{LONG[:60]}再报")
    screening.send_back(project=project, comments={"goal": "请量化目标。"}, reason=UNBROKEN, by=world.officer)
    comment = project.application_comments.get()
    screening.answer_comment(comment=comment, text="已改为 12 个。", by=world.clerk)
    send_again(project, goal="年内新建 12 个小区党支部，名单可查。", tier="leading")


def _reviews(world: World) -> None:
    """One with two of three reviews, one with all of them, one that nobody has scored, one that passed."""
    reviewers = list(User.objects.filter(username__in=REVIEWERS).order_by("username"))
    half, scored, unscored, approved = (world.sent(name) for name in ("half", "scored", "unscored", "approved"))
    for project in (half, scored, unscored, approved):
        open_round(project, world.cast.officer)
    for reviewer, points in zip(reviewers[:2], (62, 95), strict=True):
        review = own_review(half, reviewer)
        score(review, points, points, points, opinion=UNBROKEN, remarks={"goal": "目标还可以更细。"})
        world.parts[f"sent_{reviewer.username}"] = str(review.pk)
    save(own_review(half, reviewers[2]), (80, None, None), remarks={"title": "标题太长。"})
    world.parts["half_review"] = str(own_review(half, reviewers[2]).pk)
    world.parts["unscored_review"] = str(own_review(unscored, reviewers[0]).pk)
    score_all(scored, (55, 88, 91))
    score_all(approved, (80, 85, 90))
    approved = decided(approved, world.cast.officer)
    _publish(approved, world.clerk, "propose")
    _publish(approved, world.officer, "clear")


def _course(world: World) -> None:
    """A project whose plan is to be changed; another one that just runs, reports and was published."""
    changing = world.running("changing", state="running")
    items = [
        row(changing, "建阵地", 3000, JANUARY, date(2026, 7, 2)),
        row(changing, "建成小区党群服务站并推广到全部小区", 7000, date(2026, 7, 3), YEAR_END),
    ]
    world.parts["change"] = str(ask(changing, world.secretary, items, reason=UNBROKEN).pk)
    running = world.running("running", state="running", contact=factories.make_person("示例联系人"))
    factories.make_report(running, JANUARY, [5, 0])
    _publish(running, world.clerk, "propose")
    _publish(running, world.officer, "clear", "approve", "publish")


def _closings(world: World) -> None:
    """A closing report in draft, one that waits for its verdict, one that has it, one that is archived."""
    complete(world.running("closing_draft", state="running"), world.clerk)
    reports = {
        name: closing.submit_closing(closing=complete(world.running(name), world.clerk), by=world.secretary)
        for name in ("closing", "completed", "archived")
    }
    for name in ("completed", "archived"):
        closing.accept_closing(closing=reports[name], level="excellent", verdict=UNBROKEN, by=world.officer)
    job = archiving.archive_project(project=_project(world, "archived"), by=world.officer)
    jobs.run(str(job.pk))


def _files(world: World) -> None:
    """An import that waits for its confirmation, with every kind of row; a finished export."""
    batch = imports.start_import(
        kind="projects",
        file=SimpleUploadedFile("二〇二六年各单位报来的书记项目汇总表.xlsx", _workbook(world)),
        params={"season": world.season.code},
        by=world.officer,
    )
    export = exports.request_export(kind="applications", params={"season": world.season.code}, by=world.officer)
    for job in (batch.job_id, export.pk):
        jobs.run(str(job))
    world.parts |= {"batch": str(batch.pk), "export": str(export.pk)}


def _workbook(world: World) -> bytes:
    """New, changed and wrong rows, and one of an organization that is not known by that name."""
    book, days = Workbook(), ("2026-3-1", "2026-12-20")
    sheet: Any = book.active
    sheet.append(["编号", "牵头党组织", "项目名称", "开始日期", "完成时限", "主要措施"])
    sheet.append(["", world.district.other_street.name, LONG, *days, UNBROKEN])
    sheet.append(["", world.district.other_community.name, "日期有误的项目", "2026-2-30", days[1], "措施"])
    sheet.append(["", "示例二街道党委", "名称对不上的项目", *days, "措施"])
    draft = _project(world, "draft")
    sheet.append([draft.code, draft.lead_organization.name, draft.title, *days, "改过的措施"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _publish(project: Project, who: Actor, *steps: str) -> None:
    for step in steps:
        publication.take_step(obj=project, do=step, content={"summary": f"公开的简介：{UNBROKEN}"}, by=who)


def _project(world: World, name: str) -> Any:
    return Project.objects.select_related("lead_organization").get(code=world.parts[name])

"""One project through its whole year in the browser: applied for, returned, screened, approved, published, changed,
closed and archived; every hash of its archive package is checked."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser import year_world
from tests.browser.conftest import DESK, PHONE, Opener, Portal, served, until

pytestmark = pytest.mark.browser
TITLE = "小区党支部联建"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PLAN = (("摸底建账", "40", "2026-3-1", "2026-6-30"), ("建成见效", "60", "2026-7-1", "2026-12-20"))


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with served(tmp_path, year_world) as made:
        yield made


def sure(page: Page, trigger: str, confirm: str = "") -> None:
    """Press a button that asks again, and say yes."""
    page.locator(f"summary:has-text('{trigger}')").first.click()
    page.locator(f"dialog[open] button:has-text('{confirm or trigger}')").last.click()


def told(page: Page, words: str) -> None:
    page.wait_for_selector(f".toast:has-text('{words}')")


def test_a_project_from_application_to_archive(portal: Portal, opener: Opener, tmp_path: Path) -> None:
    paper = tmp_path / "会议记录.pdf"
    paper.write_bytes(PDF)
    clerk, secretary = opener(portal, "clerk", PHONE), opener(portal, "secretary", PHONE)
    officer = opener(portal, "officer", DESK)

    code = the_clerk_drafts(clerk, paper)
    the_secretary_sends(secretary, code, portal)
    the_department_sends_it_back(officer, code, portal)
    the_secretary_answers_and_sends_again(secretary, code, portal)
    the_department_passes_the_precheck(officer, code, portal)
    for turn, username in enumerate(year_world.REVIEWERS):
        a_reviewer_scores(opener(portal, username, DESK), 80 + 5 * turn, portal)
    the_board_passes_it(officer, code, portal)
    it_is_published_in_four_steps(secretary, officer, code, portal, opener)

    portal.day(date(2026, 5, 6))
    a_month_is_reported(portal, code)
    the_plan_is_changed(secretary, officer, code, portal)

    portal.day(date(2026, 11, 25))
    it_is_closed(secretary, officer, code, portal, paper)
    the_package_is_whole(officer, code, portal)


def the_clerk_drafts(clerk: Page, paper: Path) -> str:
    clerk.click("text=申报已开始")
    clerk.click("button:has-text('开始申报')")
    clerk.fill("[name=title]", TITLE)
    clerk.select_option("[name=field]", "community")
    for name in ("problem", "goal", "measures", "expected_effect"):
        clerk.fill(f"[name={name}]", f"{name}：小区没有支部，逐个建起来。")
    clerk.fill("[name=starts_on]", "2026.3.1")
    clerk.fill("[name=ends_on]", "2026/12/20")
    for column, text in (("name", "服务居民群众"), ("amount", "近5000"), ("unit", "人次")):
        clerk.fill(f"[name='figures.0.{column}']", text)
    for number, row in enumerate(PLAN):
        for column, text in zip(("title", "weight", "start", "due"), row, strict=True):
            clerk.fill(f"[name='milestones.{number}.{column}']", text)
    expect(clerk.locator("[data-sum]")).to_have_text("合计 100，正好")
    clerk.fill("[name='team.0.name']", "示例张")
    clerk.wait_for_selector(".autosave-good")
    clerk.set_input_files("[name=study_record]", paper)
    clerk.click("button[value=save]")
    told(clerk, "已保存")
    assert clerk.input_value("[name='milestones.1.due']") == "2026-12-20"
    sure(clerk, "提交书记审定")
    told(clerk, "已提交书记审定")
    return clerk.url.split("/projects/")[1].split("/")[0]


def the_secretary_sends(secretary: Page, code: str, portal: Portal) -> None:
    secretary.goto(f"{portal.url}/desk/")
    secretary.click("text=干事已提交，请审定报送")
    sure(secretary, "报送")
    told(secretary, "已报送")


def the_department_sends_it_back(officer: Page, code: str, portal: Portal) -> None:
    officer.goto(f"{portal.url}/desk/")
    officer.click("text=申报书：待预审")
    officer.locator("#at-goal summary:has-text('写意见')").click()
    officer.fill("[name=remark_goal]", "目标要写成年底可以核对的结果。")
    officer.fill("[name=reason]", "方向对，请改实。")
    sure(officer, "退回修改")
    told(officer, "退回")


def the_secretary_answers_and_sends_again(secretary: Page, code: str, portal: Portal) -> None:
    secretary.goto(f"{portal.url}/desk/")
    secretary.click("text=申报书退回，请修改并答复意见")
    sure(secretary, "报送")
    expect(secretary.locator("#field-goal, .field-error").first).to_be_visible()  # unanswered: refused
    secretary.fill("[name=goal]", "年底前新建 12 个小区党支部，名单可查。")
    secretary.locator("textarea[name^=answer_]").fill("已改为 12 个，附名单。")
    sure(secretary, "报送")
    told(secretary, "已报送")


def the_department_passes_the_precheck(officer: Page, code: str, portal: Portal) -> None:
    officer.goto(f"{portal.url}/desk/projects/{code}/versions/")
    expect(officer.locator("main")).to_contain_text("12 个小区党支部")
    officer.goto(f"{portal.url}/desk/projects/{code}/screening/")
    expect(officer.locator("main")).to_contain_text("已改为 12 个，附名单。")
    sure(officer, "送评审")
    told(officer, "评审")


def a_reviewer_scores(reviewer: Page, points: int, portal: Portal) -> None:
    reviewer.goto(f"{portal.url}/desk/")
    reviewer.click("text=评审申报书")
    for field in reviewer.locator("[name^=points_]").all():
        field.fill(str(points))
    for field in reviewer.locator("[name^=comment_]").all():
        field.fill("可行。")
    sure(reviewer, "提交评分")
    told(reviewer, "提交")


def the_board_passes_it(officer: Page, code: str, portal: Portal) -> None:
    officer.goto(f"{portal.url}/desk/screening/")
    officer.click("a:has-text('评审与排序')")
    expect(officer.locator("main")).to_contain_text(TITLE)
    officer.goto(f"{portal.url}/desk/projects/{code}/screening/")
    expect(officer.locator("main")).to_contain_text("85.00")  # the mean of 80, 85 and 90
    officer.check("#decision-pass")
    sure(officer, "录入决定")
    officer.wait_for_selector("text=YH-2026-DGW-001")
    project = portal.project(TITLE)
    assert (project["status"], project["archive_number"]) == ("approved", "YH-2026-DGW-001")


def it_is_published_in_four_steps(secretary: Page, officer: Page, code: str, portal: Portal, opener: Opener) -> None:
    public = f"{portal.url}/projects/{code}/"
    nobody = opener(portal)
    assert nobody.goto(public).status == 404
    secretary.goto(f"{portal.url}/desk/projects/{code}/publication/")
    secretary.fill("[name=summary]", "书记领题，一年建 12 个小区党支部。")
    secretary.click("button[value=propose]")
    for step in ("clear", "approve", "publish"):
        assert nobody.goto(public).status == 404
        officer.goto(f"{portal.url}/desk/projects/{code}/publication/")
        officer.click(f"button[value={step}]")
        officer.wait_for_load_state()
    assert nobody.goto(public).status == 200
    expect(nobody.locator("main")).to_contain_text("一年建 12 个小区党支部")


def a_month_is_reported(portal: Portal, code: str) -> None:
    """The monthly report has its own browser test; here the API does."""
    until(lambda: portal.project(TITLE)["status"] == "running" or _start(portal))
    milestones = portal.api("secretary", "GET", f"projects/{code}/")["milestones"]
    lines = [{"milestone": m["id"], "percent": p, "evidence": "台账"} for m, p in zip(milestones, (60, 0), strict=True)]
    body = {"month": "2026-04", "done": "走访建账。", "lines": lines}
    report = portal.api("secretary", "POST", f"projects/{code}/reports/", body)
    portal.api("secretary", "POST", f"reports/{report['id']}/submit/")
    portal.api("officer", "POST", f"reports/{report['id']}/confirm/")


def _start(portal: Portal) -> bool:
    """What beat does after midnight; the rehearsal's clock does not move beat's."""
    portal.run("-c", "import django; django.setup(); from projects.tasks import start_projects; start_projects()")
    return False


def the_plan_is_changed(secretary: Page, officer: Page, code: str, portal: Portal) -> None:
    secretary.goto(f"{portal.url}/desk/projects/{code}/")
    secretary.click("text=申请变更或延期")
    secretary.fill("[name='items.0.weight']", "30")
    secretary.fill("[name='items.1.weight']", "70")
    secretary.fill("[name=reason]", "汛期停工，后半年任务加重。")
    secretary.click("button:has-text('提出申请')")
    told(secretary, "申请")
    officer.goto(f"{portal.url}/desk/")
    officer.click("text=计划变更：待审批")
    expect(officer.locator("main")).to_contain_text("新旧计划对照")
    sure(officer, "同意")
    told(officer, "同意")


def it_is_closed(secretary: Page, officer: Page, code: str, portal: Portal, paper: Path) -> None:
    secretary.goto(f"{portal.url}/desk/projects/{code}/closing/")
    secretary.click("button:has-text('开始填写')")
    secretary.locator("[name^=reached_]").fill("5200余")
    secretary.locator("[name^=evidence_]").first.fill("签到表")
    secretary.fill("[name=outcome]", "建成 12 个小区党支部。")
    secretary.fill("[name=practice]", "书记领题，党员包楼。")
    secretary.set_input_files("input[type=file][name=evidence]", paper)
    sure(secretary, "申请结项")
    told(secretary, "已申请结项")
    officer.goto(f"{portal.url}/desk/")
    officer.click("text=结项：待核验")
    expect(officer.locator("main")).to_contain_text("5200余人次")
    officer.locator("[name=level][value=excellent], select[name=level]").first.evaluate(
        "e => { if (e.tagName === 'SELECT') e.value = 'excellent'; else e.checked = true; }"
    )
    officer.fill("[name=verdict]", "佐证齐全，目标完成。")
    sure(officer, "同意结项")
    told(officer, "结项")
    assert portal.project(TITLE)["status"] == "completed"


def the_package_is_whole(officer: Page, code: str, portal: Portal) -> None:
    officer.goto(f"{portal.url}/desk/projects/{code}/")
    sure(officer, "归档")
    until(lambda: portal.project(TITLE)["status"] == "archived")
    answer = officer.request.get(f"{portal.url}/desk/projects/{code}/package/")
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.body())) as package:
        names = package.namelist()
        assert package.testzip() is None
        sums = dict(
            reversed(line.split("  ", 1)) for line in package.read("SHA256SUMS.txt").decode().splitlines() if line
        )
        for name in set(names) - {"SHA256SUMS.txt"}:
            assert sums[name] == hashlib.sha256(package.read(name)).hexdigest()
        assert set(sums) == set(names) - {"SHA256SUMS.txt"}
        index = load_workbook(io.BytesIO(package.read("index.xlsx")), read_only=True).active
        listed = {str(cell) for row in index.iter_rows(values_only=True) for cell in row if cell}
        assert {sums[name] for name in names if name in sums and name != "index.xlsx"} <= listed
    kinds = {name.split("/")[0][:2] for name in names if "/" in name}
    assert {"01", "02", "03", "04", "05", "06"} <= kinds

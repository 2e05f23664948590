"""The pages of a project's year, from the season to the archive: accessible (axe), no sideways scrolling, no error in
the console, usable without scripts and by keyboard.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import pages_world
from tests.browser.conftest import DESK, PASSWORD, PHONE, Opener, Portal, served

pytestmark = pytest.mark.browser

PAGES = {
    "officer": [
        "/desk/",
        "/desk/seasons/",
        "/desk/seasons/new/",
        "/desk/seasons/{season}/",
        "/desk/seasons/{season}/rules/",
        "/desk/seasons/{season}/tracks/",
        "/desk/seasons/{season}/criteria/",
        "/desk/seasons/{season}/reviewers/",
        "/desk/seasons/{season}/announcement/view/",
        "/desk/seasons/{next}/",
        "/desk/seasons/{next}/criteria/",
        "/desk/seasons/{next}/announcement/",
        "/desk/calendar/",
        "/desk/calendar/2026/",
        "/desk/calendar/2027/",
        "/desk/exports/",
        "/desk/jobs/{export}/",
        "/desk/imports/",
        "/desk/imports/{batch}/",
        "/desk/imports/{batch}/?status=wrong",
        "/desk/screening/?show=precheck",
        "/desk/screening/?show=review",
        "/desk/screening/?show=all",
        "/desk/projects/{submitted}/screening/",
        "/desk/projects/{half}/screening/",
        "/desk/projects/{scored}/screening/",
        "/desk/projects/{approved}/screening/",
        "/desk/projects/{returned}/screening/",
        "/desk/projects/{submitted}/application/",
        "/desk/projects/{submitted}/versions/",
        "/desk/projects/{changing}/plan-changes/{change}/",
        "/desk/projects/{closing}/closing/",
        "/desk/projects/{completed}/closing/",
        "/desk/projects/{running}/lead/",
        "/desk/projects/{approved}/publication/",
        "/desk/projects/{running}/",
        "/desk/projects/{completed}/",
        "/desk/projects/{archived}/",
    ],
    "secretary": [
        "/desk/",
        "/desk/apply/",
        "/desk/projects/{handed}/application/",
        "/desk/projects/{returned}/application/",
        "/desk/projects/{submitted}/application/",
        "/desk/projects/{submitted}/versions/",
        "/desk/projects/{running}/plan-changes/new/",
        "/desk/projects/{changing}/plan-changes/{change}/",
        "/desk/projects/{closing_draft}/closing/",
        "/desk/projects/{closing}/closing/",
        "/desk/projects/{running}/lead/",
        "/desk/projects/{running}/",
    ],
    "clerk": [
        "/desk/apply/",
        "/desk/seasons/{season}/announcement/view/",
        "/desk/calendar/2026/",
        "/desk/projects/{draft}/application/",
        "/desk/projects/{handed}/application/",
        "/desk/projects/{changing}/publication/",
        "/desk/projects/{running}/closing/",
        "/desk/projects/{archived}/",
    ],
    "reviewer1": ["/desk/reviews/", "/desk/reviews/{sent_reviewer1}/", "/desk/projects/{half}/versions/"],
    "reviewer3": ["/desk/", "/desk/reviews/", "/desk/reviews/{half_review}/"],
    "leader": ["/desk/projects/{running}/", "/desk/exports/"],
}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for the module; each test changes only what no other looks at."""
    with served(tmp_path_factory.mktemp("year"), pages_world) as made:
        yield made


@pytest.fixture(scope="module")
def parts(year: Portal) -> dict[str, str]:
    """The codes and ids that addresses are made of."""
    found: dict[str, str] = json.loads((year.folder / "world.json").read_text())
    return found


def problems(page: Page) -> list[str]:
    """Serious and critical findings of axe with every details open, sideways scrolling, a missing heading."""
    page.evaluate("document.querySelectorAll('details:not([data-confirm])').forEach(each => { each.open = true })")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    bad = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]
    headings = [text.strip() for text in page.locator("h1").all_inner_texts()]
    return [
        *bad,
        *(f"{size} scrolls sideways by {width} px" for size, width in sideways(page).items() if width > 0),
        *([f"headings {headings}"] if len(headings) != 1 or not headings[0] else []),
    ]


def sideways(page: Page) -> dict[str, int]:
    """By how much the page is too wide for the window, in normal and in large text."""
    measure = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    normal = page.evaluate(measure)
    page.evaluate("document.documentElement.classList.add('text-large')")
    return {"normal": normal, "large": page.evaluate(measure)}


def no_errors(page: Page) -> list[str]:
    """What the console calls an error from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    return said


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("user", [*PAGES])
def test_nothing_is_wrong_with_any_page(
    year: Portal, opener: Opener, parts: dict[str, str], user: str, size: Any
) -> None:
    page = opener(year, user, size)
    said, found = no_errors(page), {}
    for path in PAGES[user]:
        answer = page.goto(year.url + path.format(**parts))
        assert answer is not None
        if bad := [*problems(page), *([f"status {answer.status}"] if answer.status != 200 else []), *said]:
            found[path] = bad
        said.clear()
    assert found == {}


def test_refused_forms_say_so(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    """The pages with their errors: beside the fields, and linked from a summary that has the focus."""
    page = opener(year, "secretary", PHONE)
    said = no_errors(page)
    page.goto(f"{year.url}/desk/projects/{parts['returned']}/application/")
    typed(page, {"ends_on": "以后", "milestones.0.weight": "4"})
    page.click("summary:has-text('报送')")
    page.click("dialog[open] button:has-text('报送')")
    expect(page.locator(".form-errors")).to_be_focused()
    assert problems(page) == []
    page.goto(f"{year.url}/desk/projects/{parts['running']}/plan-changes/new/")
    typed(page, {"items.0.weight": "x", "items.1.due": "2026-2-30"})
    page.click("button:has-text('提出申请')")
    expect(page.locator(".form-errors")).to_be_focused()
    assert problems(page) == []
    assert [text for text in said if "400" not in text] == []


def typed(page: Page, values: dict[str, str]) -> None:
    for name, text in values.items():
        page.fill(f"[name='{name}']", text)


def said_yes(page: Page, trigger: str) -> None:
    """A question before a step, which opens in place without scripts."""
    page.click(f"summary:has-text('{trigger}')")
    page.click(f".confirm[open] .confirm-actions button:has-text('{trigger}')")


def test_an_application_without_scripts(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    page = opener(year, "clerk", PHONE, java_script_enabled=False)
    page.goto(f"{year.url}/desk/projects/{parts['blank']}/application/")
    page.fill("[name=goal]", "不用脚本写的目标")
    typed(page, {"milestones.2.title": "空白行里写的", "milestones.2.weight": "40"})
    page.click("button[value=save]")
    expect(page.locator(".toast")).to_contain_text("已保存")
    expect(page.locator("[name=goal]")).to_have_value("不用脚本写的目标")
    # What was written into the third blank row is the first row now, with three blank ones after it.
    expect(page.locator("[name='milestones.0.title']")).to_have_value("空白行里写的")
    expect(page.locator("[name='milestones.0.weight']")).to_have_value("40")
    assert page.locator("[name$='.title'][name^='milestones.']").count() == 4
    said_yes(page, "提交书记审定")
    expect(page.locator(".toast")).to_contain_text("已提交书记审定")


def test_a_review_without_scripts(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    page = opener(year, "reviewer1", PHONE, java_script_enabled=False)
    page.goto(f"{year.url}/desk/reviews/{parts['unscored_review']}/")
    points, comments = page.locator("[name^=points_]"), page.locator("[name^=comment_]")
    points.first.fill("80")
    comments.first.fill("可行。")
    page.locator("#at-goal summary").click()
    page.locator("#at-goal textarea").fill("请量化。")
    page.click("button[value=save]")
    expect(page.locator(".toast")).to_contain_text("已保存，尚未提交")
    expect(page.locator("#at-goal textarea")).to_have_value("请量化。")
    said_yes(page, "提交评分")
    expect(page.locator(".form-errors")).to_contain_text("请给“创新”打分。")
    expect(points.first).to_have_value("80")
    for field in (*points.all()[1:], *comments.all()[1:]):
        field.fill("90")
    said_yes(page, "提交评分")
    expect(page.locator(".toast")).to_contain_text("评分已提交")
    expect(page.locator("main")).to_contain_text("总分 87.00")


def test_a_season_is_set_up_without_scripts(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    page = opener(year, "officer", PHONE, java_script_enabled=False)
    page.goto(f"{year.url}/desk/seasons/{parts['next']}/criteria/")
    typed(page, {"criteria.2.weight": "30", "criteria.3.name": "推广", "criteria.3.weight": "10"})
    page.click("button:has-text('保存，下一步')")
    expect(page.locator(".toast")).to_contain_text("已保存")
    page.goto(f"{year.url}/desk/seasons/{parts['next']}/criteria/")
    expect(page.locator("[name='criteria.3.name']")).to_have_value("推广")
    page.goto(f"{year.url}/desk/seasons/{parts['next']}/reviewers/")
    page.fill("[name=q]", "示例一街道")
    page.click("button[value=find]")
    page.check(".check-list label:has-text('示例一街道党务干事')")
    page.click("button:has-text('保存，下一步')")
    expect(page.locator(".toast")).to_contain_text("已保存")


def tab_to(page: Page, selector: str, most: int = 150) -> None:
    """Press Tab until what the selector names has the focus; nothing on the way may lie under another thing."""
    for _ in range(most):
        page.keyboard.press("Tab")
        covered = page.evaluate(COVERED)
        assert not covered, f"focus is hidden: {covered}"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


# The focused element's markup if its middle is out of the window or under something that is not part of it.
COVERED = """() => {
    const element = document.activeElement, box = element.getBoundingClientRect();
    if (element === document.body || element.tagName === "HTML") return "";
    const x = box.left + Math.min(box.width, 200) / 2, y = box.top + Math.min(box.height, 40) / 2;
    const there = document.elementFromPoint(x, y);
    const label = element.closest("label");
    if (there && (element.contains(there) || there.contains(element) || label?.contains(there))) return "";
    return `${element.outerHTML.slice(0, 160)} under ${there?.outerHTML.slice(0, 80)}`;
}"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
def test_an_application_by_keyboard(year: Portal, opener: Opener, parts: dict[str, str], size: Any) -> None:
    page = opener(year, "clerk", size)
    page.goto(f"{year.url}/desk/projects/{parts['draft']}/application/")
    rows = page.locator("#field-milestones [data-row]")
    before = rows.count()
    tab_to(page, "#field-milestones [data-rows-add]")
    page.keyboard.press("Enter")
    assert rows.count() == before + 1
    expect(rows.last.locator("input").first).to_be_focused()
    page.keyboard.type("键盘添加的里程碑")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    expect(page.locator("[data-sum]")).to_have_text("合计 105，多出 5")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(rows.last.locator("[data-row-remove]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#field-milestones [data-rows-add]")).to_be_focused()
    assert rows.count() == before
    tab_to(page, ".form-actions-sticky summary")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("提交书记审定？")
    tab_to(page, "dialog[open] button[value=hand_over]", most=5)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".form-actions-sticky summary")).to_be_focused()


def test_a_message_leaves_the_buttons_free(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    page = opener(year, "secretary", PHONE)
    page.goto(f"{year.url}/desk/projects/{parts['handed']}/application/")
    page.click("button[value=save]")
    expect(page.locator(".toast")).to_contain_text("已保存")
    page.click("summary:has-text('退给干事')", timeout=2000)
    expect(page.locator("dialog[open]")).to_be_visible()


def test_saving_leaves_no_copy_behind(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    """The server leaves out empty rows, so that what was typed stands in another row afterwards."""
    page = opener(year, "secretary", DESK)
    page.goto(f"{year.url}/desk/projects/{parts['handed']}/application/")
    typed(page, {"milestones.4.title": " 写在最后一行的里程碑 ", "milestones.4.weight": "1"})
    page.click("button[value=save]")
    expect(page.locator(".toast")).to_contain_text("已保存")
    expect(page.locator("[name='milestones.2.title']")).to_have_value("写在最后一行的里程碑")
    assert page.locator("main .notice:has-text('本机')").count() == 0
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:'))") == []


def test_a_lost_session_loses_no_word_of_an_application(year: Portal, opener: Opener, parts: dict[str, str]) -> None:
    page = opener(year, "clerk", PHONE)
    page.goto(f"{year.url}/desk/projects/{parts['draft']}/application/")
    page.context.clear_cookies()
    page.fill("[name=problem]", "登录失效时写下的难题")
    page.locator("#field-team [data-rows-add]").click()
    added = page.locator("#field-team [data-row]").last.locator("input").first
    added.fill("登录失效时添加的人")
    page.click("button:has-text('重新登录')")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_selector("text=已恢复")
    assert page.input_value("[name=problem]") == "登录失效时写下的难题"
    assert added.input_value() == "登录失效时添加的人"
    page.wait_for_selector(".autosave-good")
    page.click("button:has-text('撤销恢复')")
    assert page.input_value("[name=problem]") == "小区没有支部。"
    assert added.input_value() == ""

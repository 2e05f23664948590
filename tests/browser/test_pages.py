"""Every page as every kind of person sees it: reachable by rule, accessible (axe), no sideways scrolling."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import world
from tests.browser.conftest import DESK, PASSWORD, PHONE, Opener, Portal, until

pytestmark = pytest.mark.browser

PUBLIC = [
    "/",
    "/brands/",
    "/brands/zhongxinhui/",
    "/brands/yuhua-saihong/",
    "/projects/",
    "/projects/{code}/",
    "/login/",
]
PRIVATE = {
    "officer": [
        "/desk/",
        "/desk/inbox/",
        "/desk/board/",
        "/desk/behind/",
        "/desk/notices/",
        "/desk/projects/{code}/",
        "/desk/projects/{code}/reports/2026-02/",
        "/desk/liaison/{case}/",
        "/password/",
        "/nothing-here/",
    ],
    "clerk": ["/desk/", "/desk/projects/{code}/reports/2026-03/", "/desk/projects/{code}/reports/2026-04/"],
    "secretary": ["/desk/", "/desk/projects/{code}/reports/2026-03/"],
    "auditor": ["/desk/"],
}


@pytest.fixture(scope="module")
def addresses(still_portal: Portal) -> dict[str, str]:
    """What stands in for {code} and {case}; a draft is begun and photographed by nobody."""
    until(lambda: still_portal.project(world.MAIN)["light_day"])
    code = still_portal.project(world.MAIN)["code"]
    still_portal.api("clerk", "POST", f"projects/{code}/reports/", {"month": "2026-03", "done": "草稿"})
    cases = until(lambda: still_portal.api("officer", "GET", "liaison-cases/")["results"])
    return {"code": code, "case": cases[0]["id"]}


def problems(page: Any) -> list[str]:
    """Serious and critical findings of axe, and sideways scrolling."""
    found = Axe().run(page).response["violations"]
    bad = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*bad, *([f"scrolls sideways by {width} px"] if width > 0 else [])]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("user", ["", *PRIVATE])
def test_axe_finds_nothing_serious(
    still_portal: Portal, opener: Opener, addresses: dict[str, str], user: str, size: Any
) -> None:
    page = opener(still_portal, user, size)
    found = {}
    for path in PRIVATE[user] if user else PUBLIC:
        page.goto(still_portal.url + path.format(**addresses))
        if bad := problems(page):
            found[path] = bad
    assert found == {}


def test_large_text_lasts(still_portal: Portal, opener: Opener) -> None:
    page = opener(still_portal)
    page.goto(still_portal.url)
    page.click("[data-text-size] button[value=large]")
    page.goto(f"{still_portal.url}/brands/")
    assert "text-large" in (page.get_attribute("html", "class") or "")


def test_large_text_fits_a_phone(still_portal: Portal, opener: Opener, addresses: dict[str, str]) -> None:
    page = opener(still_portal, "officer", PHONE)
    page.context.add_cookies([{"name": "text_size", "value": "large", "url": still_portal.url}])
    wide = []
    for path in [*PUBLIC[:-1], *PRIVATE["officer"]]:
        page.goto(still_portal.url + path.format(**addresses))
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
    assert wide == []


def test_the_matrix_is_reached_by_keyboard(still_portal: Portal, opener: Opener) -> None:
    page = opener(still_portal)
    page.goto(still_portal.url)
    page.focus(".matrix-axis")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{still_portal.url}/brands/alliance-360/")


def test_the_library_searches_as_one_types(still_portal: Portal, opener: Opener) -> None:
    page = opener(still_portal)
    page.goto(f"{still_portal.url}/projects/")
    page.fill("input[type=search]", "无人")
    page.wait_for_selector("#results >> text=共 1 个项目")


def test_a_report_without_scripts(still_portal: Portal, opener: Opener, addresses: dict[str, str]) -> None:
    page = opener(still_portal, "secretary", PHONE, java_script_enabled=False)
    page.goto(f"{still_portal.url}/desk/projects/{addresses['code']}/reports/2026-03/")
    page.locator("input[type=number]").first.fill("9")
    page.fill("[name=done]", "不用脚本写的")
    page.click("summary:has-text('报送')")
    page.click(".confirm-actions button:has-text('报送')")
    text = page.inner_text("body")
    assert "请写明下调原因" in text
    assert page.input_value("[name=done]") == "不用脚本写的"
    page.locator("input[type=number]").first.fill("12")
    page.click("button[value=save]")
    assert page.locator(".toast:has-text('已保存')").count() == 1


def test_a_lost_session_loses_no_word(still_portal: Portal, opener: Opener, addresses: dict[str, str]) -> None:
    page = opener(still_portal, "clerk", PHONE)
    page.goto(f"{still_portal.url}/desk/projects/{addresses['code']}/reports/2026-03/")
    page.context.clear_cookies()
    page.fill("[name=effect]", "登录失效时写下的成效")
    page.click("button:has-text('重新登录')")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_selector("text=已恢复")
    assert page.input_value("[name=effect]") == "登录失效时写下的成效"
    page.wait_for_selector(".autosave-good")


def test_a_wrong_percent_is_said_beside_its_field(
    still_portal: Portal, opener: Opener, addresses: dict[str, str]
) -> None:
    page = opener(still_portal, "clerk", PHONE)
    page.goto(f"{still_portal.url}/desk/projects/{addresses['code']}/reports/2026-03/")
    page.locator("input[type=number]").first.fill("110")
    page.wait_for_selector(".autosave-bad:has-text('110')")
    page.click("button[value=save]")
    page.wait_for_selector(".field-error:has-text('完成比例应在 0 至 100 之间')")
    assert page.locator("input[type=number]").first.input_value() == "110"
    assert page.locator(".form-errors-title").inner_text() == "还没有办成，请改正下面各处；已填内容都还在。"


def test_last_months_words_are_one_tap_away(still_portal: Portal, opener: Opener, addresses: dict[str, str]) -> None:
    page = opener(still_portal, "clerk", PHONE)
    page.goto(f"{still_portal.url}/desk/projects/{addresses['code']}/reports/2026-03/")
    page.fill("[name=done]", "本月新写的")
    page.locator(".last-month summary").first.click()
    page.click("button:has-text('填入做法')")
    assert page.input_value("[name=done]") == "本月新写的\n开展了示例工作。"
    page.click("button:has-text('填入做法')")
    assert page.input_value("[name=done]") == "本月新写的\n开展了示例工作。"
    page.wait_for_selector(".autosave-good")

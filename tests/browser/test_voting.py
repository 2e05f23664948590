"""Voting in a browser: a phone, a slow or broken line, two tabs, no script, keyboard only; every page under axe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import vote_world
from tests.browser.conftest import DESK, PASSWORD, PHONE, Opener, Portal, served
from tests.browser.test_pages import problems

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def voting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(tmp_path_factory.mktemp("voting"), vote_world) as made:
        yield made


@pytest.fixture(scope="module")
def world(voting: Portal) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((voting.folder / "votes.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def code(world: dict[str, Any]) -> str:
    """A code that no other test uses."""
    taken: str = world["plain"].pop()
    return taken


def enter(page: Page, voting: Portal, code: str) -> None:
    page.goto(f"{voting.url}/vote/")
    page.fill("#id_code", code)
    page.click("text=下一步")


def tick(page: Page, number: int, section: int = 0) -> None:
    boxes = page.locator("[data-vote-section]").nth(section).locator(".vote-cards input")
    for at in range(number):
        boxes.nth(at).check()


def onward(page: Page, address: str) -> None:
    page.click(".vote-actions .btn-primary")
    page.wait_for_url(f"**{address}")


def to_review(page: Page, voting: Portal, code: str) -> None:
    enter(page, voting, code)
    page.wait_for_url("**/vote/ballot/1/")
    tick(page, 7)
    onward(page, "/vote/ballot/2/")
    tick(page, 1)
    onward(page, "/vote/ballot/3/")
    tick(page, 1)
    page.locator("[data-vote-abstain]").nth(1).check()
    onward(page, "/vote/review/")


def tracking(page: Page) -> str:
    return page.inner_text(".vote-tracking")


def test_a_phone_from_the_slip_to_the_check(voting: Portal, opener: Opener, world: dict[str, Any], code: str) -> None:
    page = opener(voting, "", PHONE)
    page.goto(f"{voting.url}/vote/#{code}")
    expect(page.locator("#id_code")).to_have_value(code)
    assert page.url == f"{voting.url}/vote/"
    assert problems(page) == []
    page.click("text=下一步")
    page.wait_for_url("**/vote/ballot/1/")
    chosen = page.locator(".vote-chosen")
    expect(chosen).to_have_text("已选 0 / 10")
    page.locator(".vote-choice").nth(2).click()
    expect(chosen).to_have_text("已选 1 / 10")
    page.locator(".vote-dossier summary").first.click()
    assert problems(page) == []
    tick(page, 11)
    expect(page.locator(".vote-over")).to_be_visible()
    page.click(".vote-actions .btn-primary")
    page.wait_for_selector("text=最多选 10 个，您选了 11 个，请取消 1 个。")
    assert page.locator(".vote-cards input:checked").count() == 11
    assert problems(page) == []
    page.locator(".vote-cards input").first.uncheck()
    onward(page, "/vote/ballot/2/")
    page.locator("[data-vote-abstain]").check()
    onward(page, "/vote/ballot/3/")
    tick(page, 1, section=1)
    page.locator("[data-vote-abstain]").first.check()
    onward(page, "/vote/review/")
    assert page.locator(".vote-picked li").count() == 11
    assert problems(page) == []
    page.click("text=确认投票")
    page.wait_for_selector("h1:has-text('投票成功')")
    assert problems(page) == []
    assert page.context.cookies(f"{voting.url}/vote/") == [
        cookie for cookie in page.context.cookies() if cookie["name"] == "csrftoken"
    ]
    # The receipt stays where it is: coming back to it would ask the browser to send the form again.
    with page.expect_popup() as opened:
        page.click("a:has-text('核对页')")
    check = opened.value
    check.wait_for_selector(".vote-answer-none")
    assert check.url == f"{voting.url}/appraisals/{world['campaign']}/check/"
    assert problems(check) == []
    assert page.locator("main a:not([target=_blank]), footer a").count() == 0


def test_a_second_slip_takes_the_place_of_the_first(voting: Portal, opener: Opener) -> None:
    page = opener(voting, "", PHONE)
    page.goto(f"{voting.url}/vote/#AAAA-1111")
    for fragment, shown in (("BBBB-2222", "BBBB-2222"), ("%E4%A", "%E4%A")):
        page.goto(f"{voting.url}/vote/#{fragment}")
        expect(page.locator("#id_code")).to_have_value(shown)
        page.wait_for_url(f"{voting.url}/vote/")


def test_touch_targets_and_type_are_large(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE)
    enter(page, voting, code)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.vote-main label, .vote-go, summary, .vote-foot a, .vote-link')]"
        ".map((each) => each.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.vote-project')).fontSize)") >= 20


def test_large_type_fits_a_phone(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE)
    page.context.add_cookies([{"name": "text_size", "value": "large", "url": voting.url}])
    page.goto(f"{voting.url}/vote/threats/")
    assert problems(page) == []
    to_review(page, voting, code)
    assert problems(page) == []
    page.click("text=确认投票")
    page.wait_for_selector("h1:has-text('投票成功')")
    assert problems(page) == []
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == 24


def test_a_phone_zoomed_to_twice_the_size_scrolls_one_way(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", {"width": PHONE["width"] // 2, "height": PHONE["height"] // 2})
    page.goto(f"{voting.url}/vote/")
    assert problems(page) == []
    to_review(page, voting, code)
    assert problems(page) == []
    assert page.locator(".vote-sheet-head .btn").first.bounding_box()["x"] >= 0  # type: ignore[index]
    page.goto(f"{voting.url}/vote/ballot/1/")
    assert problems(page) == []


def test_without_scripts(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE, java_script_enabled=False)
    enter(page, voting, code)
    tick(page, 11)
    page.click(".vote-actions .btn-primary")
    assert page.inner_text(".vote-chosen") == "已选 11 / 10"
    assert "您选了 11 个，请取消 1 个" in page.inner_text("main")
    page.locator(".vote-cards input").first.uncheck()
    onward(page, "/vote/ballot/2/")
    tick(page, 1)
    onward(page, "/vote/ballot/3/")
    page.locator("[data-vote-abstain]").nth(0).check()
    page.locator("[data-vote-abstain]").nth(1).check()
    page.go_back()
    assert page.locator(".vote-cards input:checked").count() == 1
    page.go_forward()
    page.locator("[data-vote-abstain]").nth(0).check()
    page.locator("[data-vote-abstain]").nth(1).check()
    onward(page, "/vote/review/")
    page.click("text=确认投票")
    assert page.inner_text("h1") == "投票成功"
    with page.expect_popup() as opened:
        page.click("a:has-text('核对页')")
    check = opened.value
    assert check.locator("form").count() == 1
    assert check.locator("form").is_hidden()
    assert "打开追踪号清单" in check.inner_text("main")


def test_what_was_wrong_goes_with_the_next_tick(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE)
    enter(page, voting, code)
    expect(page.locator(".vote-step").first).to_contain_text("综合票决")
    page.click(".vote-actions .btn-primary")
    expect(page.locator(".vote-error")).to_have_count(2)
    tick(page, 1)
    expect(page.locator(".vote-error")).to_have_count(0)
    page.click(".vote-actions .btn-primary")
    page.wait_for_url("**/vote/ballot/2/")


def test_the_back_button_loses_no_tick(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE)
    enter(page, voting, code)
    tick(page, 4)
    onward(page, "/vote/ballot/2/")
    with page.expect_response(lambda answer: answer.status == 204):
        tick(page, 1)
    page.go_back()
    page.wait_for_url("**/vote/ballot/1/")
    expect(page.locator(".vote-cards input:checked")).to_have_count(4)
    page.go_forward()
    page.wait_for_url("**/vote/ballot/2/")
    expect(page.locator(".vote-cards input:checked")).to_have_count(1)
    page.reload()
    expect(page.locator(".vote-cards input:checked")).to_have_count(1)
    expect(page.locator(".vote-chosen")).to_have_text("已选 1 / 1")


def test_a_double_click_casts_once(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE)
    to_review(page, voting, code)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/vote/cast/") else None)
    page.dblclick("text=确认投票")
    page.wait_for_selector("h1:has-text('投票成功')")
    assert len(sent) == 1
    first = tracking(page)
    page.reload()  # the browser sends the form again
    page.wait_for_selector("text=已经收到过，没有重复计票")
    assert tracking(page) == first
    assert len(sent) == 2


def test_of_two_tabs_the_first_counts(voting: Portal, opener: Opener, code: str) -> None:
    first = opener(voting, "", PHONE)
    to_review(first, voting, code)
    second = first.context.new_page()
    second.goto(f"{voting.url}/vote/review/")
    second.click("text=确认投票")
    second.wait_for_selector("h1:has-text('投票成功')")
    first.click("text=确认投票")
    first.wait_for_selector("h1:has-text('您已经投过票')")
    assert "先投的那一张有效" in first.inner_text("main")
    assert problems(first) == []


def test_a_lost_answer_is_found_in_one_step(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", PHONE)
    to_review(page, voting, code)

    def lose(route: Any) -> None:
        route.fetch()  # it reaches the server, the answer does not reach the voter
        route.abort()

    page.route("**/vote/cast/", lose)
    page.click("text=确认投票", no_wait_after=True)
    page.wait_for_timeout(1500)
    page.unroute("**/vote/cast/")
    enter(page, voting, code)
    page.wait_for_selector("h1:has-text('您的票已在票箱中')")
    assert problems(page) == []


def test_by_keyboard_only(voting: Portal, opener: Opener, code: str) -> None:
    page = opener(voting, "", DESK)
    page.goto(f"{voting.url}/vote/")
    page.focus("#id_code")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/vote/ballot/1/")
    page.locator(".vote-cards input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.locator(".vote-cards input").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/vote/ballot/2/")
    page.locator("[data-vote-abstain]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/vote/ballot/3/")
    for at in range(2):
        page.locator("[data-vote-abstain]").nth(at).focus()
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/vote/review/")
    assert page.locator(".vote-picked li").count() == 1
    page.focus(".vote-cast")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('投票成功')")


def test_recused_and_withdrawn_are_greyed_with_the_reason(
    voting: Portal, opener: Opener, world: dict[str, Any]
) -> None:
    page = opener(voting, "", PHONE)
    enter(page, voting, world["recused"])
    reasons = [re.sub(r"\s+", "", text) for text in page.locator(".vote-card-shut .vote-reason").all_inner_texts()]
    assert sorted(reasons) == ["已退出：牵头单位申请退出（示例）", "应当回避：本人所在党组织的项目"]
    assert page.locator(".vote-card-shut input").count() == 0
    assert problems(page) == []


def test_an_account_gives_its_password_again(voting: Portal, opener: Opener) -> None:
    page = opener(voting, "branchsec", PHONE)
    page.click("text=请投票")
    page.wait_for_url("**/account/")
    assert problems(page) == []
    page.fill("#id_password", "wrong")
    page.click("text=下一步")
    page.wait_for_selector("text=账号或密码不正确。")
    page.fill("#id_password", PASSWORD)
    page.click("text=下一步")
    page.wait_for_url("**/vote/ballot/1/")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
def test_axe_finds_nothing_serious(voting: Portal, opener: Opener, world: dict[str, Any], size: Any) -> None:
    page = opener(voting, "", size)
    check = f"/appraisals/{world['campaign']}/check/"
    account = f"/vote/{world['campaign']}/account/"
    found = {}
    for path in ("/vote/", "/vote/threats/", account, check, "/vote/ballot/1/"):
        page.goto(voting.url + path)
        if bad := problems(page):
            found[path] = bad
    page.goto(voting.url + check)
    page.fill("#tracking", "abc")
    page.click("button:has-text('核对')")
    page.wait_for_selector(".vote-answer-wrong")
    found |= {"wrong number": bad} if (bad := problems(page)) else {}
    assert found == {}


def test_a_number_is_found_however_it_is_typed(voting: Portal, opener: Opener, world: dict[str, Any]) -> None:
    page = opener(voting, "", PHONE)
    listed = "# 1 abc\nAB0D1FGHJKMNPQR1\n# 2 def\nZZZZZZZZZZZZZZZZ\n"
    page.route("**/codes.txt", lambda route: route.fulfill(body=listed, content_type="text/plain"))
    check = f"{voting.url}/appraisals/{world['campaign']}/check/"
    for typed in ("AB0D1FGHJKMNPQR1", "ab0d 1fgh-jkmn pqr1", "aboD-lFGH-JKMN-PQRi", "ＡＢ０Ｄ１ＦＧＨＪＫＭＮＰＱＲ１"):
        page.goto(check)
        page.fill("#tracking", typed)
        page.click("button:has-text('核对')")
        expect(page.locator(".vote-answer b")).to_have_text("在票箱中（第 1 批）")
    page.fill("#tracking", "AB0D1FGHJKMNPQR2")
    page.click("button:has-text('核对')")
    expect(page.locator(".vote-answer b")).to_have_text("清单里还没有")

"""The vote of docs/worked-vote.md from the keys to the certificate, in the browser as people do it.

Three contests, six categories, 72 voters: 50 by code, 12 by account, 10 on paper; recusals, a withdrawal, a tie and its
run-off, an objection. What is published equals the fractions of the page, and the published files verify.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import full_vote_steps as steps
from tests.browser import full_vote_world
from tests.browser.conftest import DESK, PHONE, ROOT, Opener, Portal, served, until
from tests.browser.full_vote_steps import Vote
from tests.browser.plain import Visitor
from tests.browser.test_full_year import sure, told
from tests.evaluation.appraisal import votes, worked_vote

pytestmark = pytest.mark.browser
AGAIN, AGAIN_OPEN, AGAIN_OVER = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 10)
# A Friday: five working days end on the Thursday after.
NOTICE, OBJECTED, OVER = date(2026, 12, 11), date(2026, 12, 14), date(2026, 12, 18)
AWARDED = ["甲一", "甲二", "丙一", "丙四", "乙一"]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with served(tmp_path, full_vote_world) as made:
        yield made


def test_a_vote_from_the_keys_to_the_certificate(portal: Portal, opener: Opener, tmp_path: Path) -> None:
    code = json.loads((portal.folder / "vote.json").read_text(encoding="utf-8"))["campaign"]
    vote = Vote(portal, code, "Approvals")
    admin, officer = opener(portal, "evaladmin", DESK), opener(portal, "officer", DESK)
    scrutineer = opener(portal, "scrutineer", DESK)

    it_is_made_ready(admin, officer, vote)
    tracking = everybody_votes(opener, vote)
    the_paper_ballots_come_in(admin, scrutineer, vote)
    one_candidate_withdraws(admin, vote)
    it_is_counted(admin, scrutineer, vote)
    again = a_run_off_decides_the_tie(admin, officer, scrutineer, vote)
    notice = it_is_put_to_the_public(admin, officer, opener(portal), vote)
    the_figures_are_those_of_the_page(vote, again, tracking)
    an_objection_holds_its_own_item(opener(portal), officer, vote, notice)
    the_certificate_is_confirmed(admin, opener(portal, "", PHONE), vote, tmp_path)
    anybody_recounts(vote, tmp_path)


def it_is_made_ready(admin: Page, officer: Page, vote: Vote) -> None:
    steps.keys_are_made(admin, vote)
    steps.rules_are_locked(admin, vote)
    steps.it_is_announced(admin, officer, vote)
    steps.codes_are_printed(admin, vote)
    vote.portal.day(votes.DURING)
    until(lambda: vote.state == "open")
    vote.learn(vote.slips[steps.name("expert", 1)])


def everybody_votes(opener: Opener, vote: Vote) -> str:
    """Some of each kind on a phone, with scripts and without; the rest by the same forms or the API."""
    portal = vote.portal
    tracking = steps.by_code_in_browser(opener(portal, "", PHONE), vote, "expert", 1)
    steps.by_code_in_browser(opener(portal, "", PHONE, java_script_enabled=False), vote, "leader", 1)
    recused = opener(portal, "", PHONE)
    steps.by_code_in_browser(recused, vote, "secretary", 12)
    steps.by_account_in_browser(opener(portal, "voter01", PHONE), vote, 1)
    steps.by_account_in_browser(opener(portal, "", PHONE, java_script_enabled=False), vote, 2)
    for turn in range(3, 13):
        steps.by_form(vote, "member", turn)
    for turn in range(1, 13):
        steps.by_form(vote, "delegate", turn)
    for category, first, last in (("expert", 2, 12), ("masses", 11, 12), ("leader", 2, 12), ("secretary", 1, 11)):
        for turn in range(first, last + 1):
            steps.by_api(vote, category, turn)
    return tracking


def the_paper_ballots_come_in(admin: Page, scrutineer: Page, vote: Vote) -> None:
    """Given out and taken back at the desk, keyed twice; where the two keyings differ, nothing enters."""
    admin.goto(f"{vote.desk}/paper/")
    for do, word in (("give", "已领票"), ("take", "已交票")):
        while admin.locator(f".desk-list button[value={do}]").count():
            admin.locator(f".desk-list button[value={do}]").first.click()
            told(admin, word)
    admin.click("a:has-text('录第一遍')")
    admin.fill("[name=ballots]", "10")
    admin.click("button:has-text('开始录第一遍')")
    steps.paper_is_keyed(admin, vote, 10)
    expect(admin.locator("main")).to_contain_text("等另一人录第二遍")
    scrutineer.goto(f"{vote.desk}/paper/")
    scrutineer.click("a:has-text('录第二遍')")
    steps.paper_is_keyed(scrutineer, vote, 10, wrong=3)
    expect(scrutineer.locator(".keying-errors")).to_contain_text("第 3 张“十佳书记项目”：两遍录入不一致。")
    assert vote.portal.api("evaladmin", "GET", f"campaigns/{vote.code}/turnout/")["voted"] == 62
    steps.paper_is_keyed(scrutineer, vote, 10)
    told(scrutineer, "入箱")
    admin.goto(f"{vote.desk}/turnout/")
    expect(admin.locator(".turnout-figure")).to_have_text("72/ 72 人已投票")


def one_candidate_withdraws(admin: Page, vote: Vote) -> None:
    """丙六, while the vote is open and after it got approvals."""
    admin.goto(f"{vote.desk}/candidates/")
    admin.locator("tr:has-text('丙六') summary").click()
    admin.fill("dialog[open] [name=reason]", "主动退出（示例）")
    admin.click("dialog[open] button:has-text('确认退出')")
    expect(admin.locator("tr:has-text('丙六')")).to_contain_text("主动退出（示例）")


def it_is_counted(admin: Page, scrutineer: Page, vote: Vote) -> None:
    """The clock closes and mixes by itself; two of three holders open the box; a tie is left."""
    vote.portal.day(votes.AFTER)
    steps.the_box_is_opened(admin, vote, (1, 3))
    admin.goto(f"{vote.desk}/result/")
    steps.the_page_shows(admin, worked_vote.table("Scores"))
    expect(admin.locator("main")).to_contain_text("末位并列")
    steps.the_count_is_signed(scrutineer, vote)


def a_run_off_decides_the_tie(admin: Page, officer: Page, scrutineer: Page, vote: Vote) -> Vote:
    """Its own times, keys, lock and codes over the same roll; then everybody again."""
    portal = vote.portal
    admin.goto(f"{vote.desk}/result/")
    admin.click("button:has-text('组织再次票决')")
    admin.wait_for_selector("text=已建立再次票决的草稿")
    again = Vote(portal, admin.url.rstrip("/").rsplit("/", 1)[1], "The run-off")
    portal.day(AGAIN)
    admin.goto(f"{again.desk}/basics/")
    admin.fill("[name=opens_at]", f"{AGAIN_OPEN:%Y-%m-%d} 0:00")
    admin.fill("[name=closes_at]", f"{AGAIN_OVER:%Y-%m-%d} 0:00")
    admin.click(".form-actions .btn-primary")
    steps.keys_are_made(admin, again)
    steps.rules_are_locked(admin, again)
    steps.it_is_announced(admin, officer, again)
    steps.codes_are_printed(admin, again)
    portal.day(AGAIN_OPEN)
    until(lambda: again.state == "open")
    again.learn(again.slips[steps.name("expert", 1)])
    for turn in range(1, 13):
        for category in ("expert", "leader", "delegate", "secretary"):
            steps.by_api(again, category, turn)
        steps.by_form(again, "member", turn)
    for turn in (11, 12):
        steps.by_api(again, "masses", turn)
    steps.paper_by_forms(again, 10)
    portal.day(AGAIN_OVER)
    steps.the_box_is_opened(admin, again, (2, 3))
    admin.goto(f"{again.desk}/result/")
    steps.the_page_shows(admin, worked_vote.table("The run-off", nth=1))
    steps.the_count_is_signed(scrutineer, again)
    return again


def it_is_put_to_the_public(admin: Page, officer: Page, nobody: Page, vote: Vote) -> str:
    """The notice through its four steps; before it nothing of the result is public. The notice's address."""
    vote.portal.day(NOTICE)
    public = f"{vote.portal.url}/appraisals/{vote.code}/"
    nobody.goto(public)
    expect(nobody.locator("main")).to_contain_text("候选项目")
    expect(nobody.locator(".result-class")).to_have_count(0)
    assert nobody.request.get(f"{public}files/result.json").status == 404
    admin.goto(f"{vote.desk}/notice/")
    admin.click("button:has-text('按结果拟定公示')")
    admin.fill("[name=contact]", "区委组织部组织科（示例），025-00000000")
    admin.click("button[value=propose]")
    steps.pass_on(officer, f"{vote.desk}/notice/")
    officer.goto(f"{vote.desk}/notice/")
    address = officer.locator("main a:has-text('查看')").first.get_attribute("href")
    assert address is not None
    nobody.goto(public)
    steps.the_page_shows(nobody, worked_vote.table("Scores"))
    nobody.goto(vote.portal.url + address)
    for title in AWARDED:
        expect(nobody.locator("main")).to_contain_text(title)
    return address


def the_figures_are_those_of_the_page(vote: Vote, again: Vote, tracking: str) -> None:
    """Published counts and scores against docs/worked-vote.md, as fractions; the tracking number is in the list."""
    compare(vote, worked_vote.table("Scores"))
    compare(again, worked_vote.table("The run-off", nth=1))
    assert tracking.replace("-", "") in published(vote, "codes.txt").decode().split()


def compare(vote: Vote, scores: list[dict[str, str]]) -> None:
    titles = {row["code"]: title for title, row in vote.candidates.items()}
    cells = {
        (titles[code], category["code"]): tuple(cell)
        for category in json.loads(published(vote, "counts.json"))["categories"]
        for code, cell in category["candidates"].items()
    }
    by_hand = {(row.name, code): cell for row in worked_vote.approvals(vote.table) for code, cell in row.cells.items()}
    assert cells == {key: cell for key, cell in by_hand.items() if key[0] != "丙六"}
    found = [row for contest in result_of(vote) for each in contest["classes"] for row in each["ranking"]]
    assert {titles[row["candidate"]]: Fraction(row["score"]) for row in found} == {
        line["candidate"]: Fraction(line["score"]) for line in scores
    }


def result_of(vote: Vote) -> list[dict[str, Any]]:
    contests: list[dict[str, Any]] = json.loads(published(vote, "result.json"))["contests"]
    return contests


def published(vote: Vote, name: str) -> bytes:
    with urllib.request.urlopen(f"{vote.portal.url}/appraisals/{vote.code}/files/{name}", timeout=20) as answer:
        content: bytes = answer.read()
    return content


def an_objection_holds_its_own_item(objector: Page, officer: Page, vote: Vote, notice: str) -> None:
    """Filed on the public page; after the days the other four are awards, and the fifth once it is dismissed."""
    vote.portal.day(OBJECTED)
    objector.goto(vote.portal.url + notice)
    objector.check("[name=kind][value=person]")
    objector.fill("[name=name]", "示例居民（示例）")
    objector.fill("[name=contact]", "025-00000000（示例）")
    option = objector.locator("[name=item] option").filter(has_text="乙一")
    objector.select_option("[name=item]", option.get_attribute("value") or "")
    objector.fill("[name=content]", "数字与台账不符。（示例）")
    objector.click("button:has-text('提交异议')")
    query = objector.inner_text(".big-code")
    vote.portal.day(OVER)
    make_final(officer, vote)
    assert awarded(objector, vote) == {*AWARDED} - {"乙一"}
    officer.goto(f"{vote.desk}/notice/")
    officer.click("a:has-text('号异议')")
    choose(officer, "state", "dismissed")
    officer.fill("[name=reply]", "经核对，数字与台账一致。（示例）")
    officer.click("summary:has-text('办结')")
    officer.click("dialog[open] button:has-text('确认办结')")
    make_final(officer, vote)
    assert awarded(objector, vote) == {*AWARDED}
    assert vote.state == "final"
    objector.goto(f"{vote.portal.url}/notices/objections/")
    objector.fill("[name=code]", query)
    objector.click("button:has-text('查询')")
    expect(objector.locator("main")).to_contain_text("经核对，数字与台账一致。（示例）")


def choose(page: Page, name: str, value: str) -> None:
    """A choice that may be drawn as a list or as buttons."""
    if page.locator(f"select[name={name}]").count():
        page.select_option(f"select[name={name}]", value)
    else:
        page.check(f"[name={name}][value={value}]")


def make_final(officer: Page, vote: Vote) -> None:
    officer.goto(f"{vote.desk}/notice/")
    sure(officer, "公示期满，结果生效", "生效")
    officer.wait_for_load_state()


def awarded(page: Page, vote: Vote) -> set[str]:
    page.goto(f"{vote.portal.url}/awards/")
    return {text.strip() for text in page.locator(".award-card h3").all_inner_texts()}


def the_certificate_is_confirmed(admin: Page, nobody: Page, vote: Vote, folder: Path) -> None:
    """The PDF says the code, and the public page knows it."""
    admin.goto(f"{vote.desk}/awards/")
    row = admin.locator(".award-row").filter(has_text="甲二")
    address = row.locator("a:has-text('证书')").get_attribute("href")
    answer = admin.request.get(f"{vote.portal.url}{address}")
    assert answer.status == 200
    paper = folder / "certificate.pdf"
    paper.write_bytes(answer.body())
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", paper, "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    code = text.split("验证码", 1)[1].split()[0].lstrip("：:")
    nobody.goto(f"{vote.portal.url}/verify/")
    nobody.fill("[name=code]", code)
    nobody.click("button:has-text('验证')")
    expect(nobody.locator(".verified")).to_contain_text("证书有效")
    expect(nobody.locator(".verified")).to_contain_text("甲二")


def anybody_recounts(vote: Vote, folder: Path) -> None:
    """The published package: by the script that lies in it, and by the server's own command."""
    package = folder / "recount.zip"
    package.write_bytes(published(vote, f"recount-{vote.code}.zip"))
    script = folder / "verify_tally.py"
    script.write_bytes(published(vote, "verify_tally.py"))
    page = Visitor(vote.portal.url).get(f"/appraisals/{vote.code}/")
    (stated,) = re.findall(r'公布的?结果摘要[^<]*<code class="digest">([0-9a-f]{64})', page)
    done = subprocess.run(
        [sys.executable, script, package, "--result-sha256", stated], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip().splitlines()[-1]) == (0, "复核通过。"), done.stdout
    command = [sys.executable, "manage.py", "recount", str(package), "--result-sha256", stated]
    own = subprocess.run(command, cwd=ROOT, env=vote.portal.environment, capture_output=True, text=True, check=False)
    assert (own.returncode, own.stdout.strip().splitlines()[-1]) == (0, "复核通过。"), own.stderr

"""What people do in a whole vote, page by page; `tests/browser/test_full_vote.py` strings it together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Portal, until
from tests.browser.plain import Visitor
from tests.browser.test_full_year import sure, told
from tests.evaluation.appraisal import votes, worked_vote
from tests.factories import PASSWORD

RULES = "现将本次综合票决的规则和候选项目公告如下。（示例）"
Ballot = dict[str, list[str]]


@dataclass
class Vote:
    """A vote of the served portal: its code, the holders' secrets, the slips; candidates by title once it is open."""

    portal: Portal
    code: str
    table: str  # the section of docs/worked-vote.md with its approvals
    secrets: list[str] = field(default_factory=list)
    slips: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def desk(self) -> str:
        return f"{self.portal.url}/desk/votes/{self.code}"

    @property
    def state(self) -> str:
        return str(self.portal.api("evaladmin", "GET", f"campaigns/{self.code}/")["state"])

    @property
    def sections(self) -> list[str]:
        return list(dict.fromkeys(f"{row.contest}-{row.number}" for row in worked_vote.approvals(self.table)))

    def ballot(self, category: str, turn: int) -> Ballot:
        """The titles that this voter (from 1) of a category chooses, by section."""
        return worked_vote.ballots(category, self.table)[turn - 1]

    def codes(self, ballot: Ballot) -> Ballot:
        return {key: [self.candidates[title]["code"] for title in titles] for key, titles in ballot.items()}

    def learn(self, code: str) -> None:
        """Candidates by title, from the ballot that a code opens."""
        contests = self.portal.api("", "POST", "votes/ballot/", {"code": code})["contests"]
        rows = [row for contest in contests for section in contest["sections"] for row in section["candidates"]]
        self.candidates = {row["project"]: row for row in rows}


def name(category: str, turn: int) -> str:
    label = next(words for words, code in worked_vote.CODES.items() if code == category)
    return f"{label}{turn:02}（示例）"


# --- set-up ---


def keys_are_made(admin: Page, vote: Vote) -> None:
    """Three holders, three cards shown once, the rehearsal with all three."""
    admin.goto(f"{vote.desk}/keys/")
    for turn, (holder, body) in enumerate(votes.HOLDERS, start=1):
        admin.fill(f"[name=name_{turn}]", holder)
        admin.fill(f"[name=body_{turn}]", body)
    sure(admin, "生成三份密钥")
    expect(admin.locator(".key-secret")).to_have_count(3)
    vote.secrets = admin.locator(".key-secret").all_inner_texts()
    admin.click("text=已经打印好，去做开箱演练")
    for turn, secret in enumerate(vote.secrets, start=1):
        admin.fill(f"[name=secret_{turn}]", secret.lower().replace("-", " "))
    admin.click("button:has-text('试开票箱')")
    told(admin, "演练通过")


def rules_are_locked(admin: Page, vote: Vote) -> None:
    admin.goto(f"{vote.desk}/lock/")
    for line in worked_vote.table("The roll"):
        expect(admin.locator(".rule-sheet")).to_contain_text(line["category"])
    sure(admin, "锁定规则")
    told(admin, "已锁定")
    assert vote.state == "locked"


def it_is_announced(admin: Page, officer: Page, vote: Vote) -> None:
    page = f"{vote.desk}/announcement/"
    admin.goto(page)
    admin.fill("[name=body]", RULES)
    admin.click("button[value=propose]")
    pass_on(officer, page)


def pass_on(officer: Page, page: str) -> None:
    """The department's three steps of the publication."""
    for step in ("clear", "approve", "publish"):
        officer.goto(page)
        officer.click(f"button[value={step}]")
        officer.wait_for_load_state()


def codes_are_printed(admin: Page, vote: Vote) -> None:
    admin.goto(f"{vote.desk}/roll/codes/")
    admin.click("button[value=missing]")
    expect(admin.locator(".slip")).to_have_count(50)
    names = admin.locator(".slip-who b").all_inner_texts()
    vote.slips = dict(zip(names, admin.locator(".slip-code").all_inner_texts(), strict=True))


# --- voting ---


def fill_ballot(page: Page, vote: Vote, ballot: Ballot) -> None:
    """From the first contest to the receipt, in a browser."""
    for number, contest in enumerate(dict.fromkeys(key.rsplit("-", 1)[0] for key in vote.sections), start=1):
        page.wait_for_url(f"**/vote/ballot/{number}/")
        for key in (each for each in vote.sections if each.startswith(contest)):
            for code in vote.codes(ballot).get(key, []):
                page.check(f"input[name='{key}'][value='{code}']")
            if not ballot.get(key):
                page.check(f"[name='abstain-{key}']")
        page.click(".vote-actions .btn-primary")
    page.wait_for_url("**/vote/review/")
    page.click("text=确认投票")
    page.wait_for_selector("h1:has-text('投票成功')")


def by_code_in_browser(page: Page, vote: Vote, category: str, turn: int) -> str:
    """The tracking number of a ballot that was cast with the code of a slip."""
    page.goto(f"{vote.portal.url}/vote/")
    page.fill("#id_code", vote.slips[name(category, turn)])
    page.click("text=下一步")
    fill_ballot(page, vote, vote.ballot(category, turn))
    return page.inner_text(".vote-tracking")


def by_account_in_browser(page: Page, vote: Vote, turn: int) -> None:
    """A voter who is logged in or gives the name, and gives the password (again)."""
    page.goto(f"{vote.portal.url}/vote/{vote.code}/account/")
    if page.locator("[name=username]").count():
        page.fill("[name=username]", f"voter{turn:02}")
    page.fill("[name=password]", PASSWORD)
    page.click("text=下一步")
    fill_ballot(page, vote, vote.ballot("member", turn))


def by_form(vote: Vote, category: str, turn: int) -> None:
    """The same pages without a browser: by the code of a slip, or by account in the category that has them."""
    visitor = Visitor(vote.portal.url)
    if category == "member":
        address = f"/vote/{vote.code}/account/"
        visitor.get(address)
        visitor.post(address, {"username": f"voter{turn:02}", "password": PASSWORD})
    else:
        visitor.get("/vote/")
        visitor.post("/vote/", {"code": vote.slips[name(category, turn)]})
    chosen = vote.codes(vote.ballot(category, turn))
    for number, contest in enumerate(dict.fromkeys(key.rsplit("-", 1)[0] for key in vote.sections), start=1):
        own = [key for key in vote.sections if key.startswith(contest)]
        fields: dict[str, Any] = {key: chosen[key] for key in own if key in chosen}
        fields |= {f"abstain-{key}": "1" for key in own if key not in chosen}
        visitor.post(f"/vote/ballot/{number}/", {**fields, "go": "on"})
    done = visitor.post("/vote/cast/", {"token": visitor.hidden("token"), "pass": visitor.hidden("pass")})
    assert "投票成功" in done


def by_api(vote: Vote, category: str, turn: int) -> None:
    code, chosen = vote.slips[name(category, turn)], vote.codes(vote.ballot(category, turn))
    abstained = [key for key in vote.sections if key not in chosen]
    sent = {"code": code, "choices": chosen, "abstained": abstained}
    token = vote.portal.api("", "POST", "votes/review/", sent)["token"]
    assert vote.portal.api("", "POST", "votes/", {"code": code, "token": token})["again"] is False


# --- paper ---


def paper_marks(vote: Vote, turn: int) -> dict[str, str]:
    """What stands on a paper ballot, as it is typed: the printed numbers by section."""
    ballot = vote.ballot("masses", turn)
    return {
        key: " ".join(str(vote.candidates[title]["number"]) for title in ballot.get(key, ())) for key in vote.sections
    }


def paper_is_keyed(page: Page, vote: Vote, ballots: int, wrong: int = 0) -> None:
    """Type all ballots of the sheet that is open; ballot `wrong` is left empty."""
    for turn in range(1, ballots + 1):
        for key, marks in paper_marks(vote, turn).items():
            page.fill(f"[name='b{turn}-{key}']", "" if turn == wrong else marks)
    page.click(".form-actions .btn-primary")


def paper_by_forms(vote: Vote, ballots: int) -> None:
    """The paper desk again, without a browser: given out, taken back, keyed by two people."""
    desk, admin, scrutineer = (
        f"/desk/votes/{vote.code}/paper/",
        *(Visitor(vote.portal.url, user) for user in ("evaladmin", "scrutineer")),
    )
    steps = set(re.findall(rf'action="({desk}voters/[^"]+)"', admin.get(desk)))
    assert len(steps) == ballots
    for do in ("give", "take"):
        for step in steps:
            admin.post(step, {"do": do})
    typed = {f"b{turn}-{key}": text for turn in range(1, ballots + 1) for key, text in paper_marks(vote, turn).items()}
    admin.get(f"{desk}masses/key/?ballots={ballots}")
    admin.post(f"{desk}masses/key/", {**typed, "ballots": str(ballots)})
    second = re.search(rf'href="({desk}batches/[^"]+)"', scrutineer.get(desk))
    assert second is not None
    scrutineer.get(second[1])
    scrutineer.post(second[1], typed)


# --- count ---


def the_box_is_opened(admin: Page, vote: Vote, holders: tuple[int, int]) -> None:
    until(lambda: vote.state == "mixed")
    admin.goto(f"{vote.desk}/count/")
    for turn in holders:
        admin.fill(f"[name=secret_{turn}]", vote.secrets[turn - 1])
    admin.click("button:has-text('开箱计票')")
    until(lambda: vote.state == "counted")


def the_page_shows(page: Page, scores: list[dict[str, str]]) -> None:
    """Rank, points and outcome of every candidate on a page with the result, as docs/worked-vote.md has them."""
    words = {"chosen": "入选", "tied": "并列", "—": "—"}
    for line in scores:
        row = page.locator(".result-class tbody tr").filter(has_text=line["candidate"]).first
        expect(row).to_be_visible()
        cells = row.locator("td").all_inner_texts()
        shown = [" ".join(cell.split()) for cell in cells]
        assert (shown[0], shown[3], shown[4]) == (line["rank"], line["points"], words[line["outcome"]]), line


def the_count_is_signed(scrutineer: Page, vote: Vote) -> None:
    scrutineer.goto(f"{vote.desk}/result/")
    scrutineer.fill("[name=password]", PASSWORD)
    scrutineer.click("button:has-text('签字')")
    told(scrutineer, "已签字")
    assert vote.state == "confirmed"

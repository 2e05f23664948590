"""The public and the workbench pages of the vote under axe, at both widths: a draft, an open vote, a finished one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import vote_pages_world
from tests.browser.conftest import DESK, PASSWORD, PHONE, Opener, Portal, served
from tests.browser.test_pages import problems

pytestmark = pytest.mark.browser

PUBLIC = [
    *("/appraisals/", "/appraisals/{open}/", "/appraisals/{last}/", "/appraisals/{last}/check/"),
    *("/notices/{notice}/", "/notices/objections/", "/awards/", "/verify/", "/verify/{award}/", "/vote/"),
]
SET_UP = ("basics", "contests", "categories", "candidates", "roll", "scrutineers", "keys", "lock")
PRIVATE = {
    "evaladmin": [
        *("/desk/", "/desk/votes/", "/desk/votes/new/", "/desk/votes/{draft}/"),
        *(f"/desk/votes/{{draft}}/{part}/" for part in SET_UP),
        *("/desk/votes/{draft}/roll/new/", "/desk/votes/{draft}/roll/accounts/"),
        *("/desk/votes/{open}/", "/desk/votes/{open}/candidates/", "/desk/votes/{open}/lock/"),
        *("/desk/votes/{open}/announcement/", "/desk/votes/{open}/roll/", "/desk/votes/{open}/roll/recusals/"),
        *("/desk/votes/{open}/roll/codes/", "/desk/votes/{open}/roll/voters/{voter}/"),
        *("/desk/votes/{open}/turnout/", "/desk/votes/{open}/turnout/reminders/"),
        *("/desk/votes/{open}/paper/", "/desk/votes/{open}/paper/masses/ballots/", "/desk/votes/{open}/count/"),
        *("/desk/votes/{last}/", "/desk/votes/{last}/result/"),
    ],
    "scrutineer": ["/desk/votes/{open}/", "/desk/votes/{last}/count/", "/desk/votes/{last}/result/"],
    "officer": [
        *("/desk/votes/{last}/notice/", "/desk/votes/{last}/objections/{objection}/"),
        *("/desk/votes/{last}/awards/", "/desk/votes/{last}/awards/template/"),
    ],
    "leader": ["/desk/"],
}


@pytest.fixture(scope="module")
def voting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(tmp_path_factory.mktemp("votes"), vote_pages_world, DEMO_PASSWORD=PASSWORD) as made:
        yield made


@pytest.fixture(scope="module")
def parts(voting: Portal) -> dict[str, str]:
    found: dict[str, str] = json.loads((voting.folder / "world.json").read_text(encoding="utf-8"))
    return found


def test_a_board_whose_session_ended_asks_for_the_password(
    voting: Portal, opener: Opener, parts: dict[str, str]
) -> None:
    page = opener(voting, "evaladmin")
    board = "/desk/votes/{open}/turnout/".format(**parts)
    page.goto(voting.url + board)
    page.context.clear_cookies()
    page.wait_for_url(f"{voting.url}/login/?next=*", timeout=40000)


def test_a_tab_of_the_set_up_is_not_left_with_something_unsaved(
    voting: Portal, opener: Opener, parts: dict[str, str]
) -> None:
    page = opener(voting, "evaladmin")
    basics, asked = voting.url + "/desk/votes/{draft}/basics/".format(**parts), []
    page.goto(basics)

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    tab = page.get_by_role("link", name="人员类别", exact=True)
    page.get_by_role("textbox", name="批准机关").fill("区委（还没有保存）")
    tab.click(no_wait_after=True)
    page.wait_for_timeout(500)
    assert (page.url, asked) == (basics, ["beforeunload"])
    assert page.get_by_role("textbox", name="批准机关").input_value() == "区委（还没有保存）"
    page.get_by_role("button", name="保存，下一步").click()
    page.wait_for_url("**/contests/")
    tab.click()
    page.wait_for_url("**/categories/")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("user", ["", *PRIVATE])
def test_axe_finds_nothing_serious(voting: Portal, opener: Opener, parts: dict[str, str], user: str, size: Any) -> None:
    page = opener(voting, user, size)
    found = {}
    for path in PRIVATE[user] if user else PUBLIC:
        answer = page.goto(voting.url + path.format(**parts))
        assert answer is not None
        if bad := [*([f"{answer.status}"] if answer.status != 200 else []), *problems(page)]:
            found[path] = bad
    assert found == {}

"""Pages of the roll: who may open them, what they do, how many questions they ask, what they never say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from common import days, qr
from common.models import AuditEntry
from evaluation.appraisal import electors, roll
from evaluation.appraisal.models import Campaign, Credential, Voter
from tests import factories
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
PAGES = ("roll", "voter_new", "roll_accounts", "roll_recusals", "roll_codes", "paper", "turnout", "reminders")
FOR_SCRUTINEER = ("roll", "roll_recusals", "paper", "turnout")


@pytest.fixture
def vote(district: Any, cast: Any, today: Any) -> votes.Vote:
    today(votes.DURING)
    return votes.make_vote(district, cast, each=5)


def at(vote: votes.Vote, name: str, *args: Any) -> str:
    return reverse(f"appraisal:{name}", args=[vote.campaign.code, *args])


def test_each_page_opens_to_whom_it_is_for(vote: votes.Vote, cast: Any, client_as: Any, client: Any) -> None:
    found = {
        name: [client_as(user).get(at(vote, name)).status_code for user in (cast.evaladmin, cast.scrutineer)]
        for name in PAGES
    }
    assert found == {name: [200, 200 if name in FOR_SCRUTINEER else 404] for name in PAGES}
    outside = {
        client_as(user).get(at(vote, name)).status_code for user in (cast.outsider, cast.auditor) for name in PAGES
    }
    assert outside == {404}
    assert {client.get(at(vote, name)).status_code for name in PAGES} == {302}


def test_who_reads_everything_sees_the_turnout_but_not_the_roll(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    reader = client_as(cast.leader)
    assert [reader.get(at(vote, name)).status_code for name in ("turnout", "roll", "paper", "roll_recusals")] == [
        200,
        404,
        404,
        404,
    ]


def test_steps_are_refused_to_others(vote: votes.Vote, cast: Any, client_as: Any, client: Any) -> None:
    voter = vote.voters("expert")[0]
    steps = [at(vote, "voter_remove", voter.public_id), at(vote, "voter_to_paper", voter.public_id)]
    steps += [at(vote, "voter_to_code", voter.public_id)]
    steps += [at(vote, "roll_slips"), at(vote, "shortfall_propose")]
    for address in steps:
        for user in (cast.scrutineer, cast.officer, cast.outsider):
            assert client_as(user).post(address).status_code == 404
        assert client.post(address).status_code == 302
    assert vote.campaign.voters.filter(pk=voter.pk, channel="code").exists()


def test_another_votes_voter_is_not_found(vote: votes.Vote, cast: Any, district: Any, client_as: Any) -> None:
    other = votes.make_vote(district, cast, each=1, contests=[])
    stranger = other.voters("expert")[0]
    assert client_as(cast.evaladmin).get(at(vote, "voter", stranger.public_id)).status_code == 404


def test_a_voter_is_added_edited_and_removed(vote: votes.Vote, cast: Any, district: Any, client_as: Any) -> None:
    browser = client_as(cast.evaladmin)
    form = {"name": "示例甲", "category": "expert", "organization": "示例一街道", "workplace": "", "channel": "code"}
    wrong = browser.post(at(vote, "voter_new"), form)
    assert wrong.status_code == 400
    assert wrong.context["form"].errors["organization"] == [
        "没有找到这个党组织。是不是：示例一街道党工委、示例二街道党工委、示例区委？"
    ]
    done = browser.post(at(vote, "voter_new"), form | {"organization": "中共示例一街道工作委员会"})
    assert (done.status_code, done["Location"]) == (302, at(vote, "roll"))
    made = Voter.objects.get(name="示例甲")
    assert made.organization == district.street
    address = at(vote, "voter", made.public_id)
    browser.post(address, form | {"organization": "示例社区党委", "category": "masses"})
    made.refresh_from_db()
    assert (made.organization, made.category.code) == (district.community, "masses")
    again = browser.post(at(vote, "voter_new"), form | {"organization": "示例社区党委"})
    said = "示例甲已在“群众代表”名册中，一人只能归入一个类别。确为两人的，请写明各自的单位及职务。"
    assert again.context["form"].errors["name"] == [said]
    browser.post(at(vote, "voter_remove", made.public_id))
    assert not Voter.objects.filter(name="示例甲").exists()


def test_people_come_from_accounts(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    browser = client_as(cast.evaladmin)
    assert "示例一街道书记" in browser.get(at(vote, "roll_accounts"), {"q": "一街道"}).content.decode()
    browser.post(at(vote, "roll_accounts"), {"category": "secretary", "person": [cast.secretary.person_id]})
    assert Voter.objects.get(person=cast.secretary.person).channel == "account"
    none = browser.post(at(vote, "roll_accounts"), {"category": "secretary"})
    assert (none.status_code, none.context["form"].non_field_errors()) == (400, ["请勾选要加入的人员。"])


def test_after_the_lock_a_voter_may_go_to_paper_and_back_only(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    votes.lock(vote)
    browser, voter = client_as(cast.evaladmin), vote.voters("expert")[0]
    address = at(vote, "voter", voter.public_id)
    assert browser.post(address, {"name": "别人"}).status_code == 404
    assert browser.get(address).status_code == 200
    browser.post(at(vote, "voter_to_paper", voter.public_id))
    voter.refresh_from_db()
    assert (voter.name, voter.channel) == ("党建专家001（示例）", "paper")
    to_code = at(vote, "voter_to_code", voter.public_id)
    assert to_code in browser.get(address).content.decode()
    page = browser.post(to_code, follow=True)
    assert [str(each) for each in page.context["messages"]] == ["党建专家001（示例）已改用投票码，请发放投票码。"]
    voter.refresh_from_db()
    assert voter.channel == "code"


def test_the_filter_narrows_the_roll(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    browser = client_as(cast.evaladmin)

    def names(**query: str) -> list[str]:
        return [voter.name for voter in browser.get(at(vote, "roll"), query).context["rows"]]

    assert len(names()) == 30
    assert names(search="群众代表003") == ["群众代表003（示例）"]
    assert len(names(category="leader")) == 5
    assert names(channel="paper") == []
    assert len(names(show="missing")) == 30
    assert names(show="namesakes") == []


def test_a_category_with_too_few_or_no_voters_is_told(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    vote.campaign.voters.filter(category__code="leader").delete()
    vote.campaign.voters.filter(category__code="masses").exclude(pk=vote.voters("masses")[0].pk).delete()
    found = client_as(cast.evaladmin).get(at(vote, "roll")).context["categories"]
    assert {row.code: problem for row, problem in found} == {
        "expert": "少于 10 人，已书面同意",
        "member": "少于 10 人，已书面同意",
        "masses": "少于 5 人，不能锁定",
        "leader": "还没有人，不能锁定",
        "delegate": "少于 10 人，已书面同意",
        "secretary": "少于 10 人，已书面同意",
    }
    Campaign.objects.filter(pk=vote.campaign.pk).update(small_signoff="")
    found = client_as(cast.evaladmin).get(at(vote, "roll")).context["categories"]
    assert found[0][1] == "少于 10 人，须书面同意"


@pytest.mark.parametrize("number", [1, 3])
def test_the_roll_asks_the_same_questions_for_one_and_three(
    district: Any, cast: Any, client_as: Any, assert_queries: Any, number: int
) -> None:
    vote = votes.make_vote(district, cast, each=number, contests=[])
    browser = client_as(cast.evaladmin)
    with assert_queries(15):
        assert len(browser.get(at(vote, "roll")).context["rows"]) == 6 * number


# --- recusals ---


def recused(vote: votes.Vote, number: int) -> None:
    leads = [c.project.lead_organization for c in vote.campaign.candidates.order_by("id")]
    for voter, lead in zip(vote.voters("expert")[:number], leads, strict=False):
        Voter.objects.filter(pk=voter.pk).update(organization=lead, person=factories.make_person(voter.name))


def test_recusals_are_shown_before_the_lock_and_nothing_is_written(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    recused(vote, 2)
    found = client_as(cast.scrutineer).get(at(vote, "roll_recusals")).context
    by_voter = [
        (voter.name, [(str(e.candidate.project), e.reason) for e in own]) for voter, own, _ in found["by_voter"]
    ]
    assert by_voter == [
        ("党建专家001（示例）", [("十佳书记项目1（示例）", "本人所在党组织的项目")]),
        ("党建专家002（示例）", [("十佳书记项目2（示例）", "本人所在党组织的项目")]),
    ]
    assert [(str(c.project), [e.voter.name for e in own]) for c, own in found["by_candidate"]] == [
        ("十佳书记项目1（示例）", ["党建专家001（示例）"]),
        ("十佳书记项目2（示例）", ["党建专家002（示例）"]),
    ]
    assert found["everything"] == []
    assert vote.campaign.voters.exclude(recusals=None).count() == 0


def test_who_is_recused_for_everything_is_warned_of(district: Any, cast: Any, client_as: Any) -> None:
    vote = votes.make_vote(district, cast, each=1, contests=[votes.CONTESTS[1]])
    for candidate in vote.campaign.candidates.all():
        candidate.project.team.create(name="党建专家001（示例）")
    page = client_as(cast.evaladmin).get(at(vote, "roll_recusals"))
    assert page.context["everything"] == ["党建专家001（示例）"]
    assert "对全部候选项目都应回避" in page.content.decode()


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(("locked", "queries"), [(False, 16), (True, 11)])
def test_recusals_ask_the_same_questions_for_one_and_three(
    vote: votes.Vote, cast: Any, client_as: Any, assert_queries: Any, number: int, locked: bool, queries: int
) -> None:
    recused(vote, number)
    if locked:
        votes.lock(vote)
    browser = client_as(cast.evaladmin)
    with assert_queries(queries):
        assert len(browser.get(at(vote, "roll_recusals")).context["by_voter"]) == number


# --- slips ---


def test_the_answer_is_the_sheet_and_the_codes_are_kept_nowhere(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    votes.open_(vote)
    browser = client_as(cast.evaladmin)
    assert "只显示这一次" in browser.get(at(vote, "roll_codes")).content.decode()
    sheet = browser.post(at(vote, "roll_slips"), {"which": "missing"})
    assert (sheet.status_code, sheet["Cache-Control"]) == (200, "no-store")
    text = sheet.content.decode()
    codes = re.findall(r'class="slip-code">([0-9A-Z-]+)<', text)
    assert (len(codes), len(set(codes)), text.count('class="qr"')) == (30, 30, 30)
    voter, _ = electors.by_code(codes[0])
    assert voter.name == sheet.context["slips"][0]["voter"].name
    assert "本人使用，不得代投" in text
    kept = [str(list(Credential.objects.values())), str(list(AuditEntry.objects.values()))]
    kept += [str(session.get_decoded()) for session in Session.objects.all()]
    for code in codes:
        plain = code.replace("-", "")
        assert not [place for place in kept if code in place or plain in place]


def test_the_address_in_the_qr_code_has_the_code_in_its_fragment(
    vote: votes.Vote, cast: Any, client_as: Any, settings: Any
) -> None:
    settings.SITE_URL = "https://example.test"
    votes.open_(vote)
    slip = client_as(cast.evaladmin).post(at(vote, "roll_slips"), {"which": "missing"}).context["slips"][0]
    code = slip["code"].replace("-", "")
    assert slip["qr"] == qr.svg(f"https://example.test/vote/#{code}", title="投票二维码")


def test_a_second_click_issues_nothing_and_a_reissue_revokes(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    votes.open_(vote)
    browser = client_as(cast.evaladmin)
    first = browser.post(at(vote, "roll_slips"), {"which": "missing"}).context["slips"]
    again = browser.post(at(vote, "roll_slips"), {"which": "missing"})
    assert (again.status_code, Credential.objects.count()) == (302, 30)
    one = first[0]["voter"]
    reissued = browser.post(at(vote, "roll_slips"), {"voter": one.public_id}).context["slips"]
    assert [slip["voter"].pk for slip in reissued] == [one.pk]
    with pytest.raises(electors.NotAnElector):
        electors.by_code(first[0]["code"])
    assert electors.by_code(first[1]["code"])[0].pk == first[1]["voter"].pk
    everybody = browser.post(at(vote, "roll_slips"), {"which": "all"}).context["slips"]
    assert (len(everybody), Credential.objects.filter(revoked=False).count()) == (30, 30)


@pytest.mark.parametrize("which", ["all", "voter"])
def test_a_sheet_that_is_reloaded_revokes_nothing(vote: votes.Vote, cast: Any, client_as: Any, which: str) -> None:
    votes.open_(vote)
    browser, voter = client_as(cast.evaladmin), vote.voters("expert")[0]
    browser.post(at(vote, "roll_slips"), {"which": "missing"})
    page = browser.get(at(vote, "roll_codes") if which == "all" else at(vote, "voter", voter.public_id))
    (standing,) = re.findall(r'name="standing" value="(\d+)"', page.content.decode())
    given = {"standing": standing, which: "1" if which == "all" else voter.public_id, "which": which}
    slips = browser.post(at(vote, "roll_slips"), given).context["slips"]
    again = browser.post(at(vote, "roll_slips"), given, follow=True)
    assert "已经打印的投票码仍然有效" in again.content.decode()
    assert electors.by_code(slips[0]["code"])[0].pk == slips[0]["voter"].pk


def test_no_codes_before_the_lock(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    answer = client_as(cast.evaladmin).post(at(vote, "roll_slips"), {"which": "missing"})
    assert (answer.status_code, Credential.objects.count()) == (302, 0)


def test_no_page_of_the_roll_tells_who_has_voted(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    votes.open_(vote)
    browser, voter = client_as(cast.evaladmin), vote.voters("expert")[0]
    pages = [at(vote, "roll"), at(vote, "voter", voter.public_id), at(vote, "roll_codes"), at(vote, "paper")]
    strip = re.compile(r"csrfmiddlewaretoken\" value=\"[^\"]+\"")
    with days.pretend(votes.DURING):
        before = [strip.sub("", browser.get(page).content.decode()) for page in pages]
        votes.ballot(vote, voter, {"committee-1": [1]})
        after = [strip.sub("", browser.get(page).content.decode()) for page in pages]
    assert after == before
    assert roll.without_organization(vote.campaign).count() == 30

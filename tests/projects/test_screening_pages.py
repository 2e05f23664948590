"""Pages of the screening: the department's lists and decisions, a reviewer's scores, versions side by side."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest
from django.urls import reverse

from common import files
from projects.models import ApplicationComment, Attachment, Project, Review
from tests import factories
from tests.projects.application_steps import pdf
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

State = Project.State
LIST = "/desk/screening/"
# What the second reviewer writes, and nobody may read before his time.
SECRETS = ["61.31", "独特的评语", "独特的总评", "独特的意见", "示例专家2"]


def page(project, name="screening"):
    return reverse(f"projects:{name}", args=[project.code])


def address(review):
    return reverse("projects:review", args=[review.pk])


def text(response, status=200):
    assert response.status_code == status, response.content
    return response.content.decode()


def shown(html, words=SECRETS):
    return [word for word in words if word in html]


def typed(review, *points, **fields):
    """What the browser sends of a reviewer's form."""
    keys = review.screening.project.season.criteria.values_list("pk", flat=True)
    given = {f"points_{key}": value for key, value in zip(keys, points, strict=True)}
    given |= {f"comment_{key}": "有依据" for key in keys}
    return {**given, "opinion": "", **fields}


@pytest.fixture
def second(in_review, panel):
    """The second reviewer has sent, the third has a draft."""
    keys = in_review.season.criteria.values_list("pk", flat=True)
    save(own_review(in_review, panel[2]), (11, 12, 13), opinion="没有写完", remarks={"team": "草稿意见"})
    words = dict.fromkeys(keys, "独特的评语")
    given = {"comments": words, "opinion": "独特的总评", "remarks": {"goal": "独特的意见"}}
    review = score(own_review(in_review, panel[1]), 61, 61, 61, **given)
    Review.objects.filter(pk=review.pk).update(total=6131)
    return review


# --- who sees which page ---


def test_the_lists_are_the_departments(sent, client_as, cast, panel, client):
    assert sent.title in text(client_as(cast.officer).get(LIST))
    for user in (cast.leader, cast.secretary, cast.outsider, cast.sysadmin, panel[0]):
        assert client_as(user).get(LIST).status_code == 404
    assert client.get(LIST).url == f"/login/?next={LIST}"


def test_an_application_is_judged_by_the_department_alone(in_review, client_as, cast, panel, client):
    assert "第 1 轮评审" in text(client_as(cast.officer).get(page(in_review)))
    for user in (cast.leader, cast.secretary, cast.clerk, cast.outsider, panel[0]):
        assert client_as(user).get(page(in_review)).status_code == 404
        assert client_as(user).post(page(in_review), {"do": "decide", "decision": "reject"}).status_code == 404
    assert client.get(page(in_review)).url == f"/login/?next={page(in_review)}"


def test_an_officer_does_not_see_the_scores_of_his_own_project(in_review, client_as, cast):
    score_all(in_review, (91, 92, 93))
    factories.grant(cast.secretary, "department_officer")
    browser = client_as(cast.secretary)
    assert browser.get(page(in_review)).status_code == 404
    assert "92.00" not in text(browser.get(LIST, {"show": "review"}))
    assert "92.00" in text(client_as(cast.officer).get(LIST, {"show": "review"}))


def test_a_draft_has_no_screening(season, district, cast, client_as):
    draft = factories.make_project(district.street, cast.secretary, track=season.tracks.get(), state="draft")
    assert client_as(cast.officer).get(page(draft)).status_code == 404
    assert client_as(cast.secretary).get(page(draft, "versions")).status_code == 404


def test_a_review_is_its_reviewers_alone(in_review, client_as, cast, panel, client):
    review = own_review(in_review, panel[0])
    assert in_review.title in text(client_as(panel[0]).get(address(review)))
    for user in (panel[1], cast.officer, cast.leader, cast.secretary, cast.outsider):
        assert client_as(user).get(address(review)).status_code == 404
        assert client_as(user).post(address(review), typed(review, 1, 1, 1)).status_code == 404
    assert client.get(address(review)).url == f"/login/?next={address(review)}"
    assert client_as(panel[0]).get(f"/desk/reviews/{uuid4()}/").status_code == 404


def test_my_reviews_are_mine_open_ones_first(in_review, season, district, client_as, cast, panel):
    other = make_sent(season, district.other_street, cast.outsider, title="后来的申报")
    open_round(other, cast.officer)
    html = text(client_as(panel[0]).get("/desk/reviews/"))
    assert html.index(in_review.title) < html.index(other.title)
    score(own_review(in_review, panel[0]), 80, 80, 80)
    html = text(client_as(panel[0]).get("/desk/reviews/"))
    assert html.index(other.title) < html.index(in_review.title)
    assert "没有要评审的申报" in text(client_as(cast.outsider).get("/desk/reviews/"))


# --- nothing leaks before the own scores are sent ---


def test_before_sending_a_reviewer_sees_nothing_of_the_others(in_review, second, client_as, panel):
    browser, own = client_as(panel[0]), own_review(in_review, panel[0])
    for where in (address(own), page(in_review, "versions"), "/desk/reviews/"):
        html = text(browser.get(where))
        assert shown(html, [*SECRETS, "没有写完", "草稿意见", str(second.pk)]) == []
    refusal = browser.post(address(own), typed(own, 101, 1, 1))
    assert shown(text(refusal, 400)) == []


def test_after_sending_the_others_scores_are_shown_without_names(in_review, second, client_as, panel):
    score(own_review(in_review, panel[0]), 80, 80, 80)
    html = text(client_as(panel[0]).get(address(own_review(in_review, panel[0]))))
    assert shown(html) == SECRETS[:-1]
    assert shown(html, ["评审人一", "评审人二", "没有写完", "草稿意见", str(second.pk)]) == ["评审人一"]
    assert "80.00" in html


def test_the_department_sees_sent_reviews_with_names_and_no_drafts(in_review, second, client_as, cast):
    html = text(client_as(cast.officer).get(page(in_review)))
    assert shown(html) == SECRETS
    assert shown(html, ["没有写完", "草稿意见"]) == []


def test_the_applicant_reads_no_score_and_no_name(in_review, second, client_as, cast, panel):
    for user in (panel[0], panel[2]):
        score(own_review(in_review, user), 80, 80, 80)
    html = text(client_as(cast.clerk).get(page(in_review, "application")))
    assert shown(html) == []
    decided(in_review, cast.officer, "revise")
    html = text(client_as(cast.clerk).get(page(in_review, "application")))
    assert shown(html) == ["独特的意见"]


def test_an_earlier_rounds_comments_come_without_names(in_review, second, client_as, cast, panel):
    for user in (panel[0], panel[2]):
        score(own_review(in_review, user), 80, 80, 80)
    decided(in_review, cast.officer, "revise")
    send_again(in_review, goal="更小的目标")
    open_round(in_review, cast.officer)
    html = text(client_as(panel[0]).get(address(own_review(in_review, panel[0]))))
    assert shown(html) == ["独特的意见"]


# --- the department's steps ---


def test_the_pre_check_sends_to_review(sent, panel, client_as, cast):
    browser = client_as(cast.officer)
    answer = browser.post(page(sent), {"do": "review"}, follow=True)
    assert "已送评审，指派 3 名评审人。" in text(answer)
    sent.refresh_from_db()
    assert sent.state == State.IN_REVIEW


def test_the_pre_check_returns_with_comments_at_the_fields(sent, client_as, cast):
    given = {"do": "return", "reason": "请修改", "remark_goal": "写明数量", "remark_": "整体可行"}
    html = text(client_as(cast.officer).post(page(sent), given, follow=True))
    assert shown(html, ["写明数量", "整体可行", "退回修改"]) == ["写明数量", "整体可行", "退回修改"]
    assert dict(ApplicationComment.objects.values_list("field", "text")) == {"goal": "写明数量", "": "整体可行"}


def test_a_refused_pre_check_loses_nothing(sent, client_as, cast):
    given = {"do": "return", "reason": "", "remark_goal": "字" * 501}
    html = text(client_as(cast.officer).post(page(sent), given), 400)
    assert "最多 500 字，现在是 501 字。" in html
    assert "字" * 501 in html
    html = text(client_as(cast.officer).post(page(sent), {"do": "reject"}), 400)
    assert "请写明原因" in html
    html = text(client_as(cast.officer).post(page(sent), {"do": "review", "reason": "先写着"}), 400)
    assert shown(html, ["请先补充评审人", "先写着"]) == ["请先补充评审人", "先写着"]
    sent.refresh_from_db()
    assert sent.state == State.SUBMITTED


def test_the_board_decides_and_the_number_is_told(in_review, client_as, cast, today):
    browser = client_as(cast.officer)
    assert "还有 3 位评审人没有提交评分" in text(browser.get(page(in_review)))
    score_all(in_review, (90, 90, 60))
    html = text(browser.get(page(in_review)))
    assert shown(html, ["绿 通过", "黄 修改完善", "红 退回重拟", "偏低 −20.00"]) == [
        "绿 通过",
        "黄 修改完善",
        "红 退回重拟",
        "偏低 −20.00",
    ]
    html = text(browser.post(page(in_review), {"do": "decide", "decision": "revise", "reason": ""}), 400)
    assert shown(html, ["请写明决定意见。", 'value="revise" id="decision-revise" checked']) == [
        "请写明决定意见。",
        'value="revise" id="decision-revise" checked',
    ]
    html = text(browser.post(page(in_review), {"do": "decide", "reason": "好"}), 400)
    assert "请选择通过、修改完善、退回重拟或不予立项。" in html
    today("2026-02-20")
    html = text(browser.post(page(in_review), {"do": "decide", "decision": "pass"}, follow=True))
    assert "已录入决定：已立项，档号 YH-2026-DGW-001。" in html
    again = browser.post(page(in_review), {"do": "decide", "decision": "reject", "reason": "改主意"}, follow=True)
    assert "不在评审" in text(again)


def test_a_reviewer_is_replaced_on_the_page(in_review, panel, district, client_as, cast):
    fourth, fifth = make_reviewers(in_review.season, 2, first=4)
    factories.appoint(fifth, district.root, "clerk")
    browser, review = client_as(cast.officer), own_review(in_review, panel[0])
    html = text(browser.get(page(in_review)))
    assert f'<option value="{fourth.person_id}">示例专家4（已分 0 项）</option>' in html
    disabled = f'<option value="{fifth.person_id}" disabled>示例专家5（在上级党组织“示例区委”任职）</option>'
    assert disabled in html
    where = reverse("projects:replace_reviewer", args=[review.pk])
    post = partial(browser.post, where, follow=True)
    assert "应当回避" in text(post({"person": fifth.person_id}))
    assert "请选择评审人" in text(post({"person": "x"}))
    assert "已改由 示例专家4 评审。" in text(post({"person": fourth.person_id}))
    assert browser.post(where, {"person": fourth.person_id}).status_code == 404
    other = reverse("projects:replace_reviewer", args=[own_review(in_review, panel[1]).pk])
    for user in (cast.leader, cast.secretary, panel[1]):
        assert client_as(user).post(other, {"person": fourth.person_id}).status_code == 404


# --- a reviewer's form ---


def test_a_reviewer_saves_and_sends(in_review, panel, client_as):
    browser, review = client_as(panel[0]), own_review(in_review, panel[0])
    html = text(browser.post(address(review), typed(review, 80, "", 90, remark_goal="目标偏大"), follow=True), 400)
    assert "写了评语，请同时打分再保存。" in html
    keys = list(in_review.season.criteria.values_list("pk", flat=True))
    half = typed(review, 80, "", 90, remark_goal="目标偏大", **{f"comment_{keys[1]}": ""})
    html = text(browser.post(address(review), half, follow=True))
    assert shown(html, ["已保存，尚未提交。", 'value="80"', "目标偏大"]) == [
        "已保存，尚未提交。",
        'value="80"',
        "目标偏大",
    ]
    html = text(browser.post(address(review), {**half, "do": "send"}), 400)
    assert "请给“创新”打分。" in html
    html = text(browser.post(address(review), typed(review, 80, 85, 90, do="send"), follow=True))
    assert shown(html, ["评分已提交。", "85.50", 'name="points']) == ["评分已提交。", "85.50"]
    assert browser.post(address(review), typed(review, 1, 1, 1, do="send")).status_code == 302
    review.refresh_from_db()
    assert review.total == 8550


@pytest.mark.parametrize("points", [("八十", 1, 1), (80.5, 1, 1), (101, 1, 1), (-1, 1, 1), ("1e400", 1, 1)])
def test_a_wrong_score_stands_beside_its_field(in_review, panel, client_as, points):
    review = own_review(in_review, panel[0])
    html = text(client_as(panel[0]).post(address(review), typed(review, *points, opinion="写了很多")), 400)
    assert shown(html, ["得分应是 0 至 100 的整数", "写了很多", f'value="{points[0]}"']) == [
        "得分应是 0 至 100 的整数",
        "写了很多",
        f'value="{points[0]}"',
    ]


def test_whoever_must_stand_back_is_told(in_review, panel, district, client_as):
    factories.appoint(panel[0], district.branch, "clerk")
    review = own_review(in_review, panel[0])
    assert "您应当回避" in text(client_as(panel[0]).get(address(review)))
    html = text(client_as(panel[0]).post(address(review), typed(review, 77, 1, 1)), 400)
    assert shown(html, ["请联系组织部更换评审人", 'value="77"']) == ["请联系组织部更换评审人", 'value="77"']


def test_a_reviewer_opens_the_attachments(in_review, panel, client_as, cast):
    stored = files.receive_file(file=pdf("集体研究.pdf"), by=by(cast.secretary))
    Attachment.objects.create(project=in_review, purpose="study_record", file=stored)
    version = in_review.versions.get()
    record = [{"name": stored.original_name, "sha256": stored.sha256}]
    version.content = {**version.content, "study_record": record}
    version.save()
    link = reverse("common:file", args=[stored.pk])
    assert f'<a href="{link}">集体研究.pdf</a>' in text(
        client_as(panel[0]).get(address(own_review(in_review, panel[0])))
    )
    assert client_as(panel[0]).get(link).status_code == 200
    stranger = make_reviewers(in_review.season, 1, first=9)[0]
    assert client_as(stranger).get(link).status_code == 404


# --- the same queries for few rows and for many ---


def test_an_application_costs_the_same_with_three_rounds(in_review, cast, client_as, assert_queries):
    browser = client_as(cast.officer)
    with assert_queries(22):
        browser.get(page(in_review))
    for goal in ("二", "三"):
        score_all(in_review, (95, 90, 40))
        decided(in_review, cast.officer, "revise")
        send_again(in_review, goal=goal)
        open_round(in_review, cast.officer)
    assert in_review.screenings.count() == 3
    with assert_queries(22):
        browser.get(page(in_review))


def test_a_review_costs_the_same_with_many_comments(in_review, panel, client_as, assert_queries):
    browser, review = client_as(panel[0]), own_review(in_review, panel[0])
    score(own_review(in_review, panel[1]), 80, 80, 80, remarks={"goal": "一"})
    score(review, 80, 80, 80, remarks={"goal": "一"})
    with assert_queries(16):
        browser.get(address(review))
    score(own_review(in_review, panel[2]), 80, 80, 80, remarks={"goal": "一", "team": "二", "": "三"})
    with assert_queries(16):
        browser.get(address(review))

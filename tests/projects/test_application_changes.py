"""Two versions of an application side by side: who may, what changed, marked within the text."""

from __future__ import annotations

from django.urls import reverse

from projects import screening
from projects.application_changes import GONE, NEW, SAME, Piece, differences
from tests.projects.screening_steps import by, make_reviewers, send_again


def versions(project):
    return reverse("projects:versions", args=[project.code])


def test_versions_are_for_whoever_sees_the_project_and_its_reviewers(in_review, client_as, cast, panel, client):
    for user in (cast.officer, cast.leader, cast.secretary, cast.clerk, panel[0]):
        assert "只有一稿" in client_as(user).get(versions(in_review)).content.decode()
    stranger = make_reviewers(in_review.season, 1, first=9)[0]
    for user in (cast.outsider, cast.sysadmin, stranger):
        assert client_as(user).get(versions(in_review)).status_code == 404
    assert client.get(versions(in_review)).status_code == 302


def test_versions_side_by_side_mark_what_changed(sent, client_as, cast):
    screening.send_back(project=sent, comments={}, reason="改", by=by(cast.officer))
    send_again(sent, goal="年内支部全覆盖，共 12 个。", figures=[{"name": "新建支部", "amount": "12", "unit": "个"}])
    browser = client_as(cast.officer)
    answer = browser.get(versions(sent))
    html = answer.content.decode()
    changed = [change.name for change in answer.context["changed"]]
    assert changed == ["goal", "figures"]
    assert (
        '<ins><span class="visually-hidden">（新增：</span>，共 12 个<span class="visually-hidden">）</span></ins>'
        in html
    )
    assert browser.get(versions(sent), {"old": 2, "new": 2}).context["changed"] == []
    for wrong in ({"old": "x"}, {"old": "99", "new": "-1"}, {"old": "²"}):
        context = browser.get(versions(sent), wrong).context
        assert (context["old"].number, context["new"].number) == (1, 2)


def test_differences_within_a_sentence_and_whole_sentences():
    old, new = differences("年内建成。每月一次。", "年内建成。每月两次。新增一句。")
    assert old == [Piece(SAME, "年内建成。每月"), Piece(GONE, "一"), Piece(SAME, "次。")]
    assert new == [Piece(SAME, "年内建成。每月"), Piece(NEW, "两"), Piece(SAME, "次。"), Piece(NEW, "新增一句。")]
    assert differences("", "") == ([], [])
    assert differences("甲乙丙", "子丑寅卯") == ([Piece(GONE, "甲乙丙")], [Piece(NEW, "子丑寅卯")])
    assert differences("同样", "同样") == ([Piece(SAME, "同样")], [Piece(SAME, "同样")])


def test_a_long_text_of_few_characters_is_compared_without_a_search():
    """A search through these would take a minute."""
    left, right = differences("的。了。" * 500, "了。" * 1000)
    assert [piece.text for piece in left if piece.kind == GONE] == ["的"] * 500
    assert "".join(piece.text for piece in right) == "了。" * 1000
    shared = "甲乙丙丁" * 200
    left, right = differences(shared + "的了" * 150 + "乙", shared + "了的的" * 150 + "乙")
    assert [(piece.kind, len(piece.text)) for piece in left] == [(SAME, 800), (GONE, 300), (SAME, 1)]
    assert [(piece.kind, len(piece.text)) for piece in right] == [(SAME, 800), (NEW, 450), (SAME, 1)]

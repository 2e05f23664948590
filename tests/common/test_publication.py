"""The review before anything is made public, on a project: 提出, 保密审查, 审批, 发布."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.template.loader import render_to_string

from common import publication
from common.errors import ActionError, Conflict, Forbidden
from common.models import AuditEntry, Publication, PublicationStep

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 20)
WORDS, OTHER = "党员带头建设红色议事厅。", "党员带头，居民参与。"
PASSES = ("clear", "approve", "publish")


@pytest.fixture(autouse=True)
def _day(today):
    today(DAY)


@pytest.fixture
def act(project, cast, actor):
    """`act(who, do)` takes a step as the account of that name."""

    def take(who, do, summary=WORDS, **values):
        by = actor(getattr(cast, who))
        return publication.take_step(obj=project, do=do, by=by, content={"summary": summary}, **values)

    return take


@pytest.fixture
def published(act):
    act("clerk", "propose")
    for do in PASSES:
        act("officer", do)


def seen(project) -> tuple[str, date | None]:
    """What the public sees of the project."""
    project.refresh_from_db()
    return project.summary, project.published_on


def code_of(take) -> str:
    with pytest.raises(Conflict) as caught:
        take()
    return caught.value.code


def page(project, user, fresh):
    shown = publication.shown(project, fresh(user))
    return shown, render_to_string("components/publication.html", {"publication": shown, "url": "/here/"})


@pytest.fixture
def fresh(actor):
    return lambda user: actor(user).user


# --- steps ---


def test_the_four_steps_have_name_and_time(project, act, cast, fresh):
    assert seen(project) == ("", None)
    for who, do, state in (
        ("clerk", "propose", "proposed"),
        ("officer", "clear", "cleared"),
        ("officer", "approve", "approved"),
    ):
        assert act(who, do).state == state
        assert seen(project) == ("", None)
    act("officer", "publish")
    assert seen(project) == (WORDS, DAY)
    track = publication.shown(project, fresh(cast.officer))["track"]
    assert [(step["label"], step["by"], step["at"].date()) for step in track] == [
        ("提出", "示例一街道党务干事", DAY),
        ("保密审查", "组织部工作人员", DAY),
        ("审批", "组织部工作人员", DAY),
        ("发布", "组织部工作人员", DAY),
    ]
    audited = AuditEntry.objects.filter(action__startswith="common.publication.").order_by("id")
    assert [(entry.action.rsplit(".", 1)[1], entry.user) for entry in audited] == [
        ("propose", cast.clerk),
        ("cleared", cast.officer),
        ("approved", cast.officer),
        ("published", cast.officer),
    ]


def test_each_step_twice_is_once(project, act):
    for who, do in (("clerk", "propose"), *(("officer", do) for do in PASSES)):
        act(who, do)
        act(who, do)
    act("clerk", "propose")  # what is public already needs no second round
    assert (PublicationStep.objects.count(), Publication.objects.get().state) == (4, "published")
    for _ in range(2):
        act("officer", "take_down", reason="内容有误")
    assert (PublicationStep.objects.count(), seen(project)) == (5, (WORDS, None))


def test_the_same_words_again_while_under_review_are_no_second_round(act):
    act("clerk", "propose")
    act("officer", "clear")
    assert act("clerk", "propose").state == "cleared"
    assert PublicationStep.objects.count() == 2


def test_other_words_while_under_review_are_refused(act):
    act("clerk", "propose")
    assert code_of(lambda: act("clerk", "propose", OTHER)) == "under_review"


@pytest.mark.parametrize("before", [0, 1, 2])
def test_any_step_sends_back_with_a_reason(project, act, before):
    act("clerk", "propose")
    for do in PASSES[:before]:
        act("officer", do)
    with pytest.raises(ActionError) as caught:
        act("officer", "send_back", reason=" \u200b")
    assert caught.value.fields == {"reason": ["请写明原因。"]}
    assert act("officer", "send_back", reason="有个人信息").state == "returned"
    assert code_of(lambda: act("officer", "publish")) == "illegal_step"
    assert act("clerk", "propose", OTHER).content == {"summary": OTHER}
    for do in PASSES:
        act("officer", do)
    assert seen(project) == (OTHER, DAY)


@pytest.mark.parametrize("do", ["approve", "publish", "send_back", "take_down", "clear"])
def test_nothing_is_reviewed_before_it_is_proposed(act, do):
    assert code_of(lambda: act("officer", do, reason="原因")) == "not_proposed"


@pytest.mark.parametrize("do", ["approve", "publish"])
def test_no_step_is_left_out(project, act, do):
    act("clerk", "propose")
    assert code_of(lambda: act("officer", do)) == "illegal_step"
    assert seen(project) == ("", None)


def test_an_unknown_step_is_refused(act):
    with pytest.raises(ActionError) as caught:
        act("officer", "proclaim")
    assert caught.value.fields == {"do": ["没有这一步。"]}


# --- what is public meanwhile ---


def test_the_former_wording_stays_until_the_new_one_is_published(project, act, published):
    act("clerk", "propose", OTHER)
    for do in PASSES:
        assert seen(project) == (WORDS, DAY)
        act("officer", do)
    assert seen(project) == (OTHER, DAY)


@pytest.mark.parametrize("beside", [(), ("clear",), ("clear", "approve"), ("send_back",)])
def test_the_former_wording_is_taken_down_whatever_is_under_review(project, act, published, beside):
    act("clerk", "propose", OTHER)
    for do in beside:
        act("officer", do, reason="原因")
    assert act("officer", "take_down", reason="有误").state == "taken_down"
    assert seen(project)[1] is None
    assert code_of(lambda: act("officer", "publish")) == "illegal_step"


@pytest.mark.parametrize("beside", [(), ("clear",), ("send_back",)])
def test_what_was_never_public_is_not_taken_down(act, beside):
    act("clerk", "propose")
    for do in beside:
        act("officer", do, reason="原因")
    assert code_of(lambda: act("officer", "take_down", reason="有误")) == "not_public"


def test_after_taking_down_the_same_words_go_through_all_steps_again(project, act, published):
    act("officer", "take_down", reason="有误")
    act("clerk", "propose")
    assert seen(project)[1] is None
    for do in PASSES:
        act("officer", do)
    assert seen(project) == (WORDS, DAY)


def test_nobody_passes_words_that_he_has_not_seen(project, act, cast, fresh):
    act("clerk", "propose")
    mark = publication.shown(project, fresh(cast.officer))["seen"]
    act("officer", "send_back", reason="改一改")
    act("clerk", "propose", OTHER)
    assert code_of(lambda: act("officer", "clear", seen=mark)) == "wording_changed"
    mark = publication.shown(project, fresh(cast.officer))["seen"]
    assert act("officer", "clear", seen=mark).state == "cleared"


def test_a_step_that_the_owning_app_refuses_is_not_taken(project, act, monkeypatch):
    def refuse(obj, content, by):
        raise Conflict("项目已归档。")

    owner = publication.PUBLISHERS["projects.project"]
    monkeypatch.setitem(publication.PUBLISHERS, "projects.project", replace(owner, publish=refuse))
    act("clerk", "propose")
    act("officer", "clear")
    act("officer", "approve")
    with pytest.raises(Conflict, match="项目已归档"):
        act("officer", "publish")
    assert (Publication.objects.get().state, PublicationStep.objects.count()) == ("approved", 3)


# --- who ---


@pytest.mark.parametrize("who", ["outsider", "branchsec", "leader", "evaladmin", "scrutineer", "auditor", "sysadmin"])
def test_others_neither_propose_nor_review(act, who):
    with pytest.raises(Forbidden):
        act(who, "propose")
    act("clerk", "propose")
    for do in (*PASSES, "send_back", "take_down"):
        with pytest.raises(Forbidden):
            act(who, do, reason="原因")
    assert PublicationStep.objects.count() == 1


@pytest.mark.parametrize("who", ["secretary", "clerk"])
def test_who_proposes_for_the_organization_does_not_review(act, who):
    act(who, "propose")
    with pytest.raises(Forbidden):
        act(who, "clear")


# --- the component ---


def test_each_sees_the_buttons_that_he_may_press(project, act, cast, fresh):
    shown, text = page(project, cast.clerk, fresh)
    assert (shown["may_propose"], text.count("还没有提出公开"), text.count("<button")) == (True, 1, 0)
    act("clerk", "propose", "一<b>二")
    shown, text = page(project, cast.clerk, fresh)
    assert (shown["may_propose"], text.count("<button"), text.count("一&lt;b&gt;二")) == (False, 0, 1)
    for do in PASSES:
        shown, text = page(project, cast.officer, fresh)
        assert (shown["next"][0], text.count(f'value="{do}"'), text.count('value="send_back"')) == (do, 1, 1)
        assert (text.count('value="take_down"'), text.count(f'value="{shown["seen"]}"')) == (0, 1)
        act("officer", do)
    shown, text = page(project, cast.officer, fresh)
    assert (shown["next"], shown["is_public"], shown["is_former"]) == (None, True, False)
    assert (text.count('value="take_down"'), text.count('value="send_back"')) == (1, 0)


def test_a_new_round_shows_its_own_steps_and_that_the_former_words_are_public(project, act, cast, fresh, published):
    act("clerk", "propose", OTHER)
    shown, text = page(project, cast.officer, fresh)
    assert [bool(step["at"]) for step in shown["track"]] == [True, False, False, False]
    assert (shown["wording"], shown["is_former"], text.count('value="take_down"')) == ([OTHER], True, 1)
    assert text.count("公众现在看到的仍是上一次发布的内容") == 1
    act("officer", "send_back", reason="再改改")
    shown, text = page(project, cast.clerk, fresh)
    assert (shown["reason"], shown["may_propose"], text.count("原因：再改改")) == ("再改改", True, 1)


@pytest.mark.parametrize("rounds", [1, 3])
def test_queries_do_not_grow_with_the_steps(project, act, cast, fresh, assert_queries, rounds):
    for turn in range(rounds):
        act("clerk", "propose", f"第{turn}稿")
        act("officer", "send_back", reason="改")
    officer = fresh(cast.officer)
    with assert_queries(4):
        publication.shown(project, officer)

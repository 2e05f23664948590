"""The roll from Excel: every bad row told with number, column, reason and proposal; undone while it is a draft."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from common import imports
from common.errors import ActionError
from common.models import AuditEntry, ImportRow
from evaluation.appraisal.models import Voter
from tests import factories
from tests.common import messy
from tests.common.import_steps import preview, problems, question, start, statuses, undone, work, written
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
HEADER = ["姓名", "类别", "所在党组织", "单位及职务", "投票方式", "账号"]


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.make_vote(district, cast, each=0, contests=[])


def read(vote: votes.Vote, *rows: Any, header: Any = HEADER) -> Any:
    return preview("voters", messy.xlsx([header, *rows]), vote.by, campaign=vote.campaign.code)


def roll_of(vote: votes.Vote) -> list[tuple[Any, ...]]:
    rows = vote.campaign.voters.order_by("pk")
    return [(v.name, v.category.code, str(v.organization or ""), v.workplace, v.channel) for v in rows]


def test_a_clean_roll_is_written_and_taken_back(vote: votes.Vote, cast: Any) -> None:
    batch = read(
        vote,
        ("示例甲", "党建专家", "示例一街道党工委", "示例大学教授", "投票码", None),
        ("示例 乙", "区领导（待确认）", None, "示例单位主任", "纸质票", None),
        ("示例一街道书记", "基层党组织书记代表", None, None, None, "secretary"),
    )
    assert statuses(batch) == ["new", "new", "new"]
    assert problems(batch) == [(3, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。")]
    batch = written(batch, vote.by)
    assert roll_of(vote) == [
        ("示例甲", "expert", "示例一街道党工委", "示例大学教授", "code"),
        ("示例乙", "leader", "", "示例单位主任", "paper"),
        ("示例一街道书记", "secretary", "", "", "account"),
    ]
    assert vote.campaign.voters.get(channel="account").person == cast.secretary.person
    undone(batch, vote.by)
    assert roll_of(vote) == []
    assert AuditEntry.objects.filter(action="appraisal.voter.removed").count() == 3


def test_every_bad_row_says_what_is_wrong(vote: votes.Vote, cast: Any) -> None:
    factories.make_user("停用的人", username="gone", is_active=False)
    batch = read(
        vote,
        ("示例甲", "党建专家", "示例一街道党工委", "教授", None, None),
        ("示例甲", "党建专家", "示例一街道党工委", "教授", None, None),
        ("示例甲", "群众代表", None, "教授", None, None),
        ("示例乙", "专家", None, "研究员", None, None),
        ("示例乙", "外星人", None, "研究员", None, None),
        ("示例丙", "群众代表", None, None, None, None),
        ("示例丙", "群众代表", None, "居民", "账号", None),
        ("示例丙", "群众代表", None, "居民", "账号", "nobody"),
        ("示例丙", "群众代表", None, "居民", "账号", "secretary"),
        ("停用的人", "群众代表", None, "居民", "账号", "gone"),
        ("示例丙", "群众代表", None, "居民", "短信", None),
        (None, "群众代表", None, "居民", None, None),
    )
    names = "党建专家、成员单位、群众代表、区领导、两代表一委员、基层党组织书记代表"
    assert problems(batch) == [
        (2, "姓名", "另有同名的人（第 3 行、第 4 行）。", "请核对是不是同一人。"),
        (3, "姓名", "与第 2 行重复。", "请只留一行；确为两人的，请写明各自的单位及职务。"),
        (4, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (
            4,
            "类别",
            "与第 2 行（党建专家）是同一人，一人只能归入一个类别。",
            "请只留一行；确为两人的，请写明各自的单位及职务。",
        ),
        (5, "类别", "没有“专家”这个类别。", "是不是“党建专家”？"),
        (5, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (6, "类别", "没有“外星人”这个类别。", f"应为：{names}。"),
        (6, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (7, "所在党组织", "没有填写，无法计算回避。", "请补上；不在任何党组织的，请填写单位及职务。"),
        (8, "账号", "用账号投票的要填写账号。", "请补上账号，或改为投票码。"),
        (8, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (9, "账号", "没有账号“nobody”。", "请核对；账号由系统管理员开通，或改用投票码。"),
        (9, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (10, "账号", "这个账号是“示例一街道书记”的。", "请核对姓名和账号。"),
        (10, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (11, "账号", "这个账号已停用。", "请由系统管理员启用，或改用投票码。"),
        (11, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (12, "投票方式", "没有“短信”这个选项。", "可填：账号登录、投票码、纸质票。"),
        (13, "姓名", "没有填写姓名。", "请补上后重新导入。"),
    ]
    assert statuses(batch) == ["new", *["wrong"] * 11]
    with pytest.raises(ActionError) as refused:
        imports.confirm_import(batch=batch, by=vote.by)
    assert refused.value.code == "wrong_rows"
    written(batch, vote.by, ignore_wrong=True)
    assert [row[0] for row in roll_of(vote)] == ["示例甲"]


def test_the_roll_that_is_there_is_compared(vote: votes.Vote, district: Any) -> None:
    first = read(
        vote,
        ("示例甲", "党建专家", None, "教授", None, None),
        ("示例乙", "党建专家", None, "教授", None, None),
        ("示例丁", "党建专家", None, "教授", None, None),
    )
    written(first, vote.by)
    batch = read(
        vote,
        ("示例甲", "党建专家", None, "教授", None, None),
        ("示例乙", "群众代表", None, "教授", None, None),
        ("示例丁", "党建专家", "示例社区党委", "教授", "纸质票", None),
        ("示例甲", "群众代表", None, "居民", None, None),
    )
    assert statuses(batch) == ["same", "wrong", "changed", "new"]
    assert problems(batch) == [
        (
            3,
            "类别",
            "已在“党建专家”名册中，一人只能归入一个类别。",
            "确为两人的，请写明各自的单位及职务；要换类别的，请先移出名册。",
        ),
        (5, "所在党组织", "没有填写，不按党组织计算回避。", "确不在任何党组织的可以这样导入。"),
        (5, "姓名", "另有同名的人（名册里的党建专家、第 2 行）。", "请核对是不是同一人。"),
    ]
    batch = written(batch, vote.by, ignore_wrong=True)
    third = Voter.objects.get(name="示例丁")
    assert (third.organization, third.channel) == (district.community, "paper")
    undone(batch, vote.by)
    third.refresh_from_db()
    assert (third.organization, third.channel, vote.campaign.voters.count()) == (None, "code", 3)


def test_a_workplace_written_another_way_makes_no_second_person(vote: votes.Vote) -> None:
    written(read(vote, ("示例甲", "党建专家", None, "大学（教授）", None, None)), vote.by)
    batch = read(
        vote,
        ("示 例 甲", "群众代表", None, "大学(教授)", None, None),
        ("示例乙", "党建专家", None, "研究院 院长", None, None),
        ("示例乙", "群众代表", None, "研究院院长", None, None),
    )
    assert statuses(batch) == ["wrong", "new", "wrong"]
    assert [reason for number, _, reason, _ in problems(batch) if number in (2, 4) and "归入" in reason] == [
        "已在“党建专家”名册中，一人只能归入一个类别。",
        "与第 3 行（党建专家）是同一人，一人只能归入一个类别。",
    ]


def test_an_unknown_organization_is_asked_about(vote: votes.Vote, district: Any) -> None:
    batch = read(vote, ("示例甲", "党建专家", "示例一街道工委会", "教授", None, None))
    assert statuses(batch) == ["wrong"]
    key, options = question(batch, "示例一街道工委会")
    assert options[0] == [str(district.street.pk), "示例一街道党工委"]
    batch = work(imports.choose(batch=batch, choices={key: str(district.street.pk)}, by=vote.by))
    written(batch, vote.by)
    assert vote.campaign.voters.get().organization == district.street


def test_telephone_and_identity_numbers_are_ignored_with_a_note(vote: votes.Vote) -> None:
    header = [*HEADER, "身份证号", "手机号码"]
    row = ("示例甲", "党建专家", None, "教授", None, None, "320106199001011234", "13900001111")
    batch = read(vote, row, header=header)
    assert batch.message == "含个人信息的列不导入、不保存：身份证号、手机号码。"
    written(batch, vote.by)
    kept = (
        str(list(ImportRow.objects.values()))
        + str(list(AuditEntry.objects.values()))
        + str(list(Voter.objects.values()))
    )
    assert ("320106199001011234" in kept, "13900001111" in kept) == (False, False)


def test_only_a_draft_takes_an_import_and_gives_one_back(district: Any, cast: Any) -> None:
    vote = votes.make_vote(district, cast, each=5)
    row = ("示例甲", "党建专家", None, "教授", None, None)
    done = written(read(vote, row), vote.by)
    open_preview = read(vote, ("示例乙", *row[1:]))
    votes.lock(vote)
    with pytest.raises(ActionError) as refused:
        start("voters", messy.xlsx([HEADER, row]), vote.by, campaign=vote.campaign.code)
    assert refused.value.fields == {"campaign": ["请选择一个还没有锁定的票决。"]}
    batch = written(open_preview, vote.by)
    assert (batch.state, statuses(batch)) == ("preview", ["wrong"])
    assert undone(done, vote.by).state == "done"
    assert vote.campaign.voters.filter(name="示例甲").exists()


def test_the_template_can_be_had_empty_and_filled(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    written(read(vote, ("示例甲", "党建专家", "示例社区党委", "教授", None, None)), vote.by)
    client = client_as(cast.evaladmin)
    address = "/desk/imports/template/voters/"
    assert client.get(address).status_code == 200
    assert client.get(f"{address}?filled=1&campaign={vote.campaign.code}").status_code == 200
    assert client.get(f"{address}?filled=1&campaign=nothing").status_code == 404
    assert client_as(cast.scrutineer).get(address).status_code == 404
    filled = list(imports.IMPORTERS["voters"].existing({"campaign": vote.campaign.code}))
    assert filled == [
        {
            "name": "示例甲",
            "category": "党建专家",
            "organization": "示例社区党委",
            "workplace": "教授",
            "channel": "投票码",
            "account": "",
        }
    ]


def test_the_way_there_and_back(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    """The page of the roll names the categories to fill in; the import leads back to it."""
    roll_address = reverse("appraisal:roll", args=[vote.campaign.code])
    browser = client_as(cast.evaladmin)
    names = "、".join(vote.campaign.categories.order_by("position", "id").values_list("name", flat=True))
    assert f"填写本次票决的类别：{names}。" in browser.get(roll_address).text
    batch = read(vote, ("示例甲", "党建专家", None, "教授", None, None))
    link = f'href="{roll_address}">返回名册</a>'
    for found in (batch, written(batch, vote.by)):
        assert link in browser.get(reverse("common:import_batch", args=[found.pk])).text

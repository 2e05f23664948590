"""Pages of the key and of the lock: secrets once and uncached, rehearsal, problems with links, the manifest."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.urls import reverse

from common.models import AuditEntry, Publication
from evaluation.appraisal import crockford, progress
from evaluation.appraisal.models import Campaign, CampaignAnnouncement, PublicNotice
from tests.evaluation.appraisal import votes
from tests.projects.test_season_pages import text_of

HOLDERS = {
    f"{kind}_{at}": value
    for at, pair in enumerate(votes.HOLDERS, start=1)
    for kind, value in zip(("name", "body"), pair, strict=True)
}


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


@pytest.fixture
def admin(client_as, cast):
    return client_as(cast.evaladmin)


def at(name: str, vote: votes.Vote) -> str:
    return reverse(f"appraisal:{name}", args=[vote.campaign.code])


def test_secrets_are_shown_once_and_never_kept(admin, vote):
    given = HOLDERS | {"standing": vote.campaign.public_key}
    answer = admin.post(at("keys", vote), given)
    text = text_of(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    secrets = re.findall(r'<p class="key-secret">([0-9A-Z-]+)</p>', text)
    assert len(set(secrets)) == 3
    assert text.count('<svg class="qr"') == 3
    again = admin.get(at("keys", vote))
    assert "no-store" in again.headers["Cache-Control"]
    kept = again.content.decode() + str(list(AuditEntry.objects.values())) + str(list(Campaign.objects.values()))
    for secret in secrets:
        assert crockford.read(secret, 24) is not None
        assert secret not in kept
        assert secret.replace("-", "") not in kept
    assert "还没有做" in again.content.decode()


def test_a_page_of_secrets_that_is_reloaded_makes_no_others(admin, vote):
    (standing,) = re.findall(r'name="standing" value="(\w+)"', text_of(admin.get(at("keys", vote))))
    given = HOLDERS | {"standing": standing}
    text_of(admin.post(at("keys", vote), given))
    made = vote.again().public_key
    text = text_of(admin.post(at("keys", vote), given), 409)
    assert "已经打印的三份密钥仍然有效" in text
    assert "key-secret" not in text
    assert standing != made == vote.again().public_key


def test_holders_come_from_three_bodies(admin, vote):
    before = vote.campaign.public_key
    given = HOLDERS | {"standing": before, "body_2": HOLDERS["body_1"]}
    text = text_of(admin.post(at("keys", vote), given), 400)
    assert "三名保管人应是来自不同单位的三个人。" in text
    text_of(admin.post(at("keys", vote), HOLDERS | {"name_3": ""}), 400)
    assert vote.again().public_key == before


def test_the_rehearsal_takes_all_three(admin, vote):
    secrets = re.findall(
        r'key-secret">([0-9A-Z-]+)<',
        text_of(admin.post(at("keys", vote), HOLDERS | {"standing": vote.campaign.public_key})),
    )
    typed = {f"secret_{n}": secret.lower() for n, secret in enumerate(secrets, start=1)}
    page = at("keys_rehearse", vote)
    text = text_of(admin.post(page, typed | {"secret_3": ""}), 400)
    assert "请输入这位保管人的密钥。" in text
    text = text_of(admin.post(page, typed | {"secret_2": typed["secret_1"]}), 400)
    assert "这两份密钥打不开票箱" in text
    text = text_of(admin.post(page, typed | {"secret_2": "ABC"}), 400)
    assert "密钥有误：请核对每一组字符。" in text
    assert vote.again().keys_rehearsed_at is None
    answer = admin.post(page, typed, follow=True)
    assert "演练通过：任意两位保管人的密钥都能打开票箱。" in answer.content.decode()
    assert vote.again().keys_rehearsed_at is not None


def test_the_lock_page_links_each_problem_to_its_part(admin, vote):
    Campaign.objects.filter(pk=vote.campaign.pk).update(approval_number="", keys_rehearsed_at=None)
    vote.campaign.categories.filter(code="expert").update(weight=2500)
    text = text_of(admin.get(at("lock", vote)))
    for part, words in (
        ("basics", "没有填全文号、日期和批准机关，"),
        ("categories", "权重合计为 95.00，应正好为 100，"),
        ("keys", "还没有做，"),
    ):
        assert f'<h3 class="problem-part"><a href="{at(part, vote)}">' in text
        assert words in text
    assert 'id="lock"' not in text
    text = text_of(admin.post(at("lock", vote), {"order_seed": "2026138"}), 400)
    assert "锁定前还要处理" in text
    assert (vote.again().state, vote.campaign.order_seed) == ("draft", "2026138")


def test_locking_with_a_seed_of_a_public_lottery(admin, vote):
    text = text_of(admin.get(at("lock", vote)))
    assert "各项都已齐备。" in text
    answer = admin.post(at("lock", vote), {"order_seed": " ２０２６138 期\u3000 01 05  09 "}, follow=True)
    text = answer.content.decode()
    locked = vote.again()
    assert (locked.state, locked.order_seed) == ("locked", "2026138 期 01 05 09")
    assert locked.manifest_sha256 in text
    assert 'value="vote_opening_pdf"' in text
    manifest = admin.get(at("manifest_file", vote))
    assert hashlib.sha256(manifest.content).hexdigest() == locked.manifest_sha256
    assert manifest.headers["Content-Disposition"] == f'attachment; filename="manifest-{locked.code}.json"'
    again = admin.post(at("lock", vote), {"order_seed": "other"})
    assert again.status_code == 302
    assert vote.again().order_seed == "2026138 期 01 05 09"


def test_a_draft_has_no_manifest(admin, vote, client_as, cast):
    assert admin.get(at("manifest_file", vote)).status_code == 404
    votes.lock(vote)
    assert client_as(cast.leader).get(at("manifest_file", vote)).status_code == 200
    assert client_as(cast.outsider).get(at("manifest_file", vote)).status_code == 404


def test_the_keys_of_a_locked_vote_stay(admin, vote):
    votes.lock(vote)
    before = vote.campaign.public_key
    assert "票决已经锁定，密钥不能更换。" in text_of(admin.post(at("keys", vote), HOLDERS), 409)
    assert vote.again().public_key == before
    assert "生成三份密钥" not in text_of(admin.get(at("keys", vote)))


def test_the_lock_page_is_the_same_for_few_and_many_candidates(admin, vote, assert_queries):
    with assert_queries(32):
        text_of(admin.get(at("lock", vote)))
    vote.campaign.candidates.filter(contest_class__contest__code="committee").first().delete()
    with assert_queries(32):
        text_of(admin.get(at("lock", vote)))


def test_the_lock_page_hints_at_a_start_that_is_past_and_at_the_administrator_on_the_roll(admin, vote, cast, today):
    hints = "请再核对"
    assert "开始时间已过" not in text_of(admin.get(at("lock", vote)))
    vote.campaign.voters.filter(pk=vote.voters("expert")[0].pk).update(person=cast.evaladmin.person)
    today(votes.DURING)
    text = text_of(admin.get(at("lock", vote)))
    assert hints in text
    assert "开始时间已过，锁定后立即开始投票" in text
    assert f"年度评选管理员{vote.voters('expert')[0]}在投票名册中" in text
    assert 'id="lock"' in text  # hints do not stand in the way


def test_the_overview_of_a_locked_vote_says_what_is_not_out_yet(admin, vote):
    assert "公告未发布" not in text_of(admin.get(at("campaign", vote)))
    votes.lock(vote)
    text = text_of(admin.get(at("campaign", vote)))
    assert "公告未发布。还有 60 人没有发投票码。" in text
    assert "提出评选公告" in text
    review = Publication.objects.create(object_type="appraisal.campaign", object_id=str(vote.campaign.pk))
    text = text_of(admin.get(at("campaign", vote)))
    assert "评选公告：保密审查、审批、发布公告" in text
    assert "提出评选公告" not in text
    Publication.objects.filter(pk=review.pk).update(state="returned")
    assert "提出评选公告" in text_of(admin.get(at("campaign", vote)))
    CampaignAnnouncement.objects.create(campaign=vote.campaign, body="公告", published_on=votes.BEFORE)
    text = text_of(admin.get(at("campaign", vote)))
    assert "公告未发布" not in text
    assert "提出评选公告" not in text


def test_the_overview_of_a_signed_vote_says_who_has_the_notice(admin, vote):
    votes.open_(vote)
    Campaign.objects.filter(pk=vote.campaign.pk).update(state="confirmed")
    notice = PublicNotice.objects.create(campaign=vote.again(), round=1)
    assert [each.what for each in progress.next_steps([vote.campaign])] == ["提出公示"]
    Publication.objects.create(object_type="appraisal.publicnotice", object_id=str(notice.pk))
    step = progress.next_step(vote.campaign)
    assert (step.who, step.what) == ("组织部", "公示：保密审查、审批、发布")
    assert progress.waiting(vote.campaign) == [step]

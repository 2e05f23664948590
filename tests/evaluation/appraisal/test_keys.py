"""The key of the box: any two holders open it, nobody else does, and the server keeps none of their secrets."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from evaluation.appraisal import crockford, keys, sealing
from evaluation.appraisal.models import Campaign, WrappedKey
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
DOES_NOT_OPEN = "这两份密钥打不开票箱：请确认是本次票决、且分属这两位保管人的密钥。"


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.make_vote(district, cast, each=1)


def refused(campaign: Campaign, secrets: dict[int, str]) -> ActionError:
    with pytest.raises(ActionError) as caught:
        keys.open_key(campaign, secrets)
    return caught.value


def test_any_two_open_it_and_give_the_same_key(vote: votes.Vote) -> None:
    opened = [
        keys.open_key(vote.campaign, {a: vote.secrets[a], b: vote.secrets[b]}) for a, b in combinations((1, 2, 3), 2)
    ]
    assert len(set(opened)) == 1
    assert sealing.public_of(opened[0]).hex() == vote.campaign.public_key
    assert keys.open_key(vote.campaign, vote.secrets) == opened[0]
    typed = {2: crockford.grouped(vote.secrets[2]).lower(), 3: f" {vote.secrets[3]} ", 1: " "}
    assert keys.open_key(vote.campaign, typed) == opened[0]


@pytest.mark.parametrize("given", [{}, {1}, {2}, {3}])
def test_one_alone_does_not(vote: votes.Vote, given: set[int]) -> None:
    error = refused(vote.campaign, {at: vote.secrets[at] for at in given})
    assert (error.message, error.code) == ("须有两位保管人同时输入密钥。", "too_few_secrets")


def test_swapped_secrets_do_not_open(vote: votes.Vote) -> None:
    error = refused(vote.campaign, {1: vote.secrets[2], 2: vote.secrets[1]})
    assert error.fields == {"secret_1": [DOES_NOT_OPEN], "secret_2": [DOES_NOT_OPEN]}
    assert refused(vote.campaign, {1: vote.secrets[1], 2: vote.secrets[1]}).code == "wrong_secret"
    assert refused(vote.campaign, {1: vote.secrets[1], 2: vote.secrets[3]}).code == "wrong_secret"


def test_another_campaigns_secrets_do_not_open(vote: votes.Vote) -> None:
    other = Campaign.objects.create(season=vote.campaign.season, title="另一次（示例）")
    made = keys.make_keys(campaign=other, holders=votes.HOLDERS, by=vote.by)
    error = refused(vote.campaign, {1: made[0], 2: made[1]})
    assert (error.message, error.code) == (DOES_NOT_OPEN, "wrong_secret")
    assert refused(Campaign.objects.get(pk=other.pk), vote.secrets).code == "wrong_secret"
    # Nor do its wrapped keys, carried over by hand.
    for row in WrappedKey.objects.filter(campaign=other):
        WrappedKey.objects.filter(campaign=vote.campaign, first=row.first, second=row.second).update(
            nonce=row.nonce, wrapped=row.wrapped
        )
    assert refused(vote.campaign, {1: made[0], 2: made[1]}).code == "wrong_secret"


def test_a_mistyped_secret_is_named(vote: votes.Vote) -> None:
    wrong = vote.secrets[2][:-1] + ("0" if vote.secrets[2][-1] != "0" else "1")
    error = refused(vote.campaign, {1: vote.secrets[1], 2: wrong})
    assert error.fields == {"secret_2": ["密钥有误：请核对每一组字符。"]}


def test_made_again_the_former_open_nothing(vote: votes.Vote) -> None:
    former, public = dict(vote.secrets), vote.campaign.public_key
    made = keys.make_keys(campaign=vote.campaign, holders=votes.HOLDERS, by=vote.by)
    campaign = vote.again()
    assert campaign.public_key != public
    assert campaign.keys_rehearsed_at is None
    assert refused(campaign, former).code == "wrong_secret"
    assert refused(campaign, {1: made[0], 2: former[2]}).code == "wrong_secret"
    assert sealing.public_of(keys.open_key(campaign, {1: made[0], 3: made[2]})).hex() == campaign.public_key
    assert campaign.wrapped_keys.count() == 3


def test_one_lost_share_does_not_lose_the_count(vote: votes.Vote) -> None:
    """The rehearsal of a loss: whichever of the three is gone, a ballot still opens."""
    sealed = sealing.seal(b"x", public_key=bytes.fromhex(vote.campaign.public_key), manifest_sha256="m", category="c")
    for lost in keys.HOLDERS:
        left = {at: secret for at, secret in vote.secrets.items() if at != lost}
        assert sealing.BallotBox(keys.open_key(vote.campaign, left), "m").open(sealed, "c") == b"x"


def test_the_rehearsal_asks_all_three_and_the_right_key(vote: votes.Vote) -> None:
    campaign = vote.campaign
    for missing in keys.HOLDERS:
        with pytest.raises(ActionError, match="三位保管人都要参加演练。") as caught:
            keys.rehearse(campaign=campaign, secrets=vote.secrets | {missing: " "}, by=vote.by)
        assert caught.value.fields == {f"secret_{missing}": ["请输入这位保管人的密钥。"]}
    Campaign.objects.filter(pk=campaign.pk).update(public_key=sealing.new_key_pair()[1].hex(), keys_rehearsed_at=None)
    with pytest.raises(Conflict, match="密钥与票箱公钥不符，请重新生成密钥。"):
        keys.rehearse(campaign=campaign, secrets=vote.secrets, by=vote.by)
    assert vote.again().keys_rehearsed_at is None


@pytest.mark.parametrize(
    ("holders", "message"),
    [
        (votes.HOLDERS[:2], "请写明三名保管人的姓名和单位。"),
        ((*votes.HOLDERS[:2], ("丙", " ")), "请写明三名保管人的姓名和单位。"),
        ((*votes.HOLDERS[:2], ("丙", votes.HOLDERS[0][1])), "三名保管人应是来自不同单位的三个人。"),
        ((*votes.HOLDERS[:2], (votes.HOLDERS[0][0], "区公证处")), "三名保管人应是来自不同单位的三个人。"),
    ],
)
def test_holders_are_three_people_of_three_bodies(vote: votes.Vote, holders: Any, message: str) -> None:
    before = list(WrappedKey.objects.values())
    with pytest.raises(ActionError) as caught:
        keys.make_keys(campaign=vote.campaign, holders=holders, by=vote.by)
    assert caught.value.fields == {"holders": [message]}
    assert list(WrappedKey.objects.values()) == before


def test_after_the_lock_no_key_is_made_and_none_rehearsed(district: Any, cast: Any) -> None:
    vote = votes.lock(votes.make_vote(district, cast, each=5))
    with pytest.raises(Conflict, match="票决已经锁定，密钥不能更换。"):
        keys.make_keys(campaign=vote.campaign, holders=votes.HOLDERS, by=vote.by)
    with pytest.raises(Conflict, match="票决已经锁定，不用再演练。"):
        keys.rehearse(campaign=vote.campaign, secrets=vote.secrets, by=vote.by)


@pytest.mark.parametrize("who", ["scrutineer", "officer", "leader", "secretary", "sysadmin", "auditor"])
def test_only_the_administrator_makes_keys(vote: votes.Vote, cast: Any, who: str) -> None:
    by = Actor.person(getattr(cast, who), "test")
    with pytest.raises(Forbidden):
        keys.make_keys(campaign=vote.campaign, holders=votes.HOLDERS, by=by)
    with pytest.raises(Forbidden):
        keys.rehearse(campaign=vote.campaign, secrets=vote.secrets, by=by)


def everything() -> str:
    """All that the database holds, as text."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            found += [bytes(v).hex() if isinstance(v, memoryview) else str(v) for row in cursor for v in row]
    return "\n".join(found)


def test_the_database_holds_neither_a_secret_nor_the_key(vote: votes.Vote) -> None:
    private = keys.open_key(vote.campaign, {1: vote.secrets[1], 2: vote.secrets[2]}).hex()
    there = everything()
    assert vote.campaign.public_key in there  # the search finds what is there
    for secret in (*vote.secrets.values(), *map(crockford.grouped, vote.secrets.values()), private):
        assert secret not in there

"""Pages of certificates: one of them, the template and its preview, and what anybody may check."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from common import publication
from common.actors import Actor
from evaluation.appraisal.models import Award, CertificateTemplate
from tests.evaluation.appraisal import outcome_steps as steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district, cast):
    cache.clear()
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def awarded(vote, cast):
    steps.noticed(vote, cast.officer)
    steps.finalized()
    vote.again()
    return vote


def desk(name, vote, *more) -> str:
    return reverse(f"appraisal:{name}", args=[vote.campaign.code, *more])


def test_a_certificate_and_its_preview(awarded, cast, client_as):
    award = Award.objects.first()
    client = client_as(cast.evaladmin)
    for url, name in (
        (desk("certificate", awarded, award.candidate.code), f"{award.certificate_number} {award.project}.pdf"),
        (desk("certificate_preview", awarded), f"{awarded.campaign}获奖证书样张.pdf"),
    ):
        served = client.get(url)
        assert (served["Content-Type"], served.content[:5]) == ("application/pdf", b"%PDF-")
        assert served["Content-Disposition"] == f"inline; filename*=utf-8''{quote(name)}"


def test_a_preview_before_there_is_an_award(vote, cast, client_as):
    assert client_as(cast.evaladmin).get(desk("certificate_preview", vote)).content[:5] == b"%PDF-"


def test_the_template_is_checked_and_saved(vote, cast, client_as):
    client, url = client_as(cast.officer), desk("certificate_template", vote)
    given = {
        "heading": "荣誉证书",
        "body": "{项目}获{奖项}",
        "issuer": "示例落款",
        "accent": "#123456",
        "landscape": "",
    }
    wrong = client.post(url, {**given, "body": "{作者}", "number_format": "{年度}", "accent": "red"})
    assert wrong.status_code == 400
    for words in ("“作者”无法识别", "须含 {赛道} 和 {序号}", "六位颜色值"):
        assert words in wrong.text
    given["number_format"] = "{年度}{赛道}{序号}"
    assert "最多 12 行，现在是 13 行" in client.post(url, {**given, "body": "一行\n\n" * 13}).text
    assert client.post(url, given).status_code == 302
    found = CertificateTemplate.objects.get()
    assert (found.issuer, found.landscape, found.number_format) == ("示例落款", False, "{年度}{赛道}{序号}")


@pytest.mark.parametrize("typed", ["{}", "{}".lower(), " {} "])
def test_a_certificate_is_confirmed(awarded, typed):
    award = Award.objects.first()
    grouped = "-".join(award.verification_code[at : at + 4] for at in range(0, 13, 4))
    page = Client().get("/verify/", {"code": typed.format(grouped).replace("0", "o").replace("1", "l")}, follow=True)
    assert page.status_code == 200
    for words in (award.certificate_number, award.project.title, award.organization_name, award.title, grouped):
        assert words in page.text
    assert page.redirect_chain == [(f"/verify/{award.verification_code}/", 302)]


@pytest.mark.parametrize("typed", ["0000000000001", "x", "二〇二六", "../admin", "a/b"])
def test_an_unknown_code_says_so(awarded, typed):
    page = Client().get("/verify/", {"code": typed}, follow=True)
    assert (page.status_code, "没有这个验证码" in page.text, "证书有效" in page.text) == (404, True, False)


def test_an_empty_field_says_what_to_type(db):
    assert "field-error" not in Client().get("/verify/").text
    assert "field-error" in Client().get("/verify/", {"code": " "}).text


def test_what_was_taken_down_is_not_confirmed(awarded, cast, api_as):
    """Neither valid nor unknown: the certificate was made here, and what it says is no longer public."""
    award = Award.objects.select_related("project").first()
    publication.take_down(obj=awarded.campaign.notices.get(), reason="文字有误", by=Actor.person(cast.officer))
    page = Client().get(f"/verify/{award.verification_code}/")
    answer = api_as().get(f"/api/v1/certificates/{award.verification_code}/")
    assert (page.status_code, answer.status_code, answer.json()["code"]) == (409, 409, "taken_down")
    assert "评选结果已经撤下" in page.text
    assert [words in page.text for words in ("证书有效", "没有这个验证码", award.project.title)] == [False] * 3


def test_looking_up_codes_is_slowed_down(db):
    cache.clear()
    statuses = [Client().get("/verify/0000000000001/").status_code for _ in range(31)]
    assert statuses == [404] * 30 + [429]

"""The public site: open to nobody in particular, and silent about everything that is not published."""

from __future__ import annotations

import pytest
from django.urls import reverse

from brands.loading import load_brands
from brands.models import Brand
from common.actors import Actor
from projects.models import Project
from tests import factories


@pytest.fixture
def brands(db: None) -> list[Brand]:
    return load_brands(by=Actor.system("test"))


@pytest.fixture
def published(project: Project, brands: list[Brand], today) -> Project:
    """A published project that is red: its light must not show."""
    today("2026-05-10")
    Project.objects.filter(pk=project.pk).update(
        published_on="2026-02-01",
        summary="公开的简介",
        problem="内部难题",
        light="red",
        light_reason="far_behind",
        planned_value=5000,
        earned_value=1000,
        schedule_variance=-4000,
        light_day="2026-05-09",
    )
    project.brands.add(brands[0])
    project.refresh_from_db()
    return project


def pages(project: Project) -> list[str]:
    return [
        reverse("public:home"),
        reverse("public:brands"),
        reverse("public:brand", args=["alliance-360"]),
        reverse("catalogue:projects"),
        reverse("catalogue:project", args=[project.code]),
    ]


def test_nobody_reads_every_public_page_and_no_light(client, published: Project) -> None:
    for page in pages(published):
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert not [word for word in ("严重滞后", "内部难题", "40.00", "10.00%") if word in text], page
    assert "公开的简介" in client.get(pages(published)[-1]).content.decode()


def test_an_officer_sees_the_same_public_page_and_a_way_to_the_desk(client_as, cast, published: Project) -> None:
    text = client_as(cast.officer).get(pages(published)[-1]).content.decode()
    assert reverse("workspace:project", args=[published.code]) in text
    assert "严重滞后" not in text
    outside = client_as(cast.outsider).get(pages(published)[-1]).content.decode()
    assert reverse("workspace:project", args=[published.code]) not in outside


def test_what_is_not_published_is_nowhere(client, client_as, cast, published: Project) -> None:
    hidden = factories.make_project(published.lead_organization, cast.secretary, title="未公开的项目")
    for user in (None, cast.officer):
        browser = client_as(user) if user else client
        for page in pages(published):
            assert "未公开的项目" not in browser.get(page).content.decode(), page
        assert browser.get(reverse("catalogue:project", args=[hidden.code])).status_code == 404
    found = client.get(reverse("catalogue:projects"), {"search": "未公开"}).content.decode()
    assert "没有符合条件的项目" in found


def test_the_library_cannot_be_asked_for_lights(client, published: Project) -> None:
    answer = client.get(reverse("catalogue:projects"), {"light": "green"}).content.decode()
    assert published.title in answer


def test_the_library_filters_by_brand_and_terms(client, published: Project) -> None:
    address = reverse("catalogue:projects")
    assert published.title in client.get(address, {"brand": "alliance-360", "search": "物业 示范"}).content.decode()
    assert published.title not in client.get(address, {"brand": "yuhua-honggu"}).content.decode()


def test_saihong_says_honestly_that_nothing_is_known(client, brands: list[Brand]) -> None:
    text = client.get(reverse("public:brand", args=["yuhua-saihong"])).content.decode()
    assert "公开报道只列出这个品牌的名称和领域" in text


def test_an_inferred_tie_is_said_to_be_one(client, brands: list[Brand]) -> None:
    text = client.get(reverse("public:brand", args=["yuhua-honggu"])).content.decode()
    assert "红谷讲坛" in text
    assert text.count("关系为推断") == 1


def test_a_sub_brand_has_no_page_of_its_own(client, brands: list[Brand]) -> None:
    assert client.get(reverse("public:brand", args=["hui-minsheng"])).status_code == 404


@pytest.mark.parametrize(("name", "queries"), [("public:home", 5), ("public:brands", 7), ("catalogue:projects", 6)])
def test_queries_do_not_grow(client, cast, published: Project, assert_queries, name: str, queries: int) -> None:
    with assert_queries(queries):
        client.get(reverse(name))
    for turn in range(3):
        more = factories.make_project(
            published.lead_organization, cast.secretary, track=published.track, title=f"更多{turn}"
        )
        Project.objects.filter(pk=more.pk).update(published_on="2026-02-01")
        more.brands.add(*Brand.objects.all()[:2])
    with assert_queries(queries):
        client.get(reverse(name))

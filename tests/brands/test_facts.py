"""The published facts: complete, in order, with their qualifiers, and safe to load again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brands.loading import load_brands
from brands.models import Brand, Feature, Figure, Honour
from brands.programme import facts, programme
from common.actors import Actor
from tests import factories

BY = Actor.system("test")
NAMES = [
    "南京南站党建联盟360",
    "雨花红谷",
    "雨花“中心荟”",
    "英雄支部",
    "红色导航",
    "善育之城—岱山模式",
    "雨花红桥",
    "雨花赛红",
]
PRINTED = {
    "成员单位": "200多家",
    "慰问困难家庭": "150户",
    "捐款捐物": "累计32万元",
    "“360红系列”惠民活动": "30余场",
    "网格联合党支部": "19个",
    "帮助流动党员就近过上组织生活": "100余名",
    "“一站式”政务服务进商圈等活动": "20余场",
    "“同心桥”慈善路演": "6场",
    "慈善路演帮扶困难家庭": "30户",
    "慈善路演筹款": "65万元",
    "惠民活动": "60余场",
    "服务居民群众": "近5000人次",
    "线上组团服务企业": "1100余家",
    "捐赠物资": "15万元",
}


@pytest.fixture
def loaded(db: None) -> list[Brand]:
    return load_brands(by=BY)


def test_eight_brands_in_the_publications_order(loaded: list[Brand]) -> None:
    assert [brand.name for brand in Brand.objects.top_level()] == NAMES
    assert len({brand.field for brand in loaded}) == 8


def test_every_figure_is_printed_with_its_qualifier(loaded: list[Brand]) -> None:
    assert {figure.what: figure.text for figure in Figure.objects.all()} == PRINTED


def test_a_figure_without_a_stated_year_has_none(loaded: list[Brand]) -> None:
    assert not Figure.objects.exclude(period_year=None).exists()
    assert [entry["period_text"] for entry in facts()["projects"][1]["figures"]] == ["去年", "去年"]


def test_saihong_is_a_name_and_a_field_and_nothing_else(loaded: list[Brand]) -> None:
    brand = Brand.objects.get(code="yuhua-saihong")
    assert (brand.get_field_display(), brand.owner, brand.tier) == ("效能党建", None, "")
    known = [brand.all_figures, brand.all_honours, list(brand.features.all()), list(brand.sub_brands.all())]
    assert known == [[], [], [], []]


def test_only_the_inferred_tie_is_marked(loaded: list[Brand]) -> None:
    assert list(Feature.objects.filter(inferred=True).values_list("name", flat=True)) == ["红谷讲坛"]


def test_loading_again_changes_nothing_and_leaves_added_brands_alone(loaded: list[Brand]) -> None:
    Brand.objects.create(code="own", name="自建品牌", position=9)
    counts = [model.objects.count() for model in (Brand, Figure, Feature, Honour)]
    load_brands(by=BY)
    assert [model.objects.count() for model in (Brand, Figure, Feature, Honour)] == counts
    assert Brand.objects.top_level().last().name == "自建品牌"  # type: ignore[union-attr]


def test_the_owner_is_set_where_the_organization_is_there(db: None) -> None:
    owner = factories.make_org(None, "industry_committee", "软件产业党委")
    load_brands(by=BY)
    assert Brand.objects.get(code="yuhua-honggu").owner == owner
    assert Brand.objects.get(code="red-navigation").owner is None


def test_the_frame_has_five_steps() -> None:
    assert [step["key"] for step in programme()["steps"]] == ["推", "学", "比", "促", "评"]


def test_api_lists_brands_with_the_figures_of_their_sub_brands(loaded: list[Brand], api_as) -> None:
    answer = api_as().get("/api/v1/brands/").json()
    assert [brand["name"] for brand in answer["results"]] == NAMES
    served = {f["what"]: f for brand in answer["results"] for f in brand["figures"]}
    assert {what: figure["text"] for what, figure in served.items()} == PRINTED
    assert served["服务居民群众"]["subject"] == "惠·民生"
    assert Decimal(served["服务居民群众"]["value"]) == 5000
    assert set(served["服务居民群众"]) == {
        "subject",
        "what",
        "value",
        "unit",
        "qualifier",
        "cumulative",
        "period_text",
        "period_year",
        "source",
        "text",
    }


def test_api_queries_do_not_grow(loaded: list[Brand], api_as, assert_queries) -> None:
    client = api_as()
    with assert_queries(4):
        client.get("/api/v1/brands/")
    for turn in range(3):
        brand = Brand.objects.create(code=f"more-{turn}", name=f"新增{turn}", position=20)
        factory = Figure.objects.first()
        assert factory is not None
        Figure.objects.create(brand=brand, source=factory.source, what="活动", value=1, unit="场")
    with assert_queries(4):
        client.get("/api/v1/brands/")


def test_api_of_one_brand_and_of_none(loaded: list[Brand], api_as) -> None:
    assert api_as().get("/api/v1/brands/yuhua-saihong/").json()["figures"] == []
    assert api_as().get("/api/v1/brands/nothing/").status_code == 404


def test_api_pages_through_all_brands(loaded: list[Brand], api_as) -> None:
    found, address = [], "/api/v1/brands/?page_size=3"
    while address:
        answer = api_as().get(address).json()
        found += [brand["name"] for brand in answer["results"]]
        address = answer["next"]
    assert found == NAMES

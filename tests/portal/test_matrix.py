"""The picture of the matrix."""

from types import SimpleNamespace

import pytest

from portal.public import matrix


def place(count):
    brands = [SimpleNamespace(label=f"品牌{n}") for n in range(count)]
    return matrix.nodes(brands, lambda brand: f"/brands/{brand.label}/")


def test_eight_brands_stand_symmetric_to_the_axis():
    nodes = place(8)
    assert [node.url for node in nodes][:2] == ["/brands/品牌0/", "/brands/品牌1/"]
    assert sum(node.x > matrix.CENTRE_X for node in nodes) == 4
    for right, left in zip(nodes[:4], reversed(nodes[4:]), strict=True):
        assert right.y == left.y
        assert right.x + left.x == pytest.approx(2 * matrix.CENTRE_X)


@pytest.mark.parametrize("count", [1, 2, 8, 12, 20])
def test_no_two_brands_overlap_and_all_are_in_the_picture(count):
    nodes = place(count)
    for n, one in enumerate(nodes):
        assert one.radius <= one.x <= 720 - one.radius
        assert one.radius <= one.y <= 660 - one.radius
        for other in nodes[n + 1 :]:
            distance = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
            assert distance >= one.radius + other.radius


def test_no_brands_no_nodes():
    assert place(0) == []


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("雨花红谷", ["雨花红谷"]),
        ("党建联盟360", ["党建联盟", "360"]),
        ("南京南站党建联盟360", ["南京南站", "党建联盟", "360"]),
        ("雨花“中心荟”", ["雨花", "“中心荟”"]),
        ("善育之城—岱山模式", ["善育之城", "岱山模式"]),
        ("红色物业联盟", ["红色物", "业联盟"]),
    ],
)
def test_names_break_where_people_would_break_them(name, lines):
    assert matrix.name_lines(name) == lines

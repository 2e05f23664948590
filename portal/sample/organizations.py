"""The sample's tree of organizations: those that the publication names, and invented ones marked （示例）."""

from __future__ import annotations

from common.actors import Actor
from organizations import actions
from organizations.models import Organization

MARK = "（示例）"
NUMBERS = "一二三四五六"
COMMUNITIES = ("东苑", "西苑", "南苑", "北苑")
# key, parent, name, kind, sector; a name without the mark is one that the publication names.
Row = tuple[str, str, str, str, str]

TOP: list[Row] = [
    ("district", "", "区委", "district_committee", "agency"),
    ("department", "district", "区委组织部", "department", "agency"),
    ("agencies", "district", f"区级机关党工委{MARK}", "working_committee", "agency"),
    ("agency1", "agencies", f"甲机关党委{MARK}", "committee", "agency"),
    ("agency2", "agencies", f"乙机关党总支{MARK}", "general_branch", "agency"),
    ("agency3", "agencies", f"丙机关党支部{MARK}", "branch", "agency"),
    ("agency4", "agencies", f"丁机关党组{MARK}", "leading_group", "agency"),
    ("housing", "district", "区住建局党委", "committee", "agency"),
    ("property", "housing", "物业行业党委", "industry_committee", "industry"),
    ("property1", "property", f"甲物业企业党支部{MARK}", "branch", "private_enterprise"),
    ("property2", "property", f"乙物业企业党支部{MARK}", "branch", "private_enterprise"),
    ("valley", "district", f"软件园区党工委{MARK}", "working_committee", "park"),
    ("innovation", "valley", "软件谷科技创新部", "department", "park"),
    ("software", "valley", "软件产业党委", "industry_committee", "private_enterprise"),
    ("firm1", "software", f"甲软件企业党委{MARK}", "committee", "private_enterprise"),
    ("firm2", "software", f"乙软件企业党总支{MARK}", "general_branch", "private_enterprise"),
    ("firm3", "software", f"丙软件企业党支部{MARK}", "branch", "private_enterprise"),
    ("firm4", "software", f"甲楼宇联合党支部{MARK}", "joint_branch", "private_enterprise"),
    ("firm5", "software", f"乙楼宇联合党支部{MARK}", "joint_branch", "private_enterprise"),
    ("social", "district", "社会组织党委", "committee", "social_organization"),
    ("social1", "social", f"甲社会组织党支部{MARK}", "branch", "social_organization"),
    ("social2", "social", f"乙社会组织党支部{MARK}", "branch", "social_organization"),
    ("social3", "social", f"丙社会组织联合党支部{MARK}", "joint_branch", "social_organization"),
    ("station", "district", f"南站片区党工委{MARK}", "working_committee", "park"),
    ("station1", "station", f"枢纽片区联合党支部{MARK}", "joint_branch", "park"),
    ("shopping", "district", f"商圈党委{MARK}", "committee", "park"),
    ("shopping1", "shopping", f"商户联合党支部{MARK}", "joint_branch", "private_enterprise"),
]


def rows() -> list[Row]:
    """About sixty organizations: the rows above, six streets with four communities each, and some branches."""
    found = list(TOP)
    for place, number in enumerate(NUMBERS, start=1):
        street = f"street{place}"
        found.append((street, "district", f"第{number}街道党工委{MARK}", "working_committee", "street"))
        for turn, name in enumerate(COMMUNITIES, start=1):
            kind, word = ("committee", "党委") if turn < 4 else ("general_branch", "党总支")
            title = f"第{number}街道{name}社区{word}{MARK}"
            found.append((f"{street}c{turn}", street, title, kind, "community"))
    for turn, number in enumerate("一二", start=1):
        found.append((f"branch{turn}", "street1c1", f"第一街道东苑社区第{number}党支部{MARK}", "branch", "community"))
    return found


def create(by: Actor) -> dict[str, Organization]:
    """Make the tree; each organization by its key."""
    made: dict[str, Organization] = {}
    for key, parent, name, kind, sector in rows():
        made[key] = actions.add_organization(
            parent=made.get(parent),
            name=name,
            kind=kind,
            sector=sector,
            named_in_article=MARK not in name,
            by=by,
        )
    return made

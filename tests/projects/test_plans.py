"""Plans: what a draft and a freeze refuse, which version is in force, what the database refuses."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from common.errors import Conflict
from common.models import AuditEntry
from projects.models import Milestone, Plan, PlanItem
from projects.plans import ItemInput, draft_plan, freeze_plan, plan_in_force
from tests.factories import make_plan, make_project
from tests.projects.refusals import refused

START, MIDDLE, END = date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-10")


@pytest.fixture
def bare(district, cast):
    """A project of 2026 without a plan."""
    return make_project(district.street, cast.secretary, milestones=[])


@pytest.fixture
def by(cast, actor):
    return actor(cast.officer)


def items(*weights):
    return [ItemInput(f"里程碑{n}", weight, START, END) for n, weight in enumerate(weights, start=1)]


def entries():
    return list(AuditEntry.objects.order_by("id").values_list("action", "who"))


# --- drafting ---


def test_a_draft_is_a_version_that_is_not_in_force(bare, by):
    plan = draft_plan(project=bare, items=items(6000, 4000), effective_from=START, by=by)
    assert (plan.version, plan.frozen_on, plan.weight_total) == (1, None, 0)
    rows = list(plan.items.values_list("milestone__title", "milestone__position", "weight"))
    assert rows == [("里程碑1", 1, 6000), ("里程碑2", 2, 4000)]
    assert plan_in_force(bare, END) is None
    assert entries() == [("projects.plan.drafted", "组织部工作人员")]


def test_versions_count_up_in_each_project(bare, project, by):
    drafts = [draft_plan(project=bare, items=items(100), effective_from=START, by=by) for _ in range(3)]
    other = draft_plan(project=project, items=items(100), effective_from=START, by=by)
    assert [plan.version for plan in drafts] == [1, 2, 3]
    assert other.version == 2


def test_a_milestone_keeps_its_identity_in_the_next_version(project, by):
    kept = project.milestones.get(title="建阵地")
    given = [ItemInput("建阵地", 5000, START, MIDDLE, milestone=kept), ItemInput("新增", 5000, MIDDLE, END)]
    plan = draft_plan(project=project, items=given, effective_from=MIDDLE, by=by)
    assert plan.items.get(weight=5000, milestone=kept).due == MIDDLE
    assert list(project.milestones.order_by("id").values_list("title", flat=True)) == [
        "建阵地",
        "见成效",
        "新增",
    ]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (ItemInput("甲", 5000, MIDDLE, START), "第 2 个里程碑的完成时限早于开始日期。"),
        (ItemInput("甲", 5000, date(2025, 12, 31), END), "第 2 个里程碑不在项目起止日期之内。"),
        (ItemInput("甲", 5000, START, date(2027, 1, 1)), "第 2 个里程碑不在项目起止日期之内。"),
        (ItemInput("甲", 0, START, END), "第 2 个里程碑的权重应大于 0，不超过 100。"),
        (ItemInput("甲", -1, START, END), "第 2 个里程碑的权重应大于 0，不超过 100。"),
        (ItemInput("甲", 10001, START, END), "第 2 个里程碑的权重应大于 0，不超过 100。"),
    ],
)
def test_a_draft_names_each_wrong_row(bare, by, item, message):
    given = {"items": [*items(5000), item], "effective_from": START}
    error = refused("plan", lambda: draft_plan(project=bare, **given, by=by), "items.1")
    assert error.fields == {"items.1": [message]}
    assert (Plan.objects.count(), Milestone.objects.count(), entries()) == (0, 0, [])


def test_the_first_and_the_last_day_are_inside(bare, by):
    one_day = ItemInput("启动", 100, START, START)
    last_day = ItemInput("收官", 100, END, END)
    plan = draft_plan(project=bare, items=[one_day, last_day], effective_from=START, by=by)
    assert plan.items.count() == 2


def test_a_draft_needs_a_row(bare, by):
    refused("plan", lambda: draft_plan(project=bare, items=[], effective_from=START, by=by), "items")


# --- freezing ---


def test_freezing_puts_a_plan_in_force_once(bare, by):
    plan = draft_plan(project=bare, items=items(3333, 3333, 3334), effective_from=START, by=by)
    frozen = freeze_plan(plan=plan, by=by)
    again = freeze_plan(plan=plan, by=by)
    assert (frozen.weight_total, frozen.frozen_on) == (10000, date(2026, 5, 10))
    assert again.frozen_on == frozen.frozen_on
    assert plan_in_force(bare, END) == plan
    assert [action for action, _ in entries()] == ["projects.plan.drafted", "projects.plan.frozen"]


@pytest.mark.parametrize(
    ("weights", "shown"),
    [
        ((5000, 4900), "99"),
        ((5000, 5100), "101"),
        ((5000, 4999), "99.99"),
        ((5000, 5001), "100.01"),
        ((), "0"),
    ],
)
def test_only_exactly_100_is_frozen(bare, by, weights, shown):
    plan = Plan.objects.create(project=bare, effective_from=START)
    for item in items(*weights):
        milestone = Milestone.objects.create(project=bare, title=item.title)
        PlanItem.objects.create(plan=plan, milestone=milestone, weight=item.weight, start=START, due=END)
    error = refused("weights", lambda: freeze_plan(plan=plan, by=by), "weight")
    assert error.message == f"里程碑权重合计为 {shown}，应当正好是 100。"
    plan.refresh_from_db()
    assert (plan.frozen_on, plan.weight_total, entries()) == (None, 0, [])


def test_a_second_plan_of_the_same_day_is_not_frozen(project, by):
    second = draft_plan(project=project, items=items(10000), effective_from=project.starts_on, by=by)
    error = refused("plan_same_day", lambda: freeze_plan(plan=second, by=by))
    assert isinstance(error, Conflict)
    assert plan_in_force(project, END).version == 1
    later = draft_plan(project=project, items=items(10000), effective_from=date(2026, 1, 2), by=by)
    assert freeze_plan(plan=later, by=by).version == 3


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), 1),
        (date(2026, 3, 31), 1),
        (date(2026, 4, 1), 2),
        (date(2026, 12, 31), 2),  # the third is a draft
    ],
)
def test_the_plan_in_force_by_day(project, day, version):
    full = [("建阵地", 10000, START, END)]
    make_plan(project, full, effective_from=date(2026, 4, 1))
    make_plan(project, full, effective_from=date(2026, 7, 1), frozen=False)
    plan = plan_in_force(project, day)
    assert (plan and plan.version) == version


# --- the database ---


def refuses(name, call):
    """The call breaks the constraint of that name (SQLite names only the columns of a unique one)."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        call()
    assert name in str(caught.value) or "UNIQUE" in str(caught.value)


@pytest.mark.parametrize("total", [0, 9900, 9999, 10001, 10100])
def test_the_database_freezes_only_exactly_100(bare, total):
    plan = Plan.objects.create(project=bare, effective_from=START)
    rows = Plan.objects.filter(pk=plan.pk)
    refuses("frozen_plan_weighs_exactly_100", lambda: rows.update(frozen_on=START, weight_total=total))


@pytest.mark.parametrize("weight", [0, 10001])
def test_the_database_refuses_an_items_weight(project, weight):
    row = PlanItem.objects.filter(plan__project=project, weight=4000)
    refuses("plan_item_weight_over_0_to_100", lambda: row.update(weight=weight))


def test_the_database_refuses_a_due_day_before_the_start(project):
    row = PlanItem.objects.filter(plan__project=project, weight=4000)
    refuses("plan_item_start_before_due", lambda: row.update(start=END, due=START))
    assert row.update(start=END, due=END) == 1


def test_the_database_keeps_versions_days_and_milestones_apart(project):
    plan, item = project.plans.get(), PlanItem.objects.filter(plan__project=project).first()
    same_version = Plan(project=project, version=1, effective_from=END)
    same_day = Plan(project=project, version=2, effective_from=START, frozen_on=START, weight_total=10000)
    same_milestone = PlanItem(plan=plan, milestone=item.milestone, weight=1, start=START, due=END)
    refuses("plan_version_once", same_version.save)
    refuses("plan_one_a_day", same_day.save)
    refuses("milestone_once_a_plan", same_milestone.save)

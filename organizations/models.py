"""Party organizations (党组织), persons, posts (任职) and granted roles; the user model.

A `Person` is not a `User`: posts belong to persons, and access follows the posts and grants that are in force
today (`organizations.access`). `is_superuser` does not exist here: nobody bypasses a rule.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from treebeard.mp_tree import MP_Node, MP_NodeManager, MP_NodeQuerySet

from common import days
from common.codes import random_code

# What a system administrator may correct in Django's admin: never a project, a report or the audit trail.
ADMIN_APPS = {"organizations", "brands", "projects", "axes"}
ADMIN_PROJECT_MODELS = {"season", "track"}


class Person(models.Model):
    """A person who holds posts. No identity number, no telephone number."""

    name = models.CharField("姓名", max_length=50)

    class Meta:
        verbose_name = verbose_name_plural = "人员"

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> models.QuerySet[User]:
        return super().get_queryset().select_related("person")  # an account is shown by its person's name

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username)


class User(AbstractBaseUser):
    """An account. What it may do follows from its person's posts and role grants, never from a flag here."""

    username = models.CharField(
        "账号",
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": "这个账号已经有了。"},
    )
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="user", verbose_name="人员")
    email = models.EmailField("邮箱", blank=True)
    is_active = models.BooleanField("启用", default=True)
    is_sample = models.BooleanField("示例账号", default=False)
    must_change_password = models.BooleanField("下次登录须改密码", default=True)
    password_changed_at = models.DateTimeField("密码修改时间", default=days.now)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = verbose_name_plural = "账号"

    def __str__(self) -> str:
        return self.person.name

    # Django's admin asks these; the answer is the role (organizations.rules).
    @property
    def is_staff(self) -> bool:
        from organizations.access import access_of

        return access_of(self).is_system_administrator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """The admin pages of a system administrator; of projects only their rules, never their content."""
        app, _, rest = perm.partition(".")
        if app == "projects" and rest.partition("_")[2] not in ADMIN_PROJECT_MODELS:
            return False
        return self.has_module_perms(app)

    def has_module_perms(self, app_label: str) -> bool:
        return app_label in ADMIN_APPS and self.is_active and self.is_staff


class OrganizationKind(models.TextChoices):
    DISTRICT_COMMITTEE = "district_committee", "区委"
    DEPARTMENT = "department", "工作机关"
    WORKING_COMMITTEE = "working_committee", "党工委"
    COMMITTEE = "committee", "党委"
    INDUSTRY_COMMITTEE = "industry_committee", "行业党委"
    LEADING_GROUP = "leading_group", "党组"
    GENERAL_BRANCH = "general_branch", "党总支"
    BRANCH = "branch", "党支部"
    JOINT_BRANCH = "joint_branch", "联合党支部"


class OrganizationSector(models.TextChoices):
    AGENCY = "agency", "机关"
    STREET = "street", "街道"
    COMMUNITY = "community", "社区"
    PRIVATE_ENTERPRISE = "private_enterprise", "非公企业"
    SOCIAL_ORGANIZATION = "social_organization", "社会组织"
    STATE_ENTERPRISE = "state_enterprise", "国企"
    SCHOOL = "school", "学校（事业单位）"
    HOSPITAL = "hospital", "医院"
    PARK = "park", "园区/商圈（区域性）"
    INDUSTRY = "industry", "行业党委"


class OrganizationQuerySet(MP_NodeQuerySet):
    def visible_to(self, user: Any) -> OrganizationQuerySet:
        """The organizations within the person's scope: own subtrees, or all (`organizations.access`)."""
        from organizations.access import access_of

        return self.filter(access_of(user).scope(""))

    def standing(self) -> OrganizationQuerySet:
        return self.filter(dissolved_on=None)


class OrganizationManager(MP_NodeManager.from_queryset(OrganizationQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> OrganizationQuerySet:
        return OrganizationQuerySet(self.model, using=self._db).order_by("path")


class Organization(MP_Node):
    """A party organization in the district's tree (a materialized path: a subtree is a prefix of `path`).

    Created and moved by `organizations.actions`; a dissolved one is kept.
    """

    Kind = OrganizationKind

    Sector = OrganizationSector

    steplen = 4
    node_order_by: list[str] = []

    public_id = models.CharField("公开编号", max_length=8, unique=True, default=random_code, editable=False)
    name = models.CharField("名称", max_length=120)
    short_name = models.CharField("简称", max_length=60, blank=True)
    kind = models.CharField("类型", max_length=20, choices=OrganizationKind)
    sector = models.CharField("领域类别", max_length=20, choices=OrganizationSector, blank=True)
    code = models.CharField("党组织代码", max_length=30, null=True, blank=True, unique=True)
    named_in_article = models.BooleanField("公开报道中提到", default=False)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    dissolved_on = models.DateField("撤销日期", null=True, blank=True)

    objects = OrganizationManager()

    class Meta:
        verbose_name = verbose_name_plural = "党组织"
        constraints = [
            models.CheckConstraint(
                name="organization_code_not_empty",
                condition=Q(code=None) | ~Q(code=""),
                violation_error_message="党组织代码不知道时请留空。",
            ),
            models.CheckConstraint(
                name="organization_dissolved_after_founded",
                condition=Q(founded_on=None) | Q(dissolved_on=None) | Q(dissolved_on__gte=F("founded_on")),
                violation_error_message="撤销日期不能早于成立日期。",
            ),
            models.CheckConstraint(
                name="organization_kind_known",
                condition=Q(kind__in=OrganizationKind.values),
                violation_error_message="没有这种党组织类型。",
            ),
            models.CheckConstraint(
                name="organization_sector_known",
                condition=Q(sector__in=["", *OrganizationSector.values]),
                violation_error_message="没有这种领域类别。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        return self.short_name or self.name

    @property
    def parent_path(self) -> str:
        """The parent's `path`, empty at the root."""
        return self.path[: -self.steplen]


class DatedQuerySet(models.QuerySet[Any]):
    def in_force(self, day: Any = None) -> DatedQuerySet:
        day = day or days.today()
        return self.filter(Q(until=None) | Q(until__gte=day), since__lte=day)


class AppointmentPost(models.TextChoices):
    SECRETARY = "secretary", "书记"
    DEPUTY_SECRETARY = "deputy_secretary", "副书记"
    MEMBER = "member", "委员"
    CLERK = "clerk", "党务干事"


class Appointment(models.Model):
    """A person's post (任职) at an organization, from `since` to `until`, both days included."""

    Post = AppointmentPost

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="appointments", verbose_name="人员")
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="appointments", verbose_name="党组织"
    )
    post = models.CharField("职务", max_length=20, choices=AppointmentPost)
    since = models.DateField("任职日期")
    until = models.DateField("免职日期", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "任职"
        constraints = [
            models.CheckConstraint(
                name="appointment_since_before_until",
                condition=Q(until=None) | Q(until__gte=F("since")),
                violation_error_message="免职日期不能早于任职日期。",
            ),
            models.UniqueConstraint(
                name="one_open_appointment_a_post",
                fields=["person", "organization", "post"],
                condition=Q(until=None),
                violation_error_message="此人已在任这一职务。",
            ),
            models.UniqueConstraint(
                name="one_open_secretary_an_organization",
                fields=["organization"],
                condition=Q(until=None, post="secretary"),
                violation_error_message="这个党组织已有在任书记。",
            ),
            models.CheckConstraint(
                name="appointment_post_known",
                condition=Q(post__in=AppointmentPost.values),
                violation_error_message="没有这种职务。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.organization} {self.get_post_display()}"


class GrantedRole(models.TextChoices):
    DEPARTMENT_OFFICER = "department_officer", "组织部工作人员"
    DISTRICT_LEADER = "district_leader", "区领导"
    EVALUATION_ADMINISTRATOR = "evaluation_administrator", "年度评选管理员"
    SCRUTINEER = "scrutineer", "监票人"
    AUDITOR = "auditor", "审计员"
    SYSTEM_ADMINISTRATOR = "system_administrator", "系统管理员"


class RoleGrant(models.Model):
    """A power that is no post: over one organization's subtree, or the whole district where that is null."""

    Role = GrantedRole

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="role_grants", verbose_name="人员")
    role = models.CharField("角色", max_length=30, choices=GrantedRole)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="role_grants",
        verbose_name="范围",
        help_text="留空表示全区",
    )
    since = models.DateField("起始日期")
    until = models.DateField("截止日期", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "角色授权"
        constraints = [
            models.CheckConstraint(
                name="role_grant_since_before_until",
                condition=Q(until=None) | Q(until__gte=F("since")),
                violation_error_message="截止日期不能早于起始日期。",
            ),
            models.CheckConstraint(
                name="role_grant_role_known",
                condition=Q(role__in=GrantedRole.values),
                violation_error_message="没有这种角色。",
            ),
            models.UniqueConstraint(
                name="one_open_grant_of_a_role_district",
                fields=["person", "role"],
                condition=Q(until=None, organization=None),
                violation_error_message="此人已有这一角色。",
            ),
            models.UniqueConstraint(
                name="one_open_grant_of_a_role_organization",
                fields=["person", "role", "organization"],
                condition=Q(until=None) & ~Q(organization=None),
                violation_error_message="此人已有这一角色。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_role_display()}"

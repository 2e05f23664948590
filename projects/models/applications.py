"""The application (申报): a draft as it is typed, what was sent each time, the team and the expected figures."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from brands.models import Qualifier, figure_words
from common import days
from common.models import StoredFile
from projects.models.projects import Project


class Application(models.Model):
    """The working draft of a project's application. Written by `projects.applications`.

    `content` keeps every field as it was typed, complete or not (`projects.application_fields`), so that nothing
    is lost; the project's own columns follow it where it can be read. `revision` counts saves: a save that names
    an older one is refused. `with_secretary`: the clerk has handed the draft to the secretary.
    """

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="application")
    content = models.JSONField("内容", default=dict)
    with_secretary = models.BooleanField("待书记审定", default=False)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField("保存时间", default=days.now)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="保存人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "申报书"

    def __str__(self) -> str:
        return f"{self.project}申报书"


class ApplicationVersion(models.Model):
    """What the secretary sent, word for word; never changed. The first is number 1."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField("第几稿")
    content = models.JSONField("内容")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="报送人"
    )
    submitted_at = models.DateTimeField("报送时间", default=days.now)

    class Meta:
        verbose_name = verbose_name_plural = "申报稿"
        ordering = ["project", "number"]
        constraints = [models.UniqueConstraint(name="application_version_once", fields=["project", "number"])]

    def __str__(self) -> str:
        return f"{self.project}第 {self.number} 稿"


class Attachment(models.Model):
    """A document of a project: the record of the collective study (集体研究记录), or evidence of the closing."""

    class Purpose(models.TextChoices):
        STUDY_RECORD = "study_record", "集体研究记录"
        CLOSING_EVIDENCE = "closing_evidence", "结项佐证"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="attachments")
    purpose = models.CharField("用途", max_length=20, choices=Purpose)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="project_attachment")

    class Meta:
        verbose_name = verbose_name_plural = "项目附件"
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.file)


class TeamMember(models.Model):
    """A member of the project's team (项目组): a name, what the person is and does; no personal data."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="team")
    name = models.CharField("姓名", max_length=50)
    post = models.CharField("单位及职务", max_length=80, blank=True)
    duty = models.CharField("分工", max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "项目组成员"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class ExpectedFigure(models.Model):
    """A promised result (预期成效) with its unit, and what was reached of it, which the closing fills in."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="expected_figures")
    name = models.CharField("指标", max_length=80)
    value = models.DecimalField("预期", max_digits=14, decimal_places=2)
    qualifier = models.CharField("约数", max_length=1, choices=Qualifier, blank=True, default="")
    unit = models.CharField("单位", max_length=10)
    reached = models.DecimalField("完成", max_digits=14, decimal_places=2, null=True)
    reached_qualifier = models.CharField("完成约数", max_length=1, choices=Qualifier, blank=True, default="")
    evidence = models.CharField("佐证说明", max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "预期成效指标"
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="expected_figure_not_negative",
                condition=Q(value__gte=0) & (Q(reached=None) | Q(reached__gte=0)),
                violation_error_message="指标不能是负数。",
            ),
            models.CheckConstraint(
                name="expected_figure_qualifiers_known",
                condition=Q(qualifier__in=["", "余", "多", "近"], reached_qualifier__in=["", "余", "多", "近"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.text}"

    @property
    def text(self) -> str:
        return figure_words(self.value, self.unit, self.qualifier, False)

    @property
    def reached_text(self) -> str:
        if self.reached is None:
            return ""
        return figure_words(self.reached, self.unit, self.reached_qualifier, False)

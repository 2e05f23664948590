"""API of a project's course: plan changes, closing, suspension and its like, the lead secretary, publication."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import cells, publication
from common.api import actor_of
from common.models import Publication
from projects import closing, leads, plan_changes
from projects import course_serializers as shapes
from projects.closing_forms import figure_input
from projects.models import Attachment, Closing, Milestone, PlanChange, Project
from projects.plans import ItemInput
from projects.serializers import AttachmentSerializer


class PlanChangeList(generics.ListCreateAPIView[PlanChange]):
    """A project's plan changes, latest first; POST asks for another."""

    serializer_class = shapes.PlanChangeSerializer
    queryset = PlanChange.objects.none()
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[PlanChange]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return _changes().filter(project=_project(self.request, self.kwargs["code"]))

    @extend_schema(request=shapes.PlanChangeInputSerializer, responses={201: shapes.PlanChangeSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        project = _project(request, kwargs["code"])
        given = _given(shapes.PlanChangeInputSerializer, request)
        known = project.milestones.in_bulk()
        change = plan_changes.request_change(
            project=project,
            items=[_item(number, row, known) for number, row in enumerate(given["items"])],
            reason=given["reason"],
            new_end=given["new_end"],
            by=actor_of(request),
        )
        return Response(_shown_change(change), status=201)


class PlanChangeDetail(APIView):
    @extend_schema(responses=shapes.PlanChangeSerializer)
    def get(self, request: Request, code: str, pk: int) -> Response:
        return Response(_shown_change(_change(request, code, pk)))


class PlanChangeDecide(APIView):
    @extend_schema(request=shapes.DecisionSerializer, responses=shapes.PlanChangeSerializer)
    def post(self, request: Request, code: str, pk: int) -> Response:
        change, given = _change(request, code, pk), _given(shapes.DecisionSerializer, request)
        return Response(_shown_change(plan_changes.decide_change(change=change, by=actor_of(request), **given)))


class PlanChangeTakeBack(APIView):
    @extend_schema(request=None, responses=shapes.PlanChangeSerializer)
    def post(self, request: Request, code: str, pk: int) -> Response:
        change = _change(request, code, pk)
        return Response(_shown_change(plan_changes.take_back(change=change, by=actor_of(request))))


class ClosingDetail(APIView):
    """A project's closing report; PATCH saves it, and begins it where there is none."""

    @extend_schema(responses=shapes.ClosingSerializer)
    def get(self, request: Request, code: str) -> Response:
        return Response(_shown_closing(_closing(request, code)))

    @extend_schema(request=shapes.ClosingInputSerializer, responses=shapes.ClosingSerializer)
    def patch(self, request: Request, code: str) -> Response:
        project, by = _project(request, code), actor_of(request)
        given = _given(shapes.ClosingInputSerializer, request)
        figures = _figures(project, given.get("figures", []))
        texts = {name: given[name] for name in closing.TEXTS if name in given}
        with transaction.atomic():  # what cannot be saved opens nothing
            found = closing.open_closing(project=project, by=by)
            saved = closing.save_closing(
                closing=found, texts=texts, figures=figures, revision=given.get("revision"), by=by
            )
        return Response(_shown_closing(saved))


class Evidence(APIView):
    """POST a document as evidence of the closing."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"evidence": {"type": "string", "format": "binary"}},
            }
        },
        responses={201: AttachmentSerializer},
    )
    def post(self, request: Request, code: str) -> Response:
        found, file = _closing(request, code), request.FILES.get("evidence")
        if file is None:
            raise exceptions.ValidationError({"evidence": ["请选择一个文件。"]})
        attachment = closing.attach_evidence(closing=found, file=file, by=actor_of(request))
        return Response(AttachmentSerializer(attachment).data, status=201)


class EvidenceDetail(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, code: str, file_id: Any) -> Response:
        rows = _files(_project(request, code)).select_related("project")
        closing.remove_evidence(attachment=get_object_or_404(rows, file=file_id), by=actor_of(request))
        return Response(status=204)


class CloseProject(APIView):
    """POST: the lead secretary asks to close (申请结项)."""

    @extend_schema(request=None, responses=shapes.ClosingSerializer)
    def post(self, request: Request, code: str) -> Response:
        found = closing.submit_closing(closing=_closing(request, code), by=actor_of(request))
        return Response(_shown_closing(found))


class ReturnClosing(APIView):
    @extend_schema(request=shapes.ReturnClosingSerializer, responses=shapes.ClosingSerializer)
    def post(self, request: Request, code: str) -> Response:
        found, given = _closing(request, code), _given(shapes.ReturnClosingSerializer, request)
        returned = closing.return_closing(closing=found, reason=given["verdict"], by=actor_of(request))
        return Response(_shown_closing(returned))


class AcceptClosing(APIView):
    @extend_schema(request=shapes.AcceptClosingSerializer, responses=shapes.ClosingSerializer)
    def post(self, request: Request, code: str) -> Response:
        found, given = _closing(request, code), _given(shapes.AcceptClosingSerializer, request)
        return Response(_shown_closing(closing.accept_closing(closing=found, by=actor_of(request), **given)))


class Course(APIView):
    """POST: suspend, resume, terminate or withdraw."""

    @extend_schema(request=shapes.CourseSerializer, responses=shapes.StateSerializer)
    def post(self, request: Request, code: str) -> Response:
        project, given = _project(request, code), _given(shapes.CourseSerializer, request)
        moved = closing.change_course(project=project, by=actor_of(request), **given)
        return Response(shapes.StateSerializer(moved).data)


class Lead(APIView):
    """GET: who led the project from when. POST: the department names another secretary."""

    @extend_schema(responses=shapes.LeadSerializer)
    def get(self, request: Request, code: str) -> Response:
        return Response(shapes.LeadSerializer(_project(request, code)).data)

    @extend_schema(request=shapes.LeadInputSerializer, responses=shapes.LeadSerializer)
    def post(self, request: Request, code: str) -> Response:
        project, given = _project(request, code), _given(shapes.LeadInputSerializer, request)
        person = leads.successors(project).filter(pk=given["person"]).first()
        if person is None and given["person"] == project.lead_secretary_id:
            person = project.lead_secretary
        if person is None:
            raise exceptions.ValidationError({"person": ["请选择在任的党组织书记。"]})
        changed = leads.change_lead(
            project=project, person=person, since=given["since"], reason=given["reason"], by=actor_of(request)
        )
        return Response(shapes.LeadSerializer(changed).data)


class PublicationDetail(APIView):
    """GET: how far the review of the public wording is. POST: the next step (`do`)."""

    @extend_schema(responses=shapes.PublicationSerializer)
    def get(self, request: Request, code: str) -> Response:
        project = _project(request, code)
        return Response(_shown_publication(get_object_or_404(_publications(project)), project))

    @extend_schema(request=shapes.PublicationInputSerializer, responses=shapes.PublicationSerializer)
    def post(self, request: Request, code: str) -> Response:
        project, given = _project(request, code), _given(shapes.PublicationInputSerializer, request)
        row = publication.take_step(
            obj=project,
            do=given["do"],
            content={"summary": given["summary"]},
            reason=given["reason"],
            by=actor_of(request),
        )
        return Response(_shown_publication(row, project))


def _project(request: Any, code: str) -> Project:
    rows = Project.objects.visible_to(request.user).select_related("season", "lead_organization", "lead_secretary")
    return get_object_or_404(rows, code=code)


def _given(shape: Any, request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    found: dict[str, Any] = given.validated_data
    return found


def _item(number: int, row: dict[str, Any], known: dict[int, Milestone]) -> ItemInput:
    """A row of the asked-for plan: a milestone of the project by its key, or a new one by its title."""
    kept = known.get(row["milestone"]) if row.get("milestone") else None
    if row.get("milestone") and kept is None:
        raise exceptions.ValidationError({f"items.{number}.milestone": ["这个里程碑不属于本项目。"]})
    if kept is None and not row.get("title"):
        raise exceptions.ValidationError({f"items.{number}.title": ["请填写里程碑名称。"]})
    title = kept.title if kept else row["title"]
    return ItemInput(title, int(row["weight"] * 100), row["start"], row["due"], kept)


def _changes() -> QuerySet[PlanChange]:
    rows = PlanChange.objects.select_related("project", "plan", "requested_by__person", "decided_by__person")
    return rows.prefetch_related("plan__items__milestone")


def _change(request: Request, code: str, pk: int) -> PlanChange:
    return get_object_or_404(_changes(), project=_project(request, code), pk=pk)


def _shown_change(change: PlanChange) -> dict[str, Any]:
    return dict(shapes.PlanChangeSerializer(_changes().get(pk=change.pk)).data)


def _figures(project: Project, rows: list[dict[str, Any]]) -> list[closing.FigureInput]:
    known, found = project.expected_figures.in_bulk(), []
    for row in rows:
        figure, key = known.get(row["id"]), f"figure:{row['id']}"
        if figure is None:
            raise exceptions.ValidationError({key: ["没有这项指标。"]})
        try:
            typed = row.get("reached", figure.reached_text)
            found.append(figure_input(figure, typed, row.get("evidence", figure.evidence)))
        except cells.CellProblem as problem:
            raise exceptions.ValidationError({key: [f"{problem.reason}{problem.proposal}"]}) from None
    return found


def _closing(request: Request, code: str) -> Closing:
    return get_object_or_404(Closing, project=_project(request, code))


def _shown_closing(found: Closing) -> dict[str, Any]:
    row = Closing.objects.select_related("project", "accepted_by__person").get(pk=found.pk)
    return dict(shapes.ClosingSerializer(row, context={"files": _files(row.project)}).data)


def _files(project: Project) -> QuerySet[Attachment]:
    return project.attachments.filter(purpose=Attachment.Purpose.CLOSING_EVIDENCE).select_related("file")


def _publications(project: Project) -> QuerySet[Publication]:
    return Publication.objects.filter(object_type=project._meta.label_lower, object_id=str(project.pk))


def _shown_publication(row: Publication, project: Project) -> dict[str, Any]:
    steps = publication.steps_of(project)
    return dict(shapes.PublicationSerializer(row, context={"steps": steps}).data)


urlpatterns = [
    path("projects/<slug:code>/plan-changes/", PlanChangeList.as_view(), name="plan_changes"),
    path("projects/<slug:code>/plan-changes/<int:pk>/", PlanChangeDetail.as_view(), name="plan_change"),
    path("projects/<slug:code>/plan-changes/<int:pk>/decide/", PlanChangeDecide.as_view(), name="plan_change_decide"),
    path(
        "projects/<slug:code>/plan-changes/<int:pk>/take-back/",
        PlanChangeTakeBack.as_view(),
        name="plan_change_take_back",
    ),
    path("projects/<slug:code>/closing/", ClosingDetail.as_view(), name="closing"),
    path("projects/<slug:code>/closing/evidence/", Evidence.as_view(), name="closing_evidence"),
    path("projects/<slug:code>/closing/evidence/<uuid:file_id>/", EvidenceDetail.as_view(), name="closing_file"),
    path("projects/<slug:code>/close/", CloseProject.as_view(), name="close_project"),
    path("projects/<slug:code>/closing/return/", ReturnClosing.as_view(), name="closing_return"),
    path("projects/<slug:code>/closing/accept/", AcceptClosing.as_view(), name="closing_accept"),
    path("projects/<slug:code>/course/", Course.as_view(), name="course"),
    path("projects/<slug:code>/lead/", Lead.as_view(), name="lead"),
    path("projects/<slug:code>/publication/", PublicationDetail.as_view(), name="publication"),
]

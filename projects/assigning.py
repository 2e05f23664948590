"""Assigning reviewers (指派评审人): at least three a project, evenly, never to one's own line of organizations.

Recused (回避): whoever holds a post today in the lead organization, or above or below it in the tree, leads the
project, bears the name of a member of its team, or works for the department and so sees what the others scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from organizations import people
from organizations.models import Appointment, Person
from projects import actions, rules
from projects.models import Project, Review, Screening, Season


def recusals(project: Project, persons: Iterable[Person]) -> dict[int, str]:
    """Why each of these persons must not review the project, by the person's key; the free ones are left out.

    Three queries, however many persons.
    """
    persons = list(persons)
    path = project.lead_organization.path
    posts = Appointment.objects.in_force().filter(person__in=persons).select_related("organization").order_by("id")
    team = set(project.team.values_list("name", flat=True))
    officers = set(people.officers().filter(person__in=persons).values_list("person", flat=True))
    found: dict[int, str] = {}
    for post in posts:
        place = post.organization
        if place.path == path:
            found[post.person_id] = f"在牵头党组织任{post.get_post_display()}"
        elif path.startswith(place.path):
            found.setdefault(post.person_id, f"在上级党组织“{place.label}”任职")
        elif place.path.startswith(path):
            found.setdefault(post.person_id, f"在下级党组织“{place.label}”任职")
    for person in persons:
        if person.pk == project.lead_secretary_id:
            found[person.pk] = "是本项目的领题书记"
        elif person.name in team:
            found.setdefault(person.pk, "与项目组成员同名")
        elif person.pk in officers:
            found.setdefault(person.pk, "是组织部工作人员，能看到他人评分")
    return found


@transaction.atomic
def assign(*, screenings: Sequence[Screening], by: Actor) -> list[Review]:
    """Give each round the season's number of reviewers, those with the fewest first.

    Rounds with the fewest free reviewers choose first. Raises ActionError naming the project for which the pool
    (评审人库) is too small, Forbidden for anybody but the department.
    """
    if by.user is None or not all(rules.can_manage_project(by.user, s.project) for s in screenings):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    made: list[Review] = []
    for season in {s.project.season_id: s.project.season for s in screenings}.values():
        Season.objects.select_for_update().get(pk=season.pk)  # two assignments at once would not be even
        made += _assign_in(season, [s for s in screenings if s.project.season_id == season.pk], by)
    return made


@transaction.atomic
def replace_reviewer(*, review: Review, person: Person, by: Actor) -> Review:
    """Another reviewer for one who cannot; only before the scores are sent. Raises ActionError under `person`.

    What the first one had drafted goes with the assignment.
    """
    # Everything that moves a project or its reviewers takes the project's lock first.
    Project.objects.select_for_update().get(pk=review.screening.project_id)
    rows = Review.objects.select_for_update(of=("self",)).select_related("screening__project__season", "reviewer")
    found = rows.filter(pk=review.pk).first()
    if found is None:
        raise Conflict("刚刚有人更换了这位评审人，请刷新后再看。", code="moved_meanwhile")
    screening = found.screening
    project = screening.project
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if found.sent_at is not None or screening.decision:
        raise Conflict("评分已经提交，不能更换评审人。", code="review_sent")
    if message := why_not_reviewer(screening, person):
        raise ActionError(message, fields={"person": [message]})
    before = found.reviewer
    found.delete()
    made = _appoint(screening, person, by)
    audit.record(
        by=by,
        action="projects.review.reassigned",
        obj=project,
        before={"reviewer": before.name},
        after={"reviewer": person.name},
    )
    notices.send(
        kind="review_reassigned",
        obj=made,
        period="",
        recipients=people.accounts_of([before.pk]),
        title=f"不再需要您评审：{project}",
        url=reverse("projects:reviews"),
    )
    return made


def pool(season: Season) -> QuerySet[Person]:
    """The season's reviewers (评审人库) in their order; whoever has no account in use can't score.

    Each carries `load`: how many reviews of the season the person has, sent or not.
    """
    mine = Count("reviews", filter=Q(reviews__screening__project__season=season))
    rows = Person.objects.filter(reviewer_in__season=season, user__is_active=True)
    return rows.annotate(load=mine).order_by("reviewer_in__id")


def why_not_reviewer(screening: Screening, person: Person) -> str:
    """Why the person cannot review this round; empty if nothing stands against it."""
    project = screening.project
    if not person.reviewer_in.filter(season=project.season_id).exists():
        return f"{person}不在本年度评审人库。"
    if not people.accounts_of([person.pk]).exists():
        return f"{person}没有启用的账号，不能评分。"
    if screening.reviews.filter(reviewer=person).exists():
        return f"{person}已是这个项目的评审人。"
    reason = recusals(project, [person]).get(person.pk, "")
    return f"{person}应当回避：{reason}。" if reason else ""


def _assign_in(season: Season, screenings: Sequence[Screening], by: Actor) -> list[Review]:
    persons: list[Any] = list(pool(season))
    load = {person.pk: person.load for person in persons}
    turn = {person.pk: number for number, person in enumerate(persons)}
    free, has = {}, {}
    for screening in screenings:
        assigned = set(screening.reviews.values_list("reviewer", flat=True))
        out = recusals(screening.project, persons).keys() | assigned
        free[screening.pk] = [person for person in persons if person.pk not in out]
        has[screening.pk] = len(assigned)
    made = []
    for screening in sorted(screenings, key=lambda s: (len(free[s.pk]), s.pk)):
        missing = max(0, season.reviewers_needed - has[screening.pk])
        if len(free[screening.pk]) < missing:
            raise ActionError(
                f"“{screening.project}”需要 {season.reviewers_needed} 名评审人，回避后评审人库里只有"
                f" {len(free[screening.pk])} 人可用，请先补充评审人。",
                code="too_few_reviewers",
            )
        chosen = sorted(free[screening.pk], key=lambda person: (load[person.pk], turn[person.pk]))
        for person in chosen[:missing]:
            load[person.pk] += 1
            made.append(_appoint(screening, person, by))
    return made


def _appoint(screening: Screening, person: Person, by: Actor) -> Review:
    review = Review.objects.create(screening=screening, reviewer=person, assigned_at=days.now())
    audit.record(by=by, action="projects.review.assigned", obj=screening.project, after={"reviewer": person.name})
    notices.send(
        kind="review_assigned",
        obj=review,
        period="",
        recipients=people.accounts_of([person.pk]),
        title=f"请评审：{screening.project}",
        url=reverse("projects:review", args=[review.pk]),
    )
    return review

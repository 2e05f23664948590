"""Season set-up (年度设置): copying last year's rules, changing them, the call for applications (申报通知)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from common.working_days import MissingCalendar, is_working_day, next_working_day
from organizations.models import Appointment, Person, User
from projects import library, rules
from projects.models import Announcement, Criterion, Review, ReviewScore, Season, SeasonReviewer, Track, TrackKind
from projects.plans import percent_words
from projects.season_checks import admitted, day_words, missing
from projects.season_rows import TRACK_COLUMNS, CriterionInput, TrackInput, wrong_criteria, wrong_track

RULES = (
    *("name", "starts_on", "ends_on", "apply_from", "apply_until", "one_project_per_organization"),
    *("report_due_day", "yellow_from", "red_above", "returned_grace_days", "step_on_due", "overdue_red_days"),
    *("liaison_interval_days", "liaison_green_readings", "reviewers_needed", "outlier_from"),
    *("archive_number_format", "extension_months"),
)
# What a copy does not take over: the season's own name, days and announcement.
OWN = ("name", "starts_on", "ends_on", "apply_from", "apply_until")
# 前瞻、创新、实效 are the district's; their weights are a proposal that the department changes.
CRITERIA = (("前瞻", 3000), ("创新", 3000), ("实效", 4000))
POSTS = (Appointment.Post.SECRETARY, Appointment.Post.CLERK)
TEXTS = ("title", "number", "addressee", "body")
RESERVED = ("new",)  # an address of its own
# Beside which field a broken constraint is told.
FIELDS = {
    "season_starts_before_it_ends": "ends_on",
    "season_report_due_day_1_to_28": "report_due_day",
    "season_yellow_below_red": "red_above",
    "season_overdue_red_after_a_day": "overdue_red_days",
    "season_liaison_positive": "liaison_interval_days",
    "season_application_window_whole": "apply_until",
    "season_at_least_three_reviewers": "reviewers_needed",
    "season_extension_at_least_a_month": "extension_months",
}


@transaction.atomic
def copy_season(*, source: Season | None, code: str, name: str, starts_on: date, ends_on: date, by: Actor) -> Season:
    """A new season with the rules, tracks, criteria and reviewers of `source`; seasons may overlap.

    Who has no account any more is not taken over. Raises Forbidden, or ActionError by field.
    """
    _refuse_others(by)
    values = {field: getattr(source, field) for field in RULES if field not in OWN} if source else {}
    season = Season(code=code, name=clean_text(name), starts_on=starts_on, ends_on=ends_on, **values)
    _check_season(season)
    season.save()
    if source is None:
        _write_criteria(season, [CriterionInput(word, weight) for word, weight in CRITERIA])
    else:
        _copy_rows(source, season)
    audit.record(
        by=by, action="projects.season.created", obj=season, after={"copied_from": source.code if source else ""}
    )
    return season


@transaction.atomic
def save_rules(*, season: Season, values: Mapping[str, Any], by: Actor) -> Season:
    """Change the rules named in `values`; weights and thresholds are integers of 0.01 point.

    A deadline must be a working day. Raises Forbidden, MissingCalendar's message under `apply_until`, or
    ActionError by field.
    """
    _refuse_others(by)
    season = Season.objects.select_for_update().get(pk=season.pk)
    before = {name: _plain(getattr(season, name)) for name in RULES if name in values}
    for name in RULES:
        if name in values:
            setattr(season, name, values[name])
    _check_season(season)
    _check_deadline(season, "apply_until" in values and before.get("apply_until") != _plain(season.apply_until))
    season.save()
    after = {name: _plain(getattr(season, name)) for name in before}
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        audit.record(
            by=by,
            action="projects.season.rules_changed",
            obj=season,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return season


@transaction.atomic
def set_criteria(*, season: Season, rows: Sequence[CriterionInput], by: Actor) -> Season:
    """The season's criteria, whole, in this order; known by their name, so that drafts of scores keep what stays.

    Raises ActionError under `criteria` or `criteria.<row>.<column>`, Conflict once a review was sent.
    """
    _refuse_others(by)
    season = Season.objects.select_for_update().get(pk=season.pk)
    # Whoever sends a review meanwhile waits, and is then scored by the new criteria.
    reviews = Review.objects.select_for_update(of=("self",)).filter(screening__project__season=season)
    if any(review.sent_at for review in reviews):
        raise Conflict("已有评审人提交评分，评审标准不能再改。", code="scored")
    if errors := wrong_criteria(rows):
        raise ActionError("评审标准有误，请按提示修改。", code="criteria", fields=errors)
    before = _criteria_words(season)
    gone = season.criteria.exclude(name__in=[row.name for row in rows])
    ReviewScore.objects.filter(criterion__in=gone).delete()
    gone.delete()
    _write_criteria(season, rows)
    _record(season, "criteria_set", {"criteria": before}, {"criteria": _criteria_words(season)}, by)
    return season


@transaction.atomic
def set_tracks(*, season: Season, rows: Sequence[TrackInput], by: Actor) -> Season:
    """The season's tracks, whole, in this order; known by their code.

    One with projects stays, and its archive code with its first number. Raises ActionError under
    `tracks.<row>.<column>`, Conflict.
    """
    _refuse_others(by)
    season = Season.objects.select_for_update().get(pk=season.pk)
    wrong = [(turn, wrong_track(row, rows[:turn])) for turn, row in enumerate(rows)]
    errors = {f"tracks.{turn}.{column}": texts for turn, found in wrong for column, texts in found.items()}
    if errors:
        raise ActionError("赛道有误，请按提示修改。", fields=errors)
    before = _track_words(season)
    turns = {row.code: turn for turn, row in enumerate(rows)}
    for track in season.tracks.select_for_update():  # no archive number is given meanwhile
        if track.code not in turns:
            _remove_track(track)
        elif track.last_number and rows[turns[track.code]].archive_code != track.archive_code:
            message = f"“{track.name}”已编过档号，档号代号不能再改。"
            field = f"tracks.{turns[track.code]}.archive_code"
            raise Conflict(message, code="track_numbered", fields={field: [message]})
    Track.objects.filter(season=season).update(archive_code="")  # two may swap theirs
    for position, row in enumerate(rows, start=1):
        _write_track(season, row, position)
    _record(season, "tracks_set", {"tracks": before}, {"tracks": _track_words(season)}, by)
    return season


@transaction.atomic
def set_reviewers(*, season: Season, persons: Iterable[Person], by: Actor) -> Season:
    """The season's pool of reviewers (评审人库), whole.

    Raises Conflict for one who has reviews already, ActionError under `persons` for a new one without an account.
    """
    _refuse_others(by)
    season = Season.objects.select_for_update().get(pk=season.pk)
    wanted = {person.pk: person for person in persons}
    before = {row.person_id: row.person.name for row in season.reviewers.select_related("person")}
    busy = Review.objects.filter(screening__project__season=season).exclude(reviewer__in=wanted)
    if name := busy.values_list("reviewer__name", flat=True).first():
        raise Conflict(f"{name}已被指派评审，不能移出评审人库。", code="reviewer_busy")
    new = [person for key, person in wanted.items() if key not in before]
    able = set(User.objects.filter(is_active=True, person__in=new).values_list("person", flat=True))
    if unable := [person.name for person in new if person.pk not in able]:
        message = f"{'、'.join(unable)}没有可用的账号，不能评审。"
        raise ActionError(message, fields={"persons": [message]})
    season.reviewers.exclude(person__in=wanted).delete()
    SeasonReviewer.objects.bulk_create(SeasonReviewer(season=season, person=person) for person in new)
    after = sorted(person.name for person in wanted.values())
    _record(season, "reviewers_set", {"reviewers": sorted(before.values())}, {"reviewers": after}, by)
    return season


@transaction.atomic
def write_announcement(*, season: Season, values: Mapping[str, str], by: Actor) -> Announcement:
    """Write the call for applications; what `values` lacks is the text made from the season's rules.

    Raises Conflict once it was issued, ActionError by field.
    """
    _refuse_others(by)
    season = Season.objects.select_for_update().get(pk=season.pk)
    row = Announcement.objects.filter(season=season).first() or Announcement(season=season)
    if row.issued_on is not None:
        raise Conflict("申报通知已经印发，不能再改。", code="issued")
    before = {name: getattr(row, name) for name in TEXTS}
    after = {**announcement_text(season), **{name: clean_text(values[name]) for name in TEXTS if name in values}}
    for name in TEXTS:
        setattr(row, name, after[name])
    if errors := _wrong(row):
        raise ActionError("申报通知有误，请按提示修改。", fields=errors)
    row.save()
    _record(season, "announcement_written", before, after, by)
    return row


@transaction.atomic
def issue_announcement(*, season: Season, by: Actor) -> Announcement:
    """Issue the call: everybody logged in can read it, the admitted organizations are told.

    Raises ActionError listing what the season still lacks.
    """
    _refuse_others(by)
    row = Announcement.objects.select_for_update().filter(season=season).first()
    if row is None:
        raise ActionError("还没有写申报通知。", code="no_announcement")
    if row.issued_on is not None:
        return row
    if lacking := missing(season):
        raise ActionError("还不能印发：" + "；".join(lacking) + "。", code="incomplete")
    row.issued_on = days.today()
    row.save(update_fields=["issued_on"])
    audit.record(by=by, action="projects.season.announcement_issued", obj=season)
    notices.send(
        kind="season_announced",
        obj=row,
        period="",
        recipients=_applicants(season),
        title=row.title,
        body=f"申报时间 {season.apply_from} 至 {season.apply_until}。",
        url=reverse("projects:announcement", args=[season.code]),
    )
    return row


def announcement_text(season: Season) -> dict[str, str]:
    """The call as the season's rules say it; the department changes it before it is issued."""
    year = f"{season.starts_on.year}" if season.starts_on.year == season.ends_on.year else season.name
    tracks = "；".join(f"{track.name}（{track.method}，评选{track.award_title}）" for track in season.tracks.all())
    criteria = "、".join(f"{c.name}（{percent_words(c.weight)}%）" for c in season.criteria.all())
    limit = "每个党组织限报 1 个项目。" if season.one_project_per_organization else ""
    window = f"{day_words(season.apply_from)}至{day_words(season.apply_until)}" if season.apply_from else "另行通知"
    body = (
        f"为深入实施“一轴多驱”党建工程，现就{season.name}书记项目申报有关事项通知如下。\n"
        f"一、申报范围\n{tracks or '另行通知'}。{limit}\n"
        f"二、申报时间\n{window}，截止当日 24 时系统锁定。\n"
        "三、申报内容\n项目名称、背景与难题、目标、措施、预期成效（写明数量和单位）、项目组、领题书记、起止时间、"
        "里程碑与权重（合计 100），并上传集体研究记录。往年项目延续的，从往年材料带入，同类材料不重复报。\n"
        f"四、评审立项\n组织部预审后，由不少于 {season.reviewers_needed} 名评审人按{criteria or '评审标准'}评分，"
        "研究后确定通过、修改完善或退回重拟。立项项目建库立档，计划冻结后执行。\n"
        f"五、有关要求\n由党务干事起草、书记审定报送。立项后每月 {season.report_due_day} 日前"
        "报送上月进展。不得上传涉密信息。"
    )
    title = f"关于申报{year}年度书记项目的通知" if year.isdecimal() else f"关于申报{year}书记项目的通知"
    return {"title": title, "number": "", "addressee": "各党（工）委，各有关党组织：", "body": body}


def _refuse_others(by: Actor) -> None:
    if by.user is not None and not rules.can_manage_seasons(by.user):
        raise Forbidden("年度由区委组织部设置。")


def _wrong(row: Any, **options: bool) -> dict[str, list[str]]:
    """What the model's own limits say of the row, by field."""
    try:
        row.full_clean(**options)
    except ValidationError as error:
        return {name: list(texts) for name, texts in error.message_dict.items()}
    return {}


def _check_season(season: Season) -> None:
    """The model's limits and constraints, the application window and the archive number, by field."""
    errors = _wrong(season, validate_constraints=False)
    for constraint in Season._meta.constraints:
        try:
            constraint.validate(Season, season, exclude=set(errors))
        except ValidationError as error:
            errors.setdefault(FIELDS.get(constraint.name, "season"), []).extend(error.messages)
    if season.apply_until and season.apply_from is None:
        errors["apply_from"] = errors.pop("apply_until")  # beside the one that is missing
    elif season.apply_until and season.apply_until > season.ends_on:
        errors.setdefault("apply_until", []).append("申报截止不能晚于年度结束。")
    if season.code in RESERVED:
        errors["code"] = ["这个代码另有用处，请换一个。"]
    try:
        library.number_words(season.archive_number_format, year=season.starts_on.year, track="SQ", number=1)
    except ActionError as error:
        errors |= error.fields
    if errors:
        raise ActionError("年度设置有误，请按提示修改。", fields=errors)


def _check_deadline(season: Season, changed: bool) -> None:
    if not changed or season.apply_until is None:
        return
    try:
        if not is_working_day(season.apply_until):
            day = next_working_day(season.apply_until)
            message = f"{season.apply_until} 是休息日，截止日应为工作日，可以改为 {day}。"
            raise ActionError(message, code="rest_day", fields={"apply_until": [message]})
    except MissingCalendar as error:
        raise ActionError(error.message, code=error.code, fields={"apply_until": [error.message]}) from error


def _copy_rows(source: Season, season: Season) -> None:
    _write_criteria(season, [CriterionInput(c.name, c.weight, c.hint) for c in source.criteria.all()])
    for track in source.tracks.prefetch_related("kinds"):
        values = {column: getattr(track, column) for column in TRACK_COLUMNS}
        kinds = [(kind.kind, kind.sector) for kind in track.kinds.all()]
        _write_track(season, TrackInput(**values, kinds=kinds), track.position)
    able = source.reviewers.filter(person__user__is_active=True).order_by("pk").values_list("person", flat=True)
    SeasonReviewer.objects.bulk_create(SeasonReviewer(season=season, person_id=person) for person in able)


def _write_criteria(season: Season, rows: Sequence[CriterionInput]) -> None:
    for position, row in enumerate(rows, start=1):
        values = {"weight": row.weight, "hint": row.hint, "position": position}
        Criterion.objects.update_or_create(season=season, name=row.name, defaults=values)
    season.criteria_total = sum(row.weight for row in rows)
    season.save(update_fields=["criteria_total"])


def _write_track(season: Season, row: TrackInput, position: int) -> None:
    values = {column: getattr(row, column) for column in TRACK_COLUMNS if column != "code"}
    track, _ = Track.objects.update_or_create(season=season, code=row.code, defaults=values | {"position": position})
    track.kinds.all().delete()
    TrackKind.objects.bulk_create(TrackKind(track=track, kind=k, sector=s) for k, s in sorted(set(row.kinds)))


def _remove_track(track: Track) -> None:
    try:
        track.delete()
    except ProtectedError:
        raise Conflict(f"“{track.name}”已有项目，不能去掉，代码也不能改。", code="track_used") from None


def _criteria_words(season: Season) -> list[str]:
    return [f"{c.name} {percent_words(c.weight)} {c.hint}".strip() for c in season.criteria.all()]


def _track_words(season: Season) -> list[str]:
    return [
        f"{t.code} {t.name} {t.award_title} {t.method} {t.archive_code}（{'、'.join(map(str, t.kinds.all()))}）"
        for t in season.tracks.prefetch_related("kinds")
    ]


def _record(season: Season, what: str, before: dict[str, Any], after: dict[str, Any], by: Actor) -> None:
    """One audit entry; none if the same was saved again."""
    if before != after:
        audit.record(by=by, action=f"projects.season.{what}", obj=season, before=before, after=after)


def _applicants(season: Season) -> list[User]:
    """Secretaries and clerks in office of every organization that a track admits."""
    posts = Appointment.objects.filter(organization__in=admitted(season), post__in=POSTS).in_force()
    return list(User.objects.filter(is_active=True, person__in=posts.values("person")).order_by("pk"))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value

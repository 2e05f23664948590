"""What every page knows: its navigation, who is logged in as what, how much is unread.

All of it is lazy: a page that shows none of it asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from common import notices
from evaluation.appraisal import rules
from organizations.access import access_of
from organizations.rules import role_label
from projects.models import ProgressReport, Review


@dataclass(frozen=True, slots=True)
class NavItem:
    """A link of a navigation; `main` ones stand in the bar at the foot of a phone."""

    label: str
    url: str
    icon: str
    active: bool = False
    count: int = 0
    main: bool = False


def desk(request: HttpRequest) -> dict[str, Any]:
    """What templates/components/README.md lists: navigation, roles, unread notices, the sample notice."""
    context: dict[str, Any] = {
        "sample_notice": settings.SAMPLE_NOTICE,
        "home_url": _address("public:home", "/"),
        "desk_url": _address("workspace:desk", "/desk/"),
        "site_nav": SimpleLazyObject(partial(_site_nav, request)),
        "unread_notices": 0,
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        unread = cache(partial(notices.unread_count, user))
        context["unread_notices"] = SimpleLazyObject(unread)
        context["desk_nav"] = SimpleLazyObject(partial(_desk_nav, request, unread))
        context["desk_roles"] = SimpleLazyObject(partial(role_label, user))
    return context


def _site_nav(request: HttpRequest) -> list[NavItem]:
    pages = [
        ("首页", "public:home", "/", "home"),
        ("品牌", "public:brands", "/brands/", "medal"),
        ("书记项目", "catalogue:projects", "/projects/", "books"),
        ("评选公告", "appraisal:public_votes", "/appraisals/", "speakerphone"),
        ("获奖榜", "appraisal:public_awards", "/awards/", "trophy"),
    ]
    return [
        NavItem(label, url, icon, _is_active(request, url))
        for label, name, path, icon in pages
        if (url := _address(name, path))
    ]


def _desk_nav(request: HttpRequest, unread: Callable[[], int]) -> list[NavItem]:
    access = access_of(request.user)
    pages: list[tuple[str, str, str, str, int, bool]] = [
        ("我的工作台", "workspace:desk", "/desk/", "layout-dashboard", 0, True)
    ]
    if access.is_officer:
        pages.append(
            (
                "待办收件箱",
                "projects:inbox",
                "/desk/inbox/",
                "inbox",
                ProgressReport.objects.waiting_for_department().count(),
                True,
            )
        )
    if access.reads_projects:
        pages += [
            ("年度看板", "workspace:board", "/desk/board/", "calendar-stats", 0, True),
            ("滞后项目", "tracking:behind", "/desk/behind/", "alert-triangle", 0, True),
        ]
    if access.secretary_of or access.clerk_of:
        pages.append(("申报", "projects:apply", "/desk/apply/", "pencil", 0, False))
    elif not access.reads_projects and Review.objects.of_reviewer(request.user).exists():
        pages.append(("评审", "projects:reviews", "/desk/reviews/", "clipboard-check", 0, True))
    if rules.sees_campaigns(access):
        pages.append(("年度评选", "appraisal:campaigns", "/desk/votes/", "checkbox", 0, not access.reads_projects))
    if access.is_officer:
        pages += [
            ("立项筛选", "projects:screenings", "/desk/screening/", "clipboard-check", 0, False),
            ("年度设置", "projects:seasons", "/desk/seasons/", "settings", 0, False),
            ("导入", "common:imports", "/desk/imports/", "upload", 0, False),
        ]
    if access.reads_projects:
        pages.append(("导出", "common:exports", "/desk/exports/", "download", 0, False))
    pages += [
        ("通知", "common:notices", "/desk/notices/", "bell", unread(), True),
        ("书记项目", "catalogue:projects", "/projects/", "books", 0, False),
    ]
    return [
        NavItem(label, url, icon, _is_active(request, url), count, main)
        for label, name, path, icon, count, main in pages
        if (url := _address(name, path))
    ]


def _address(name: str, path: str) -> str:
    """The page's address; its set path while its name is unknown."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return path


def _is_active(request: HttpRequest, url: str) -> bool:
    exact = url in ("/", "/desk/")
    return request.path == url if exact else request.path.startswith(url)

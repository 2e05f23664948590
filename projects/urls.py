"""Addresses of applications, projects and reports."""

from django.urls import path

from projects import application_views, archive_views, closing_views, course_views, screening_views, season_views, views

app_name = "projects"
urlpatterns = [
    path("desk/apply/", application_views.apply, name="apply"),
    path("desk/projects/<slug:code>/application/", application_views.application, name="application"),
    path("desk/projects/<slug:code>/application/save/", application_views.save, name="save_application"),
    path("desk/projects/<slug:code>/plan-changes/new/", course_views.plan_change_new, name="plan_change_new"),
    path("desk/projects/<slug:code>/plan-changes/<int:pk>/", course_views.plan_change, name="plan_change"),
    path("desk/projects/<slug:code>/course/", course_views.course, name="course"),
    path("desk/projects/<slug:code>/lead/", course_views.lead, name="lead"),
    path("desk/projects/<slug:code>/publication/", course_views.publish, name="publication"),
    path("desk/projects/<slug:code>/closing/", closing_views.closing, name="closing"),
    path("desk/projects/<slug:code>/closing/save/", closing_views.save, name="save_closing"),
    path("desk/projects/<slug:code>/closing/decide/", closing_views.decide, name="decide_closing"),
    path("desk/projects/<slug:code>/archive/", archive_views.archive, name="archive"),
    path("desk/projects/<slug:code>/package/", archive_views.package, name="package"),
    path("desk/screening/", screening_views.screenings, name="screenings"),
    path("desk/projects/<slug:code>/screening/", screening_views.judge, name="screening"),
    path("desk/projects/<slug:code>/versions/", screening_views.versions, name="versions"),
    path("desk/reviews/", screening_views.reviews, name="reviews"),
    path("desk/reviews/<uuid:review_id>/", screening_views.review, name="review"),
    path("desk/reviews/<uuid:review_id>/replace/", screening_views.replace_reviewer, name="replace_reviewer"),
    path("desk/seasons/", season_views.seasons_list, name="seasons"),
    path("desk/seasons/new/", season_views.season_new, name="season_new"),
    path("desk/seasons/<slug:code>/", season_views.season, name="season"),
    path("desk/seasons/<slug:code>/rules/", season_views.season_rules, name="season_rules"),
    path("desk/seasons/<slug:code>/tracks/", season_views.season_tracks, name="season_tracks"),
    path("desk/seasons/<slug:code>/criteria/", season_views.season_criteria, name="season_criteria"),
    path("desk/seasons/<slug:code>/reviewers/", season_views.season_reviewers, name="season_reviewers"),
    path("desk/seasons/<slug:code>/announcement/", season_views.season_announcement, name="season_announcement"),
    path("desk/seasons/<slug:code>/announcement/view/", season_views.announcement, name="announcement"),
    path("desk/seasons/<slug:code>/reopen/", season_views.reopen, name="season_reopen"),
    path("desk/inbox/", views.inbox, name="inbox"),
    path("desk/projects/<slug:code>/reports/<str:month>/", views.report, name="report"),
    path("desk/projects/<slug:code>/contact/", views.contact, name="contact"),
    path("desk/reports/<uuid:report_id>/save/", views.save, name="save"),
    path("desk/reports/<uuid:report_id>/decide/", views.decide, name="decide"),
]

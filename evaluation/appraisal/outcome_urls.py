"""Addresses of a vote's outcome: notice, objections, awards and certificates, archive."""

from django.urls import path

from evaluation.appraisal import outcome_public as public
from evaluation.appraisal import outcome_views as views

DESK = "desk/votes/<slug:code>"

urlpatterns = [
    path(f"{DESK}/notice/", views.notice, name="notice"),
    path(f"{DESK}/notice/publication/", views.notice_publication, name="notice_publication"),
    path(f"{DESK}/notice/finalize/", views.notice_finalize, name="notice_finalize"),
    path(f"{DESK}/notice/conclude/", views.notice_conclude, name="notice_conclude"),
    path(f"{DESK}/notice/items/<int:item_id>/", views.item_naming, name="item_naming"),
    path(f"{DESK}/objections/new/", views.objection_new, name="objection_new"),
    path(f"{DESK}/objections/<int:objection_id>/", views.objection, name="objection"),
    path(f"{DESK}/awards/", views.awards_page, name="awards"),
    path(f"{DESK}/awards/template/", views.certificate_template, name="certificate_template"),
    path(f"{DESK}/awards/template/preview/", views.certificate_preview, name="certificate_preview"),
    path(f"{DESK}/awards/tiers/<int:proposal_id>/", views.tier, name="tier"),
    path(f"{DESK}/awards/<slug:candidate>/certificate/", views.certificate, name="certificate"),
    path(f"{DESK}/archive/", views.campaign_archive, name="campaign_archive"),
    path(f"{DESK}/package/", views.campaign_package, name="campaign_package"),
    path("notices/objections/", public.objection_status, name="objection_status"),
    path("notices/<slug:code>/", public.notice, name="public_notice"),
    path("awards/", public.public_awards, name="public_awards"),
    path("verify/", public.verify, name="verify"),
    path("verify/<str:code>/", public.verify, name="verify"),
]

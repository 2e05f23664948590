"""Addresses of a vote's set-up on the workbench."""

from django.urls import path

from evaluation.appraisal import dossier_views
from evaluation.appraisal import setup_candidate_views as candidates
from evaluation.appraisal import setup_lock_views as lock
from evaluation.appraisal import setup_rule_views as rule_pages
from evaluation.appraisal import setup_views as views

urlpatterns = [
    path("desk/votes/", views.campaigns, name="campaigns"),
    path("desk/votes/new/", views.campaign_new, name="campaign_new"),
    path("desk/votes/<slug:code>/", views.campaign, name="campaign"),
    path("desk/votes/<slug:code>/open/", views.campaign_open, name="campaign_open"),
    path("desk/votes/<slug:code>/close/", views.campaign_close, name="campaign_close"),
    path("desk/votes/<slug:code>/void/", views.campaign_void, name="campaign_void"),
    path("desk/votes/<slug:code>/basics/", rule_pages.basics, name="basics"),
    path("desk/votes/<slug:code>/contests/", rule_pages.contests_page, name="contests"),
    path("desk/votes/<slug:code>/categories/", rule_pages.categories_page, name="categories"),
    path("desk/votes/<slug:code>/categories/merge/", rule_pages.categories_merge, name="categories_merge"),
    path("desk/votes/<slug:code>/scrutineers/", rule_pages.scrutineers_page, name="scrutineers"),
    path("desk/votes/<slug:code>/candidates/", candidates.candidates_page, name="candidates"),
    path("desk/votes/<slug:code>/dossiers/", dossier_views.dossiers_page, name="dossiers"),
    path(
        "desk/votes/<slug:code>/candidates/<slug:candidate>/withdraw/",
        candidates.candidate_withdraw,
        name="candidate_withdraw",
    ),
    path("desk/votes/<slug:code>/keys/", lock.keys_page, name="keys"),
    path("desk/votes/<slug:code>/keys/rehearse/", lock.keys_rehearse, name="keys_rehearse"),
    path("desk/votes/<slug:code>/lock/", lock.lock_page, name="lock"),
    path("desk/votes/<slug:code>/lock/manifest.json", lock.manifest_file, name="manifest_file"),
]

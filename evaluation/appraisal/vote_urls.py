"""Addresses of the voting pages and of the page where a tracking number is looked up."""

from django.urls import path

from evaluation.appraisal import dossier_views, vote_check, vote_views

urlpatterns = [
    path("vote/", vote_views.vote, name="vote"),
    path("vote/ballot/<int:number>/", vote_views.ballot, name="vote_ballot"),
    path("vote/review/", vote_views.review, name="vote_review"),
    path("vote/cast/", vote_views.cast, name="vote_cast"),
    path("vote/leave/", vote_views.leave, name="vote_leave"),
    path("vote/threats/", vote_views.threats, name="vote_threats"),
    path(
        "vote/pictures/<slug:candidate>/<uuid:picture_id>/<slug:size>/",
        dossier_views.dossier_picture,
        name="dossier_picture",
    ),
    path("vote/<slug:code>/account/", vote_views.vote_account, name="vote_account"),
    path("appraisals/<slug:code>/check/", vote_check.check, name="check"),
    path("appraisals/<slug:code>/codes.txt", vote_check.codes, name="codes"),
]

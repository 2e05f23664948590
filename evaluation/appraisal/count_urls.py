"""Addresses of the count on the workbench, and of what is public of a vote."""

from django.urls import path

from evaluation.appraisal import count_views as views
from evaluation.appraisal import public_views as public

urlpatterns = [
    path("desk/votes/<slug:code>/count/", views.count, name="count"),
    path("desk/votes/<slug:code>/count/mix/", views.mix, name="count_mix"),
    path("desk/votes/<slug:code>/result/", views.result, name="result"),
    path("desk/votes/<slug:code>/result/sign/", views.sign, name="result_sign"),
    path("desk/votes/<slug:code>/result/confirm/", views.confirm_without, name="result_confirm"),
    path("desk/votes/<slug:code>/result/runoff/", views.runoff, name="result_runoff"),
    path("desk/votes/<slug:code>/result/files/<str:name>", views.scrutineer_file, name="scrutineer_file"),
    path("desk/votes/<slug:code>/announcement/", views.announcement, name="announcement"),
    path("appraisals/", public.public_votes, name="public_votes"),
    path("appraisals/<slug:code>/", public.public_vote, name="public_vote"),
    path("appraisals/<slug:code>/files/<str:name>", public.public_file, name="public_file"),
]

"""Addresses of the common floor."""

from django.urls import path

from common import views

app_name = "common"
urlpatterns = [
    path("desk/notices/", views.notices, name="notices"),
    path("desk/notices/read/", views.read_all, name="read_all"),
    path("desk/notices/<int:notice_id>/", views.open_notice, name="open_notice"),
    path("desk/notices/<int:notice_id>/read/", views.read_one, name="read_one"),
    path("pictures/<uuid:picture_id>/<slug:size>/", views.picture, name="picture"),
    path("desk/jobs/<uuid:job_id>/", views.job, name="job"),
]

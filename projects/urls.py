"""Addresses of reports."""

from django.urls import path

from projects import views

app_name = "projects"
urlpatterns = [
    path("desk/inbox/", views.inbox, name="inbox"),
    path("desk/projects/<slug:code>/reports/<str:month>/", views.report, name="report"),
    path("desk/projects/<slug:code>/contact/", views.contact, name="contact"),
    path("desk/reports/<uuid:report_id>/save/", views.save, name="save"),
    path("desk/reports/<uuid:report_id>/decide/", views.decide, name="decide"),
]

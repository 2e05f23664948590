"""Addresses of tracking."""

from django.urls import path

from evaluation.tracking import views

app_name = "tracking"
urlpatterns = [
    path("desk/behind/", views.behind, name="behind"),
    path("desk/liaison/<uuid:case_id>/", views.case, name="case"),
]

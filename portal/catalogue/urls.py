"""Addresses of the project library (项目库)."""

from django.urls import path

from portal.catalogue import views

app_name = "catalogue"
urlpatterns = [
    path("projects/", views.projects, name="projects"),
    path("projects/<slug:code>/", views.project, name="project"),
]

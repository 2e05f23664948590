"""Addresses of the project pages."""

from django.urls import URLPattern

app_name = "projects"
urlpatterns: list[URLPattern] = []

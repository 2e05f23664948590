"""Addresses of the project library (项目库)."""

from django.urls import URLPattern

app_name = "catalogue"
urlpatterns: list[URLPattern] = []

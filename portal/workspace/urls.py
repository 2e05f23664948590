"""Addresses of “my desk” (我的工作台)."""

from django.urls import URLPattern

app_name = "workspace"
urlpatterns: list[URLPattern] = []

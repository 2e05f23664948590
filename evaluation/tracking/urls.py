"""Addresses of the schedule check and the liaison cases."""

from django.urls import URLPattern

app_name = "tracking"
urlpatterns: list[URLPattern] = []

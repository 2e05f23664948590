"""API of this part of the vote."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []

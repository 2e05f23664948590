"""Addresses of the public site."""

from django.urls import path

from portal.public import views

app_name = "public"
urlpatterns = [
    path("", views.home, name="home"),
    path("brands/", views.brands, name="brands"),
    path("brands/<slug:code>/", views.brand, name="brand"),
]

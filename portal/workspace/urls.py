"""Addresses of “my desk” (我的工作台)."""

from django.urls import path

from portal.workspace import views

app_name = "workspace"
urlpatterns = [
    path("desk/", views.desk, name="desk"),
    path("desk/board/", views.board, name="board"),
    path("desk/projects/<slug:code>/", views.project, name="project"),
]

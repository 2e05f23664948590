"""Every address of the portal, by the floor that owns it."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from portal import health

admin.site.site_header = admin.site.site_title = "红色矩阵系统管理"
handler403 = "common.pages.forbidden"
handler404 = "common.pages.not_found"
handler500 = "common.pages.server_error"

urlpatterns = [
    path("healthz", login_not_required(health.healthz), name="healthz"),
    path("readyz", login_not_required(health.readyz), name="readyz"),
    path("api/v1/", include("portal.api_urls")),
    path("admin/", admin.site.urls),
    path("", include("organizations.urls")),
    path("", include("common.urls")),
    path("", include("projects.urls")),
    path("", include("evaluation.tracking.urls")),
    path("", include("evaluation.appraisal.urls")),
    path("", include("portal.workspace.urls")),
    path("", include("portal.catalogue.urls")),
    path("", include("portal.public.urls")),
]

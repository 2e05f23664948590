"""`/api/v1/`: each app adds its own endpoints."""

from csp.decorators import csp_update
from django.urls import URLPattern, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import brands.api
import common.api_views
import evaluation.appraisal.api
import evaluation.tracking.api
import organizations.api
import projects.api

app_name = "api"


docs = csp_update({"img-src": ["data:"], "style-src": ["'self'", "'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api:schema")
)
own: list[URLPattern] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
urlpatterns = [
    *own,
    path("", include(common.api_views.urlpatterns)),
    path("", include(organizations.api.urlpatterns)),
    path("", include(brands.api.urlpatterns)),
    path("", include(projects.api.urlpatterns)),
    path("", include(evaluation.tracking.api.urlpatterns)),
    path("", include(evaluation.appraisal.api.urlpatterns)),
]

"""Addresses of the common floor."""

from django.urls import path

from common import calendar_views, export_views, file_views, import_views, views

app_name = "common"
urlpatterns = [
    path("desk/notices/", views.notices, name="notices"),
    path("desk/notices/read/", views.read_all, name="read_all"),
    path("desk/notices/<int:notice_id>/", views.open_notice, name="open_notice"),
    path("desk/notices/<int:notice_id>/read/", views.read_one, name="read_one"),
    path("pictures/<uuid:picture_id>/<slug:size>/", views.picture, name="picture"),
    path("desk/exports/", export_views.exports_page, name="exports"),
    path("desk/exports/<uuid:job_id>/file/", export_views.export_file, name="export_file"),
    path("desk/imports/", import_views.imports_page, name="imports"),
    path("desk/imports/template/<slug:kind>/", import_views.template, name="import_template"),
    path("desk/imports/<uuid:batch_id>/", import_views.import_batch, name="import_batch"),
    path("desk/imports/<uuid:batch_id>/choices/", import_views.choose, name="import_choose"),
    path("desk/imports/<uuid:batch_id>/confirm/", import_views.confirm, name="import_confirm"),
    path("desk/imports/<uuid:batch_id>/undo/", import_views.undo, name="import_undo"),
    path("desk/imports/<uuid:batch_id>/discard/", import_views.discard, name="import_discard"),
    path("files/<uuid:file_id>/", file_views.download, name="file"),
    path("desk/calendar/", calendar_views.years_page, name="calendar"),
    path("desk/calendar/<int:year>/", calendar_views.year_page, name="calendar_year"),
    path("desk/jobs/<uuid:job_id>/", views.job, name="job"),
]

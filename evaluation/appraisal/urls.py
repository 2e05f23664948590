"""Addresses of the annual vote: the workbench under desk/votes/, the voting pages under vote/, the public ones."""

from evaluation.appraisal import count_urls, outcome_urls, roll_urls, setup_urls, vote_urls

app_name = "appraisal"
urlpatterns = [
    *setup_urls.urlpatterns,
    *roll_urls.urlpatterns,
    *vote_urls.urlpatterns,
    *count_urls.urlpatterns,
    *outcome_urls.urlpatterns,
]

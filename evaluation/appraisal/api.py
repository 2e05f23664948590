"""API of the annual vote, part by part."""

from evaluation.appraisal import count_api, outcome_api, roll_api, setup_api, vote_api

urlpatterns = [
    *setup_api.urlpatterns,
    *roll_api.urlpatterns,
    *vote_api.urlpatterns,
    *count_api.urlpatterns,
    *outcome_api.urlpatterns,
]

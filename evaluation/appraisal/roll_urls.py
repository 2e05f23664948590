"""Addresses of the roll, the paper ballots and the turnout on the workbench."""

from django.urls import path

from evaluation.appraisal import paper_views as paper
from evaluation.appraisal import roll_views as views
from evaluation.appraisal import turnout_views as turnout

VOTE = "desk/votes/<slug:code>/"
urlpatterns = [
    path(f"{VOTE}roll/", views.roll_page, name="roll"),
    path(f"{VOTE}roll/new/", views.voter_new, name="voter_new"),
    path(f"{VOTE}roll/accounts/", views.roll_accounts, name="roll_accounts"),
    path(f"{VOTE}roll/recusals/", views.roll_recusals, name="roll_recusals"),
    path(f"{VOTE}roll/codes/", views.roll_codes, name="roll_codes"),
    path(f"{VOTE}roll/codes/slips/", views.roll_slips, name="roll_slips"),
    path(f"{VOTE}roll/voters/<slug:voter_id>/", views.voter, name="voter"),
    path(f"{VOTE}roll/voters/<slug:voter_id>/remove/", views.voter_remove, name="voter_remove"),
    path(f"{VOTE}roll/voters/<slug:voter_id>/paper/", views.voter_to_paper, name="voter_to_paper"),
    path(f"{VOTE}roll/voters/<slug:voter_id>/code/", views.voter_to_code, name="voter_to_code"),
    path(f"{VOTE}paper/", paper.paper_page, name="paper"),
    path(f"{VOTE}paper/voters/<slug:voter_id>/", paper.paper_step, name="paper_step"),
    path(f"{VOTE}paper/batches/<uuid:batch_id>/", paper.paper_second, name="paper_second"),
    path(f"{VOTE}paper/batches/<uuid:batch_id>/drop/", paper.paper_drop, name="paper_drop"),
    path(f"{VOTE}paper/<slug:category>/ballots/", paper.paper_ballots, name="paper_ballots"),
    path(f"{VOTE}paper/<slug:category>/key/", paper.paper_key, name="paper_key"),
    path(f"{VOTE}paper/<slug:category>/redo/", paper.paper_redo, name="paper_redo"),
    path(f"{VOTE}turnout/", turnout.turnout_page, name="turnout"),
    path(f"{VOTE}turnout/reminders/", turnout.reminders_page, name="reminders"),
    path(f"{VOTE}turnout/shortfall/", turnout.shortfall_propose, name="shortfall_propose"),
    path(f"{VOTE}turnout/shortfall/<int:decision_id>/agree/", turnout.shortfall_agree, name="shortfall_agree"),
    path(f"{VOTE}turnout/shortfall/<int:decision_id>/drop/", turnout.shortfall_drop, name="shortfall_drop"),
]

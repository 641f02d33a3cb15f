"""Addresses of the pages for better settings."""

from django.urls import path

from jasang.web.floor import optimise_views, schedule_views, writing_views

app_name = "optimise"
_HERE = "f/<str:factory_key>/better/"
urlpatterns = [
    path(_HERE, optimise_views.overview, name="overview"),
    path(f"{_HERE}campaigns/new/", optimise_views.new_campaign, name="new-campaign"),
    path(f"{_HERE}campaigns/<uuid:key>/", optimise_views.campaign, name="campaign"),
    path(f"{_HERE}campaigns/<uuid:key>/tell/", optimise_views.tell_trial, name="tell-trial"),
    path(f"{_HERE}campaigns/<uuid:key>/take-back/", optimise_views.take_back, name="take-back"),
    path(f"{_HERE}campaigns/<uuid:key>/ask/", optimise_views.ask_trial, name="ask-trial"),
    path(f"{_HERE}experiments/new/", optimise_views.new_experiment, name="new-experiment"),
    path(f"{_HERE}experiments/<uuid:key>/", optimise_views.experiment, name="experiment"),
    path(f"{_HERE}experiments/<uuid:key>/runs/<int:run>/", optimise_views.tell_run, name="tell-run"),
    path(f"{_HERE}experiments/<uuid:key>/analyse/", optimise_views.analyse, name="analyse"),
    path(f"{_HERE}experiments/<uuid:key>/sheet.<str:kind>", optimise_views.sheet, name="sheet"),
    path(f"{_HERE}schedules/new/", schedule_views.new_schedule, name="new-schedule"),
    path(f"{_HERE}schedules/<uuid:key>/", schedule_views.schedule, name="schedule"),
    path(f"{_HERE}schedules/<uuid:key>/try/<slug:step>/", schedule_views.change, name="try-schedule"),
    path(f"{_HERE}schedules/<uuid:key>/keep/", schedule_views.keep, name="keep-schedule"),
    path(f"{_HERE}schedules/<uuid:key>/forget/", schedule_views.forget, name="forget-schedule"),
    path(f"{_HERE}writes/", writing_views.writes, name="writes"),
    path(f"{_HERE}writes/new/", writing_views.new_write, name="new-write"),
    path(f"{_HERE}writes/<slug:name>/", writing_views.write, name="write"),
    path(f"{_HERE}writes/<slug:name>/approve/", writing_views.approve_write, name="approve-write"),
    path(f"{_HERE}writes/<slug:name>/stop/", writing_views.stop_write, name="stop-write"),
]

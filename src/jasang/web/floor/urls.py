"""Addresses of one factory's pages."""

from django.urls import path

from jasang.web.floor import (
    assets_views,
    life_views,
    measured_views,
    now_views,
    quality_views,
    standing_views,
    study_views,
    trends_views,
    views,
    wall_views,
)

app_name = "floor"
urlpatterns = [
    path("f/<str:factory_key>/now/", now_views.now, name="now"),
    path("f/<str:factory_key>/live/", views.live, name="live"),
    path("f/<str:factory_key>/live/readings/", views.readings, name="readings"),
    path("f/<str:factory_key>/machines/", assets_views.machines, name="machines"),
    path("f/<str:factory_key>/machines/places/", assets_views.place, name="place-machines"),
    path("f/<str:factory_key>/machines/test/", assets_views.test, name="test-connections"),
    path("f/<str:factory_key>/machines/trial/", assets_views.trial, name="connection-trial"),
    path("f/<str:factory_key>/quality/", quality_views.quality, name="quality"),
    path("f/<str:factory_key>/level/measured/", measured_views.measured, name="measured"),
    path("f/<str:factory_key>/wall/", wall_views.links, name="wall-links"),
    path("f/<str:factory_key>/wall/<uuid:key>/revoke/", wall_views.revoke, name="revoke-wall"),
    path("wall/<str:secret>/", wall_views.wall, name="wall"),
    path("f/<str:factory_key>/signals/", assets_views.signals, name="signals"),
    path("f/<str:factory_key>/trends/", trends_views.trends, name="trends"),
    path("f/<str:factory_key>/trends/data/", trends_views.data, name="trends-data"),
    path("f/<str:factory_key>/trends/notes/", trends_views.add_note, name="add-note"),
    path("f/<str:factory_key>/trends/notes/<uuid:key>/delete/", trends_views.delete_note, name="delete-note"),
    path("f/<str:factory_key>/findings/", views.findings, name="findings"),
    path("f/<str:factory_key>/findings/<uuid:key>/", views.finding, name="finding"),
    path("f/<str:factory_key>/findings/<uuid:key>/accept/", life_views.accept, name="accept"),
    path("f/<str:factory_key>/findings/<uuid:key>/decline/", life_views.decline, name="decline"),
    path("f/<str:factory_key>/findings/<uuid:key>/done/", life_views.done, name="done"),
    path("f/<str:factory_key>/findings/<uuid:key>/share/", life_views.share, name="share"),
    path("f/<str:factory_key>/know-how/", life_views.know_how, name="know-how"),
    path("f/<str:factory_key>/know-how/export/", life_views.export, name="export-know-how"),
    path("f/<str:factory_key>/studies/", study_views.studies, name="studies"),
    path("f/<str:factory_key>/studies/ask/<slug:kind>/", study_views.ask, name="ask"),
    path("f/<str:factory_key>/studies/<uuid:key>/", study_views.study, name="study"),
    path("f/<str:factory_key>/studies/<uuid:key>/stand/", standing_views.stand, name="stand"),
    path("f/<str:factory_key>/studies/standing/<uuid:key>/stop/", standing_views.stop, name="stop-standing"),
    path("f/<str:factory_key>/studies/<uuid:key>/cancel/", study_views.cancel, name="cancel-study"),
    path("f/<str:factory_key>/files/", views.files, name="files"),
    path("f/<str:factory_key>/files/<uuid:key>/", views.handed_over, name="handed-over"),
    path("f/<str:factory_key>/files/<uuid:key>/cancel/", views.cancel, name="cancel"),
]

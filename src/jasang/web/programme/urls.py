"""Addresses of the area programme."""

from django.urls import include, path

from jasang.web.programme import level_views, step_urls, views

app_name = "programme"
urlpatterns = [
    path("f/<str:factory_key>/level/", level_views.level, name="level"),
    path("", include("jasang.web.programme.residency_urls")),
    path("o/<str:organisation_key>/portfolio/", views.overview, name="portfolio"),
    path("o/<str:organisation_key>/portfolio/<str:factory_key>/", views.one_factory, name="factory"),
    *step_urls.urlpatterns,
]

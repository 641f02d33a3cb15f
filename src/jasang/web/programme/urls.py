"""Addresses of the area programme."""

from django.urls import path

from jasang.web.programme import views

app_name = "programme"
urlpatterns = [
    path("f/<str:factory_key>/level/", views.level, name="level"),
    path("o/<str:organisation_key>/portfolio/", views.overview, name="portfolio"),
    path("o/<str:organisation_key>/portfolio/<str:factory_key>/", views.one_factory, name="factory"),
]

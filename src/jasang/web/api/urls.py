"""Addresses of the keys' page and of the open interface."""

from django.urls import path

from jasang.web.api import views
from jasang.web.api.site import api

urlpatterns = [
    path("f/<str:factory_key>/keys/", views.key_list, name="api-keys"),
    path("f/<str:factory_key>/keys/<slug:prefix>/rotate/", views.rotate, name="rotate-key"),
    path("f/<str:factory_key>/keys/<slug:prefix>/end/", views.end, name="end-key"),
    path("o/<str:organisation_key>/keys/", views.organisation_keys, name="organisation-keys"),
    path(
        "o/<str:organisation_key>/keys/<slug:prefix>/rotate/",
        views.rotate_of_organisation,
        name="organisation-rotate-key",
    ),
    path("o/<str:organisation_key>/keys/<slug:prefix>/end/", views.end_of_organisation, name="organisation-end-key"),
    path("api/1/", api.urls),
]

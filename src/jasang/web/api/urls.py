"""Addresses of the keys' page and of the open interface."""

from django.urls import path

from jasang.web.api import views
from jasang.web.api.site import api

urlpatterns = [
    path("f/<str:factory_key>/keys/", views.key_list, name="api-keys"),
    path("f/<str:factory_key>/keys/<slug:prefix>/rotate/", views.rotate, name="rotate-key"),
    path("f/<str:factory_key>/keys/<slug:prefix>/end/", views.end, name="end-key"),
    path("api/1/", api.urls),
]

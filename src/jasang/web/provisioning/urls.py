"""Addresses of SCIM."""

from django.urls import path, re_path

from jasang.web.provisioning import views

urlpatterns = [
    path("scim/2.0/ServiceProviderConfig", views.service),
    path("scim/2.0/Schemas", views.schemas),
    path("scim/2.0/Schemas/<str:key>", views.schemas),
    path("scim/2.0/ResourceTypes", views.resource_types),
    path("scim/2.0/ResourceTypes/<str:key>", views.resource_types),
    path("scim/2.0/Me", views.me),
    path("scim/2.0/.search", views.search),
    re_path(r"^scim/2\.0/(?P<kind>Users|Groups)/?$", views.collection),
    re_path(r"^scim/2\.0/(?P<kind>Users|Groups)/\.search$", views.search),
    re_path(r"^scim/2\.0/(?P<kind>Users|Groups)/(?P<key>[^/]+)$", views.one),
    path("scim/2.0/", views.nothing, name="scim"),
    path("scim/2.0/<path:rest>", views.nothing),
]

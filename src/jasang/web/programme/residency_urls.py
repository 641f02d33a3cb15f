"""Addresses of residencies, of a mentor's answers and of the certificate."""

from django.urls import path

from jasang.web.programme import level_views, residency_org_views, residency_views

urlpatterns = [
    path("f/<str:factory_key>/residency/", residency_views.list_of_factory, name="residencies"),
    path("f/<str:factory_key>/residency/<uuid:key>/", residency_views.workbench, name="residency"),
    path("f/<str:factory_key>/residency/<uuid:key>/<slug:part>/", residency_views.workbench, name="residency-part"),
    path("f/<str:factory_key>/residency/<uuid:key>/do/<slug:deed>/", residency_views.do, name="residency-do"),
    path("f/<str:factory_key>/tasks/<uuid:key>/tick/", residency_views.tick, name="tick"),
    path("f/<str:factory_key>/proofs/<uuid:key>/", residency_views.proof, name="proof"),
    path("f/<str:factory_key>/level/answers/", level_views.answers, name="answers"),
    path("f/<str:factory_key>/level/certificate/", level_views.certificate, name="certificate"),
    path("o/<str:organisation_key>/residencies/", residency_org_views.list_of_organisation, name="residency-list"),
    path("o/<str:organisation_key>/residencies/<uuid:key>/", residency_org_views.one, name="look-back"),
]

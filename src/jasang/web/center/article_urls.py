"""Addresses of searching and of articles."""

from django.urls import path

from jasang.web.center import search_views as views

urlpatterns = [
    path("f/<str:factory_key>/search/", views.search, name="search"),
    path("f/<str:factory_key>/cases/similar/", views.similar, name="similar"),
    path("f/<str:factory_key>/articles/<uuid:key>/", views.article, name="article"),
    path("f/<str:factory_key>/articles/<uuid:key>/vote/", views.vote, name="vote"),
    path("o/<str:organisation_key>/cases/<uuid:key>/similar/", views.agent_similar, name="agent-similar"),
    path("o/<str:organisation_key>/search/", views.agent_search, name="agent-search"),
    path("o/<str:organisation_key>/articles/", views.articles, name="articles"),
    path("o/<str:organisation_key>/articles/new/", views.write, name="write-article"),
    path("o/<str:organisation_key>/articles/<uuid:key>/", views.agent_article, name="agent-article"),
    path("o/<str:organisation_key>/articles/<uuid:key>/edit/", views.write, name="edit-article"),
    path("o/<str:organisation_key>/articles/<uuid:key>/publish/", views.publish, name="publish-article"),
]

"""Addresses of news and webhooks."""

from django.urls import path

from jasang.web.notices import views

urlpatterns = [
    path("news/", views.news, name="news"),
    path("news/count/", views.count, name="news-count"),
    path("news/choose/", views.choose, name="choose-news"),
    path("f/<str:factory_key>/webhooks/", views.webhooks, name="webhooks"),
    path("f/<str:factory_key>/webhooks/<uuid:key>/remove/", views.remove, name="remove-webhook"),
    path("f/<str:factory_key>/webhooks/calls/<uuid:key>/again/", views.again, name="try-call-again"),
]

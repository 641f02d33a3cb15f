"""Addresses of closing."""

from django.urls import path

from jasang.web.keeping import views

urlpatterns = [
    path("f/<str:factory_key>/close/", views.close, name="close"),
    path("f/<str:factory_key>/close/confirm/", views.confirm, name="close-confirm"),
    path("f/<str:factory_key>/close/undo/", views.undo, name="close-undo"),
]

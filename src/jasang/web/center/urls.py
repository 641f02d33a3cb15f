"""Addresses of the 365 centre: for a factory, for the centre's agents, and the calendar."""

from django.urls import include, path

from jasang.web.center import agent_views, centre_views, difficulty_views, factory_views, setup_views, trouble_views

app_name = "center"
urlpatterns = [
    path("", include("jasang.web.center.article_urls")),
    path("f/<str:factory_key>/cases/", factory_views.cases, name="cases"),
    path("f/<str:factory_key>/cases/new/", factory_views.new, name="new"),
    path("f/<str:factory_key>/cases/trouble/", trouble_views.trouble, name="trouble"),
    path("f/<str:factory_key>/cases/choose/", factory_views.choose, name="choose"),
    path("f/<str:factory_key>/cases/<uuid:key>/", factory_views.case, name="case"),
    path("f/<str:factory_key>/cases/<uuid:key>/say/", factory_views.say, name="say"),
    path("f/<str:factory_key>/cases/<uuid:key>/rate/", factory_views.rate, name="rate"),
    path("f/<str:factory_key>/cases/<uuid:key>/close/", factory_views.close, name="close"),
    path("f/<str:factory_key>/cases/<uuid:key>/reopen/", factory_views.reopen, name="reopen"),
    path("f/<str:factory_key>/cases/<uuid:key>/files/<uuid:file>/", factory_views.download, name="file"),
    path("o/<str:organisation_key>/cases/", agent_views.desk, name="desk"),
    path("o/<str:organisation_key>/cases/many/", agent_views.many, name="many"),
    path("o/<str:organisation_key>/cases/<uuid:key>/", agent_views.case, name="agent-case"),
    path("o/<str:organisation_key>/cases/<uuid:key>/do/<slug:step>/", agent_views.do, name="do"),
    path("o/<str:organisation_key>/cases/<uuid:key>/files/<uuid:file>/", agent_views.download, name="agent-file"),
    path("o/<str:organisation_key>/rota/", centre_views.rota, name="rota"),
    path("o/<str:organisation_key>/rota/<int:number>/off/", centre_views.off_duty, name="off-duty"),
    path("o/<str:organisation_key>/ready-answers/", centre_views.macros, name="macros"),
    path("o/<str:organisation_key>/centre-report/", centre_views.report, name="report"),
    path("o/<str:organisation_key>/ready-answers/<uuid:key>/", centre_views.macro, name="macro"),
    path("o/<str:organisation_key>/ready-answers/<uuid:key>/remove/", centre_views.remove_macro, name="remove-macro"),
    path("o/<str:organisation_key>/centre/", setup_views.overview, name="set-up"),
    path("o/<str:organisation_key>/centre/change/", setup_views.change, name="change-centre"),
    path("o/<str:organisation_key>/centre/invite/", setup_views.invite, name="invite-agent"),
    path("o/<str:organisation_key>/centre/be-agent/", setup_views.be_agent, name="be-agent"),
    path("o/<str:organisation_key>/centre/queues/new/", setup_views.queue, name="new-queue"),
    path("o/<str:organisation_key>/centre/queues/<uuid:key>/", setup_views.queue, name="queue"),
    path("o/<str:organisation_key>/centre/queues/<uuid:key>/remove/", setup_views.remove_queue, name="remove-queue"),
    path("o/<str:organisation_key>/centre/agents/<int:number>/", setup_views.agent, name="agent"),
    path("f/<str:factory_key>/difficulties/", difficulty_views.of_factory, name="difficulties"),
    path("f/<str:factory_key>/difficulties/<uuid:key>/", difficulty_views.one_of_factory, name="difficulty"),
    path("o/<str:organisation_key>/difficulties/", difficulty_views.at_centre, name="agent-difficulties"),
    path("o/<str:organisation_key>/difficulties/<uuid:key>/", difficulty_views.one_at_centre, name="agent-difficulty"),
    path("o/<str:organisation_key>/difficulties/<uuid:key>/do/<slug:step>/", difficulty_views.do, name="do-difficulty"),
    path("calendar/<str:token>.ics", agent_views.calendar, name="calendar"),
]

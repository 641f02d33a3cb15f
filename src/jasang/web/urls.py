"""Every address of the portal."""

from django.urls import include, path

from jasang.web.floor.views import start

urlpatterns = [
    path("", include("jasang.web.ui.urls")),
    path("", include("jasang.web.tenants.urls")),
    path("", include("jasang.web.api.urls")),
    path("", include("jasang.web.notices.urls")),
    path("", include("jasang.web.provisioning.urls")),
    path("", include("jasang.web.keeping.urls")),
    path("", start, name="start"),
    path("", include("jasang.web.floor.urls")),
    path("", include("jasang.web.floor.optimise_urls")),
    path("", include("jasang.web.center.urls")),
    path("", include("jasang.web.programme.urls")),
]

handler404 = "jasang.web.api.failures.not_found"
handler500 = "jasang.web.ui.failures.server_error"
handler400 = "jasang.web.ui.failures.bad_request"

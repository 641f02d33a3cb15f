"""Make an analysis a standing one, or stop it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from jasang.errors import JasangError
from jasang.web.floor import standing
from jasang.web.floor.fact_models import StandingStudy
from jasang.web.floor.models import StudyRun
from jasang.web.tenants.access import FactoryRequest, for_roles
from jasang.web.tenants.models import FACTORY_ROLES
from jasang.web.ui.language import current


@for_roles(*FACTORY_ROLES)
@require_POST
def stand(request: FactoryRequest, key: UUID) -> HttpResponse:
    """The person looks after this question from now on."""
    run = get_object_or_404(StudyRun.objects.of(request.factory).select_related("diagnosis", "factory"), key=key)
    try:
        standing.make_standing(run=run, owner=request.user)
    except JasangError as error:
        messages.error(request, error.in_language(current()))
    return redirect("floor:study", factory_key=request.factory.key, key=key)


@for_roles(*FACTORY_ROLES)
@require_POST
def stop(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Nobody needs it any more."""
    standing.stop_standing(standing=get_object_or_404(StandingStudy.objects.of(request.factory), key=key))
    return redirect("floor:studies", factory_key=request.factory.key)

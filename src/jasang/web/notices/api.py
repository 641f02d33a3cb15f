"""Webhooks and their calls, for programs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from jasang.web.api.entering import FactoryKey, caller, factory_of
from jasang.web.api.paging import Page, Paging, page
from jasang.web.notices import services
from jasang.web.notices.models import Delivery, Webhook

router = Router(tags=["webhooks"])
READ, WRITE = "webhooks:read", "webhooks:write"


class WebhookIn(Schema):
    """An address and what it is called about."""

    url: str = Field(min_length=1, max_length=500)
    kinds: list[str] = Field(min_length=1, max_length=20)


class WebhookOut(Schema):
    """An address that is called."""

    key: UUID
    url: str
    kinds: list[str]


class MadeWebhook(WebhookOut):
    """A new one; the secret that signs its calls is shown only now."""

    secret: str


class CallOut(Schema):
    """A call: `waiting`, `delivered`, or `dead` after two days of tries."""

    key: UUID
    webhook: UUID
    about: str
    outcome: str
    attempts: int
    status: int | None
    error: str
    made_at: datetime
    delivered_at: datetime | None


def _hook(one: Webhook) -> dict[str, Any]:
    return {"key": one.key, "url": one.url, "kinds": one.kinds}


def _call(one: Delivery) -> dict[str, Any]:
    names = ("key", "about", "outcome", "attempts", "status", "error", "made_at", "delivered_at")
    return {name: getattr(one, name) for name in names} | {"webhook": one.webhook.key}


@router.get("/webhooks", response=Page[WebhookOut], summary="Addresses that are called")
def webhooks(request: HttpRequest, factory_key: FactoryKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `webhooks:read`; of people, owners."""
    return page(Webhook.objects.of(factory_of(request, factory_key, READ)), asked, _hook)


@router.post("/webhooks", response={201: MadeWebhook}, summary="Call an address from now on")
def add(request: HttpRequest, factory_key: FactoryKey, given: WebhookIn) -> Status:
    """Scope `webhooks:write`; of people, owners."""
    factory = factory_of(request, factory_key, WRITE)
    made = services.add_webhook(factory=factory, url=given.url, kinds=given.kinds, by=caller(request).user)
    return Status(201, _hook(made) | {"secret": made.secret})


@router.delete("/webhooks/{uuid:key}", response={204: None}, summary="Call an address no longer")
def remove(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> Status:
    """Scope `webhooks:write`; of people, owners."""
    services.remove_webhook(
        webhook=get_object_or_404(Webhook.objects.of(factory_of(request, factory_key, WRITE)), key=key)
    )
    return Status(204, None)


@router.get("/webhook-calls", response=Page[CallOut], summary="Calls made and to be made")
def calls(request: HttpRequest, factory_key: FactoryKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `webhooks:read`; of people, owners."""
    rows = Delivery.objects.of(factory_of(request, factory_key, READ)).select_related("webhook").defer("body")
    return page(rows, asked, _call)


@router.post("/webhook-calls/{uuid:key}/again", response=CallOut, summary="Try a dead call again")
def again(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `webhooks:write`; of people, owners."""
    rows = Delivery.objects.of(factory_of(request, factory_key, WRITE)).select_related("webhook", "factory")
    services.try_again(delivery=get_object_or_404(rows, key=key))
    return _call(get_object_or_404(rows, key=key))

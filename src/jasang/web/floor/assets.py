"""What people change about machines: their places, and tries of the connections."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.errors import ConfigurationError
from jasang.mentor.connect import Tried, try_connections
from jasang.plant.text import Progress, Text
from jasang.web.floor.assets_data import collector_file
from jasang.web.floor.connected_models import AssetPlace, ConnectionTrial
from jasang.web.jobs.models import OPEN_STATES, Job
from jasang.web.jobs.services import hold, queue_job
from jasang.web.tenants.models import Factory

LEVELS = ("site", "area", "line", "name", "kind")
_LONGEST = 80


@transaction.atomic
def place_assets(*, factory: Factory, places: Mapping[str, Mapping[str, str]]) -> int:
    """Keep where machines stand: `{asset: {"site", "area", "line", "name", "kind"}}`; how many changed."""
    known = {place.asset: place for place in AssetPlace.objects.of(factory).filter(asset__in=list(places))}
    changed = 0
    for asset, stated in places.items():
        fields = {level: str(stated.get(level, "")).strip()[:_LONGEST] for level in LEVELS}
        place = known.get(asset)
        if place is not None and all(getattr(place, level) == value for level, value in fields.items()):
            continue
        AssetPlace.objects.of(factory).update_or_create(
            factory=factory, asset=asset, defaults=fields, create_defaults=fields | {"factory": factory, "asset": asset}
        )
        changed += 1
    return changed


@transaction.atomic
def ask_trial(*, factory: Factory, user: AbstractBaseUser) -> ConnectionTrial:
    """Queue a try of every connection; the one that already waits or runs is given back."""
    open_one = trials(factory).filter(job__state__in=OPEN_STATES).first()
    if open_one is not None:
        return open_one
    job = queue_job(factory=factory, kind="connect", payload={})
    return ConnectionTrial.objects.of(factory).create(factory=factory, job=job, asked_by=user)


def trials(factory: Factory) -> Any:
    """The tries so far, newest first."""
    return ConnectionTrial.objects.of(factory).select_related("job", "factory").order_by("-asked_at", "-pk")


def try_machines(job: Job, progress: Progress) -> None:
    """The background job: connect once to every machine of the collector's file and keep what was found."""
    file = collector_file(job.factory.store)
    if file is None:
        raise ConfigurationError(
            ko="수집기 설정 파일(collect.toml)을 저장소 옆에서 찾지 못했습니다.",
            en="the collector's file (collect.toml) was not found beside the store",
        )
    progress(Text(ko="기계마다 연결해 봅니다", en="Connecting to each machine"), 0.1)
    outcomes = [outcome(one) for one in try_connections(file)]
    with transaction.atomic():
        hold(job=job)
        ConnectionTrial.objects.of(job.factory).filter(job=job).update(outcomes=outcomes)


def outcome(tried: Tried) -> dict[str, Any]:
    """One tried connection as it is kept."""
    return {
        "name": tried.link.name,
        "ok": tried.complete,
        "elapsed_s": round(tried.elapsed, 2),
        "signals": len(tried.signals),
        "values": len(tried.latest),
        "error": tried.error and _both(tried.error),
        "missing": _texts(tried.missing),
        "doubts": _texts(tried.doubts),
    }


def _texts(texts: Sequence[Text]) -> list[dict[str, str]]:
    return [_both(text) for text in texts[:50]]


def _both(text: Text) -> dict[str, str]:
    return {"ko": text.ko, "en": text.en}

"""Know-how of the portal: what verified effects leave behind, shared only with consent, and what is shown to a like factory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jasang.diagnose.know_how import ALIKE, Situation, know_how_from_json, know_how_json, similarity, situation_of
from jasang.diagnose.know_how import KnowHow as Record
from jasang.diagnose.studies.effects import Answer, level_before
from jasang.errors import JasangError, Language
from jasang.mentor.wording import number, rule_title
from jasang.plant.text import Text
from jasang.web.floor.models import FindingLife, KnowHow
from jasang.web.tenants.models import Factory

MOST_SHOWN = 3
MOST_COMPARED = 2000
LARGEST_IMPORT = 2_000_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record as a page shows it: what was done and what it changed, and nothing that names a factory."""

    action: str
    note: str
    effect: str
    where: str
    own: bool


def keep_know_how(*, life: FindingLife, answer: Answer) -> None:
    """Inside the transaction of a confirmed effect: the record of it; whether it is shared stays as it was."""
    record = record_of(life, answer)
    if record is None:
        return
    kept = KnowHow.objects.of(life.factory).filter(life=life).first() or KnowHow(factory=life.factory, life=life)
    if kept.pk is not None:
        record = replace(record, note=know_how_from_json(kept.document).note)
    kept.rule, kept.document = record.situation.rule, know_how_json(record)
    kept.save()


def record_of(life: FindingLife, answer: Answer) -> Record | None:
    """The effect relative to the level before; `None` where that level is zero."""
    level, effect = abs(level_before(answer)), answer.effect
    if level <= 0.0 or life.done_on is None:
        return None
    document = life.document
    return Record(
        situation=life_situation(life),
        action=_without_names(document),
        owner=document["action"]["owner"],
        effect=effect.estimate / level,
        low=effect.low / level,
        high=effect.high / level,
        days=answer.days,
        month=life.done_on.strftime("%Y-%m"),
        lasting=None if answer.lasting is None else answer.lasting.value == "held",
    )


def _without_names(document: Mapping[str, Any]) -> Text:
    """The proposed action with general words where it names a column, machine, product, level or file of this factory."""
    subject = document["subject"]
    general = {
        subject["table"]: ("이 표", "this table"),
        subject["column"]: ("이 항목", "this column"),
        subject["asset"]: ("이 설비", "this machine"),
        subject["product"]: ("이 제품", "this product"),
    }
    for cause in document["causes"]:
        general[cause["column"]] = ("함께 움직이는 항목", "the column that moves with it")
        general[cause["level"]] = ("그 종류", "that kind")
    ko, en = document["action"]["ko"], document["action"]["en"]
    for name in sorted((str(name) for name in general if name), key=len, reverse=True):
        its = general[name]
        ko, en = ko.replace(name, its[0]), en.replace(name, its[1])
    return Text(ko=ko, en=en)


def life_situation(life: FindingLife) -> Situation:
    """What the finding is about, without names."""
    document, context = life.document, life.context
    subject, check = document["subject"], document["check"]
    return situation_of(
        rule=document["rule"],
        metric=check["metric"] if check else "",
        column=subject["column"],
        role=context.get("role"),
        unit=context.get("unit"),
        industry=context.get("industry"),
        asset=context.get("asset"),
        other_columns=tuple(context.get("columns", ())),
        files=(subject["table"],),
    )


@transaction.atomic
def share(*, life: FindingLife, user: AbstractBaseUser, shared: bool, words: str = "") -> None:
    """Let other factories see what helped, in the factory's own `words` where it gives some, or no longer."""
    kept = KnowHow.objects.of(life.factory).filter(life=life).first()
    if kept is None:
        return
    kept.shared, kept.shared_by = shared, user if shared else None
    if shared:
        kept.document = know_how_json(replace(know_how_from_json(kept.document), note=words))
    kept.save(update_fields=["shared", "shared_by", "document"])


def own_record(life: FindingLife, language: Language) -> tuple[Shown, bool] | None:
    """What the finding's own effect would tell others, and whether it does."""
    kept = KnowHow.objects.of(life.factory).filter(life=life).first()
    return None if kept is None else (_shown(know_how_from_json(kept.document), False, language), kept.shared)


def like(life: FindingLife, language: Language) -> list[Shown]:
    """What helped in like situations: own records, and those that other factories share, most alike first."""
    situation = life_situation(life)
    own = KnowHow.objects.of(life.factory).filter(rule=situation.rule).exclude(life=life)
    # The one place where rows of other factories are read: with their consent, and without their names.
    others = KnowHow.objects.of_every_factory().filter(rule=situation.rule, shared=True).exclude(factory=life.factory)
    found = []
    for rows, mine in ((own, True), (others, False)):
        for document in rows.order_by("-made_at").values_list("document", flat=True)[:MOST_COMPARED]:
            try:
                record = know_how_from_json(document)
            except JasangError:
                continue  # written by another release
            alike = similarity(situation, record.situation)
            if alike >= ALIKE:
                found.append((alike, record, mine))
    found.sort(key=lambda each: -each[0])
    return [_shown(record, mine, language) for _alike, record, mine in found[:MOST_SHOWN]]


def _shown(record: Record, mine: bool, language: Language) -> Shown:
    machines = {
        "injection moulding": _("injection moulding"),
        "die casting": _("die casting"),
        "press": _("press shop"),
        "cutting": _("cutting"),
        "heat treatment": _("heat treatment"),
        "plating": _("plating"),
        "welding": _("welding"),
        "extrusion": _("extrusion"),
        "assembly": _("assembly"),
    }
    low, high = sorted((abs(record.low), abs(record.high)))
    given = {"size": number(100 * abs(record.effect)), "low": number(100 * low), "high": number(100 * high)}
    fell = _("%(size)s %% less (95 %% interval %(low)s to %(high)s %%)") % given
    rose = _("%(size)s %% more (95 %% interval %(low)s to %(high)s %%)") % given
    days = ngettext("measured over %(n)d day", "measured over %(n)d days", record.days) % {"n": record.days}
    held = {True: _("held after 90 days"), False: _("gone after 90 days"), None: ""}[record.lasting]
    return Shown(
        action=record.action.in_language(language),
        note=record.note,
        effect=" · ".join(part for part in (fell if record.effect < 0 else rose, days, held) if part),
        where=machines.get(record.situation.machine or "", ""),
        own=mine,
    )


def listed(factory: Factory, language: Language) -> list[dict[str, Any]]:
    """The factory's own records, newest first: what was wrong, what was done, what it changed, and whether it is shared."""
    rows = (
        KnowHow.objects.of(factory).select_related("life").defer("life__document", "life__context").order_by("-made_at")
    )
    return [
        {
            "title": rule_title(row.rule, language),
            "shown": _shown(know_how_from_json(row.document), True, language),
            "shared": row.shared,
            "imported": row.life_id is None,
        }
        for row in rows[:200]
    ]


def exported(factory: Factory) -> list[dict[str, Any]]:
    """All records of the factory, as `jasang.knowhow/1`."""
    return list(KnowHow.objects.of(factory).order_by("pk").values_list("document", flat=True))


@transaction.atomic
def import_records(*, factory: Factory, text: bytes) -> int:
    """Keep the records of a file (one object, or a list of them) as the factory's own, not shared; how many were new.

    Raises
    ------
    JasangError
        The file is no such file; nothing of it is kept.
    """
    try:
        given = json.loads(text[: LARGEST_IMPORT + 1])
    except (ValueError, RecursionError) as error:
        raise JasangError(ko="JSON 파일이 아닙니다.", en="This is no JSON file.") from error
    documents = given if isinstance(given, list) else [given]
    if not all(isinstance(document, dict) for document in documents):
        raise JasangError(ko="노하우 기록이 아닙니다.", en="This is no record of know-how.")
    records = [know_how_from_json(document) for document in documents]
    known = {json.dumps(document, sort_keys=True) for document in exported(factory)}
    fresh = [know_how_json(record) for record in records]
    fresh = [document for document in fresh if json.dumps(document, sort_keys=True) not in known]
    KnowHow.objects.of(factory).bulk_create(
        KnowHow(factory=factory, rule=document["symptom"]["rule"], document=document) for document in fresh
    )
    return len(fresh)

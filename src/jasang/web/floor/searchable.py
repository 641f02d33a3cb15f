"""Know-how as what the centre's search can find: what was done and what it changed, without a name."""

from typing import Any
from uuid import UUID

from django.apps import apps

from jasang.diagnose.know_how import know_how_from_json
from jasang.errors import JasangError
from jasang.mentor.wording import rule_title
from jasang.web.floor.models import KnowHow


def know_how_entry(source: str) -> Any:
    """The entry of a record: for its own factory, and for every factory while it is shared."""
    row = KnowHow.objects.of_every_factory().filter(key=UUID(source)).first()
    if row is None:
        return None
    try:
        record = know_how_from_json(row.document)
    except JasangError:  # written by another release
        return None
    return apps.get_model("center.SearchEntry")(
        kind="knowhow",
        source=source,
        factory_id=row.factory_id,
        shared=row.shared,
        title_ko=rule_title(row.rule, "ko"),
        title_en=rule_title(row.rule, "en"),
        text_ko=f"{record.action.ko}\n{record.note}".strip(),
        text_en=record.action.en,
        rule=row.rule,
    )

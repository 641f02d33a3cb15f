"""A script for a portal of its own: a call in the middle of everything, one that waits, and an operator with nothing yet."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal_settings")
import django

django.setup()

from django.db import transaction  # noqa: E402
from programme_cast import GRANT, Cast  # noqa: E402

from jasang.web.programme import applications, judging, money  # noqa: E402
from jasang.web.programme.models import Application, Judging, Mentor  # noqa: E402
from jasang.web.tenants.models import OrganisationKind, Role  # noqa: E402
from jasang.web.tenants.services import appoint, set_up_account, set_up_organisation  # noqa: E402

PASSWORD = "tests-need-a-password"

with transaction.atomic():
    cast = Cast()
    for name in ("runner", "owner", "mentor", "judge0"):
        set_up_account(user_name=name, password=PASSWORD)
    for number, name in enumerate(("동양도금", "삼우사출", "세진프레스")):
        cast.judged(cast.visited(cast.another(name)), [90 - 10 * number] * 5)
    open_one = cast.visited(cast.another("태광전자"))
    judging.call_judges(by=cast["runner"], application=open_one, judges=cast.judges[:1])
    judging.declare(by=cast.judges[0], application=open_one, conflict=False)
    applied = cast.another("경동주물")
    applications.send_visitor(by=cast["runner"], application=applied, visitor=cast["mentor"])
    mine = cast.apply()
    first, _ = cast.planned(mine)
    money.claim(by=cast["owner"], milestone=first, request="first", words="센서 4개를 달았습니다", own_paid=20_000_000)
    waiting = cast.open_call(documents=[{"name": "사업계획서 / Project plan", "needed": True, "judges": True}])
    draft = applications.keep_draft(
        by=cast["owner"], factory=cast.factory, call=waiting, wish="버", cost=10, asked=GRANT
    )
    Mentor.objects.of(cast.operator).create(
        organisation=cast.operator, name="김멘토", skills={"data": 0.8}, user=cast["mentor"]
    )
    empty = set_up_organisation(name="새 운영기관", kind=OrganisationKind.OPERATOR)
    appoint(user=cast["runner"], organisation=empty, role=Role.PROGRAMME_OPERATOR)
    appoint(user=cast["mentor"], organisation=empty, role=Role.MENTOR)

sys.stdout.write(json.dumps({
    "o": f"/o/{cast.operator.key}", "e": f"/o/{empty.key}", "f": f"/f/{cast.factory.key}", "call": str(cast.call.key),
    "mine": str(mine.key), "applied": str(applied.key), "draft": str(draft.key), "cohort": str(cast.call.cohort.key),
    "visited": str(Application.objects.of(cast.operator).get(pk=open_one.pk).key), "waiting": str(waiting.key),
    "judging": Judging.objects.of(cast.operator).get(application=open_one).pk,
}))  # fmt: skip

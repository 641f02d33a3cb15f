"""Kinds of rows of the 365 centre, for programs. A factory sees its own cases, never an inner note."""

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind
from jasang.web.tenants.models import Role

_ROLES = (Role.AGENT, Role.PROGRAMME_OPERATOR)
_OUTER = {"private": False}

KINDS = (
    Kind(
        name="centres", model="center.Centre", scope="center", organisation="organisation", identity=("organisation",),
        roles=_ROLES, title=Text(ko="센터", en="The centre's own settings"), by_steps=True,
    ),
    Kind(
        name="queues", model="center.Queue", scope="center", organisation="organisation", roles=_ROLES,
        title=Text(ko="창구", en="Queues"), listed=False,
    ),
    Kind(
        name="agents", model="center.Agent", scope="center", organisation="organisation", identity=("organisation", "user"),
        hidden=("feed",), roles=_ROLES, title=Text(ko="상담원", en="Agents"), listed=False,
    ),
    Kind(
        name="duties", model="center.Duty", scope="center", organisation="organisation", roles=_ROLES,
        identity=("agent", "queue", "start", "end"), title=Text(ko="당번", en="The rota"), listed=False,
    ),
    Kind(
        name="ready-answers", model="center.Macro", scope="center", organisation="organisation", roles=_ROLES,
        title=Text(ko="준비된 답", en="Ready answers"), listed=False,
    ),
    Kind(
        name="cases", model="center.Case", scope="center", factory="factory", organisation="centre", roles=_ROLES,
        hidden=("letters",), inner=("tags", "origin", "escalated", "queue", "agent", "parent", "customer_mail", "verified"),
        filters=("state", "priority", "channel", "language", "queue", "agent", "factory"),
        title=Text(ko="상담 건", en="Cases"), by_steps=True, listed=False,
    ),
    Kind(
        name="case-events", model="center.Event", scope="center", factory="factory", organisation="centre", roles=_ROLES,
        identity=("case", "place"), inner=("sender", "once"), shown_to_factory=_OUTER, filters=("case", "kind"),
        title=Text(ko="상담 건의 일", en="What happened to cases"), by_steps=True,
    ),
    Kind(
        name="attachments", model="center.Attachment", scope="center", factory="factory", organisation="centre",
        hidden=("path",), files="path", fresh={"path": str}, roles=_ROLES, shown_to_factory={"event__private": False},
        title=Text(ko="첨부", en="Attachments"), by_steps=True,
    ),
    Kind(
        name="visits", model="center.Visit", scope="center", factory="factory", organisation="centre", roles=_ROLES,
        inner=("agent",), filters=("case", "kind", "cancelled"), title=Text(ko="통화와 방문", en="Calls and visits"),
        by_steps=True,
    ),
    Kind(
        name="articles", model="center.Article", scope="center", organisation="organisation", roles=_ROLES,
        title=Text(ko="글", en="Articles"), listed=False,
    ),
    Kind(
        name="centre-choices", model="center.FactoryChoice", scope="center", factory="factory", identity=("factory",),
        title=Text(ko="센터에 대한 선택", en="What the factory chose about the centre"),
    ),
)  # fmt: skip

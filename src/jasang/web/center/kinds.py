"""Kinds of rows of the 365 centre, for programs. A factory sees its own cases, never an inner note."""

from typing import Any
from zoneinfo import ZoneInfo

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind
from jasang.web.center.clock import hours_of
from jasang.web.center.models import Priority
from jasang.web.tenants.models import Role

_ROLES = (Role.AGENT, Role.PROGRAMME_OPERATOR)
_OUTER = {"private": False}


def _check_queue(values: dict[str, Any]) -> None:
    """Hours and promises must be such that the clock can reckon with them."""
    hours, terms = values.get("hours"), values.get("terms")
    if hours is not None:
        try:
            ZoneInfo(hours.get("timezone", "Asia/Seoul"))
            hours_of(hours)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"hours: expected the shape that other queues have ({error})") from error
    known = {one.word for one in Priority}
    for name, term in (terms or {}).items() if isinstance(terms, dict | None) else [("terms", terms)]:
        parts = [term.get(part) for part in ("answer", "solve")] if isinstance(term, dict) else [None]
        if name not in known or any(isinstance(one, bool) or not isinstance(one, int) or one < 1 for one in parts):
            raise ValueError('terms: expected {"normal": {"answer": minutes, "solve": minutes}, …}')
    _check_words(values, "skills", "rules", "languages")


def _check_words(values: dict[str, Any], *names: str) -> None:
    for name in names:
        given = values.get(name, [])
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise ValueError(f"{name}: expected a list of texts")


def _check_agent(values: dict[str, Any]) -> None:
    _check_words(values, "skills", "languages")


def _check_duty(values: dict[str, Any]) -> None:
    if values["end"] <= values["start"]:
        raise ValueError("end: expected after start")


def _check_macro(values: dict[str, Any]) -> None:
    if values.get("then", "") not in ("", "answered", "asked", "solved"):
        raise ValueError("then: expected answered, asked, solved or nothing")


def _check_article(values: dict[str, Any]) -> None:
    _check_words(values, "rules")


KINDS = (
    Kind(
        name="centres", model="center.Centre", scope="center", organisation="organisation", identity=("organisation",),
        roles=_ROLES, title=Text(ko="센터", en="The centre's own settings"), by_steps=True,
    ),
    Kind(
        name="queues", check=_check_queue,
        model="center.Queue", scope="center", organisation="organisation", roles=_ROLES,
        title=Text(ko="창구", en="Queues"), listed=False,
    ),
    Kind(
        name="agents", check=_check_agent,
        model="center.Agent", scope="center", organisation="organisation", identity=("organisation", "user"),
        hidden=("feed",), roles=_ROLES, title=Text(ko="상담원", en="Agents"), listed=False,
    ),
    Kind(
        name="duties", check=_check_duty,
        model="center.Duty", scope="center", organisation="organisation", roles=_ROLES,
        identity=("agent", "queue", "start", "end"), title=Text(ko="당번", en="The rota"), listed=False,
    ),
    Kind(
        name="ready-answers", check=_check_macro,
        model="center.Macro", scope="center", organisation="organisation", roles=_ROLES,
        title=Text(ko="준비된 답", en="Ready answers"), listed=False,
    ),
    Kind(
        name="cases", model="center.Case", scope="center", factory="factory", organisation="centre", roles=_ROLES,
        hidden=("letters",), inner=("tags", "origin", "escalated", "queue", "agent", "parent", "customer_mail", "verified"),
        filters=("state", "priority", "channel", "language", "queue", "agent", "factory"),
        title=Text(ko="문의", en="Cases"), by_steps=True, listed=False,
    ),
    Kind(
        name="case-events", model="center.Event", scope="center", factory="factory", organisation="centre", roles=_ROLES,
        identity=("case", "place"), inner=("sender", "once"), shown_to_factory=_OUTER, filters=("case", "kind"),
        title=Text(ko="문의에 있었던 일", en="What happened to cases"), by_steps=True,
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
        name="articles", check=_check_article,
        model="center.Article", scope="center", organisation="organisation", roles=_ROLES,
        title=Text(ko="글", en="Articles"), listed=False,
    ),
    Kind(
        name="centre-choices", model="center.FactoryChoice", scope="center", factory="factory", identity=("factory",),
        title=Text(ko="센터에 대한 선택", en="What the factory chose about the centre"),
    ),
    Kind(
        name="article-votes", model="center.ArticleVote", scope="center", organisation="article__organisation",
        identity=("article", "user"), roles=_ROLES, title=Text(ko="글이 도움됐는지", en="Whether articles helped"),
        by_steps=True,
    ),
    Kind(
        name="difficulties", model="center.Difficulty", scope="center", organisation="organisation", roles=_ROLES,
        hidden=("shape",), filters=("state", "rule"), title=Text(ko="공통 어려움", en="Difficulties several factories have"),
        by_steps=True,
    ),
    Kind(
        name="difficulty-events", model="center.DifficultyEvent", scope="center", organisation="organisation",
        roles=_ROLES, identity=("difficulty", "at", "kind"), filters=("difficulty", "kind"),
        title=Text(ko="공통 어려움에 있었던 일", en="What happened to difficulties"), by_steps=True,
    ),
    Kind(
        name="sightings", model="center.Sighting", scope="center", factory="factory", organisation="centre", roles=_ROLES,
        identity=("factory", "finding", "case"), hidden=("profile",), shown_to_factory=None,
        filters=("difficulty", "factory"), title=Text(ko="어려움이 보인 곳", en="Where difficulties were seen"), by_steps=True,
    ),
)  # fmt: skip

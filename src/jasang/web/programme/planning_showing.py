"""A plan of who goes where in a foreman's words: why this mentor, what another costs, how good it is, who carries what."""

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _

from jasang.diagnose.chart import Chart, Line
from jasang.errors import Language
from jasang.mentor.findings_json import chart_json
from jasang.plant.text import Text
from jasang.web.programme.models import HandOnPlan, Mentor, Offer, Planning
from jasang.web.programme.sending import first_day
from jasang.web.tenants.models import Factory

_PARTS = ("skills", "travel", "language", "continuity")


def part_words(part: str) -> str:
    """A part of the score."""
    known = {
        "skills": _("skills"), "travel": _("near by"), "language": _("language"), "continuity": _("knows the factory"),
    }  # fmt: skip
    return known.get(part, part)


def bound_words(answer: dict[str, Any]) -> str:
    """How good the plan is against the best there could be."""
    if answer["status"] in ("infeasible", "incomplete"):
        return _("Not every factory could be served; below it says why.")
    gap = 100 * max(0.0, answer["gap"])
    if answer["status"] == "optimal":
        return _("No other plan that keeps all rules is better. This is proven.")
    return _(
        "However long one searches, no plan can be more than %(gap).1f %% better than this one. This is proven."
    ) % {"gap": max(gap, 0.1)}


def names_of(planning: Planning) -> dict[str, str]:
    """Names of the mentors by key."""
    rows = Mentor.objects.of(planning.organisation).values_list("key", "name")
    return {str(key): name for key, name in rows}


def rows(
    planning: Planning, places: list[dict[str, Any]], names: dict[str, str], language: Language
) -> list[dict[str, Any]]:
    """Placements for a page: factory, mentors, score and its parts, the next best, hands, answers."""
    factories = {one.key: one for one in Factory.objects.filter(key__in=[place["factory"] for place in places])}
    hands: dict[str, dict[str, bool]] = {}
    kept = HandOnPlan.objects.of(planning.organisation).filter(
        cohort=planning.cohort, factory__in=list(factories.values())
    )
    for key, mentor, pinned in kept.values_list("factory__key", "mentor__key", "pinned"):
        hands.setdefault(key, {})[str(mentor)] = pinned
    offers: dict[tuple[str, str], Offer] = {
        (one.factory.key, str(one.mentor.key)): one
        for one in Offer.objects.of(planning.organisation)
        .filter(planning=planning, factory__in=list(factories.values()))
        .select_related("factory", "mentor")
    }
    made = []
    for place in places:
        key = place["factory"]
        people = [
            {
                "key": name,
                "name": names.get(name, "?"),
                "pinned": hands.get(key, {}).get(name),
                "offer": offers.get((key, name)),
            }
            for name in place["mentors"]
        ]
        made.append(
            {
                "factory": factories.get(key), "people": people, "score": place["score"], "rank": place["rank"],
                "parts": [(part_words(part), place["parts"][part]) for part in _PARTS if place["parts"].get(part)],
                "starts_on": first_day(place["start"], planning.starts_on) if place.get("start") and planning.starts_on else None,
                "rivals": [
                    {"name": _renamed(rival["name"], names), "key": rival["name"], "score": rival["score"],
                     "reason": rival["reason"][language], "vetoed": hands.get(key, {}).get(rival["name"]) is False,
                     "single": rival["name"] in names}
                    for rival in place.get("rivals", ())
                ],
            }
        )  # fmt: skip
    return made


def conflict_words(answer: dict[str, Any], names: dict[str, str], language: Language) -> list[str]:
    """Demands that cannot be met together, with names in place of keys."""
    factories = {key for one in answer.get("conflict", ()) for key in one["factories"]}
    known = dict(Factory.objects.filter(key__in=list(factories)).values_list("key", "name")) | names
    return [_renamed(one["text"][language], known) for one in answer.get("conflict", ())]


def _renamed(text: str, names: dict[str, str]) -> str:
    for key, name in names.items():
        if key in text:
            text = text.replace(key, name)
    return text


def load(planning: Planning) -> list[dict[str, Any]]:
    """Each mentor's factories and days in the plan, heaviest first."""
    question, answer = planning.question, planning.answer
    days = {one["id"]: one.get("days", 1) for one in question["factories"]}
    count: Counter[str] = Counter()
    carried: Counter[str] = Counter()
    for place in answer["placements"]:
        for name in place["mentors"]:
            count[name] += 1
            carried[name] += days[place["factory"]]
    people = [
        {"key": one["id"], "factories": count[one["id"]], "days": carried[one["id"]], "most": one.get("days")}
        for one in question["mentors"]
    ]
    return sorted(people, key=lambda one: (-one["days"], one["key"]))


def fairness_words(people: list[dict[str, Any]]) -> str:
    """Who carries how much, in a sentence."""
    days = [one["days"] for one in people]
    if not days or not sum(days):
        return ""
    return _("An even share is %(even).0f days each; the one with most carries %(most)d, the one with least %(least)d.") % {
        "even": sum(days) / len(days), "most": max(days), "least": min(days),
    }  # fmt: skip


_FEW = 6  # mentors


def charts(people: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Load and fairness as charts; the list itself says it for a few."""
    if len(people) < _FEW:
        return []
    counts = Counter(one["factories"] for one in people)
    most = max(counts, default=0)
    factories = Chart(
        title=Text(ko="한 멘토가 공장 몇 곳을 맡습니까?", en="How many factories does a mentor have?"),
        x_kind="category",
        x=tuple(str(number) for number in range(most + 1)),
        lines=(
            Line(
                name=Text(ko="멘토 수", en="mentors"), y=tuple(float(counts[n]) for n in range(most + 1)), look="bars"
            ),
        ),
        x_label=Text(ko="맡은 공장 수", en="factories"),
        y_label=Text(ko="멘토 수", en="mentors"),
    )
    shares = sorted((100 * one["days"] / one["most"] if one["most"] else 0.0 for one in people), reverse=True)
    full = Chart(
        title=Text(ko="멘토의 시간이 얼마나 찹니까?", en="How much of each mentor's time is taken?"),
        x_kind="number",
        x=tuple(float(number) for number in range(1, len(people) + 1)),
        lines=(Line(name=Text(ko="찬 시간", en="time taken"), y=tuple(shares), look="line"),),
        x_label=Text(ko="멘토(많이 맡은 순서)", en="mentors, fullest first"),
        y_label=Text(ko="찬 시간", en="time taken"),
        y_unit="%",
    )
    return [("factories-of-mentors", chart_json(factories)), ("time-of-mentors", chart_json(full))]

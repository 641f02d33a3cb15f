"""Kinds of rows of the programme, for programs. Judges have calls of their own: nothing here is blind."""

from typing import Any

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind


def _check_mentor(values: dict[str, Any]) -> None:
    """What the optimiser reckons with."""
    skills, away = values.get("skills", {}), values.get("away", [])
    levels = list(skills.values()) if isinstance(skills, dict) else [None]
    if any(isinstance(one, bool) or not isinstance(one, int | float) or not 0 <= one <= 1 for one in levels):
        raise ValueError("skills: expected names with numbers from 0 to 1")
    spans = away if isinstance(away, list) else [None]
    if not all(isinstance(one, list) and len(one) == 2 and all(isinstance(day, str) for day in one) for one in spans):
        raise ValueError("away: expected pairs of first and last days")
    for name in ("languages", "conflicts"):
        given = values.get(name, [])
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise ValueError(f"{name}: expected a list of texts")


KINDS = (
    Kind(
        name="cohorts", model="programme.Cohort", scope="programme", organisation="organisation",
        title=Text(ko="기수", en="Cohorts"),
    ),
    Kind(
        name="calls", model="programme.Call", scope="programme", organisation="organisation",
        filters=("cohort", "support"), by_steps=True,
        title=Text(ko="공고", en="Calls"), listed=False,
    ),
    Kind(
        name="mentors", check=_check_mentor, model="programme.Mentor", scope="programme", organisation="organisation",
        filters=("region", "active", "leads"), title=Text(ko="멘토", en="Mentors"),
    ),
    Kind(
        name="applications", model="programme.Application", scope="programme", factory="factory",
        organisation="organisation", inner=("visitor", "feasibility", "report"), filters=("call", "stage"),
        kept_from_organisation={"stage": "draft"}, title=Text(ko="신청", en="Applications"), by_steps=True, listed=False,
    ),
    Kind(
        name="application-events", model="programme.StageEvent", scope="programme", factory="application__factory",
        organisation="organisation", identity=("application", "at", "stage"), inner=("by",),
        kept_from_organisation={"application__stage": "draft"}, filters=("application", "stage"),
        title=Text(ko="신청의 단계", en="Steps of applications"), by_steps=True,
    ),
    Kind(
        name="judgings", model="programme.Judging", scope="programme", organisation="organisation",
        identity=("application", "judge"), filters=("application",), title=Text(ko="평가", en="Points of the judges"),
        by_steps=True,
    ),
    Kind(
        name="milestones", model="programme.Milestone", scope="programme", factory="application__factory",
        organisation="organisation", identity=("application", "place"), filters=("application",),
        title=Text(ko="이정표", en="Milestones"), by_steps=True,
    ),
    Kind(
        name="claims", model="programme.Claim", scope="programme", factory="application__factory",
        organisation="organisation", filters=("application", "state"), title=Text(ko="청구", en="Claims"), by_steps=True,
    ),
    Kind(
        name="payments", model="programme.Payment", scope="programme", factory="application__factory",
        organisation="organisation", identity=("request",), filters=("application",), title=Text(ko="지급", en="Payments"),
        by_steps=True,
    ),
    Kind(
        name="papers", model="programme.Paper", scope="programme", factory="application__factory",
        organisation="organisation", hidden=("path", "blind", "named_in"), files="path", fresh={"path": str},
        kept_from_organisation={"application__stage": "draft"}, filters=("application",),
        title=Text(ko="서류", en="Documents of applications"), by_steps=True,
    ),
    Kind(
        name="level-answers", model="programme.LevelAnswer", scope="programme", factory="factory", listed=False,
        identity=("factory", "item", "source", "at"), filters=("item", "source"),
        title=Text(ko="단계 답", en="Answers to the rubric"), by_steps=True,
    ),
    Kind(
        name="level-marks", model="programme.LevelMark", scope="programme", factory="factory",
        identity=("factory", "day"), title=Text(ko="단계의 기록", en="Levels by day"), by_steps=True,
    ),
    Kind(
        name="standings", model="programme.Standing", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, identity=("factory",), filters=("cohort", "of_five"),
        title=Text(ko="공장별 현황", en="Where factories stand"), by_steps=True,
    ),
    Kind(
        name="plannings", model="programme.Planning", scope="programme", organisation="organisation", embedded=("job",),
        filters=("cohort",), title=Text(ko="배정 계획", en="Plans of the optimiser"), by_steps=True, listed=False,
    ),
    Kind(
        name="hands", model="programme.HandOnPlan", scope="programme", organisation="organisation",
        identity=("cohort", "factory", "mentor"), filters=("cohort", "pinned"),
        title=Text(ko="고정과 제외", en="Pins and vetoes"), by_steps=True, listed=False,
    ),
    Kind(
        name="offers", model="programme.Offer", scope="programme", organisation="organisation",
        filters=("planning", "mentor", "state"), title=Text(ko="멘토에게 물은 것", en="Questions to mentors"), by_steps=True,
    ),
    Kind(
        name="residencies", model="programme.Residency", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, filters=("mentor",), by_steps=True,
        title=Text(ko="상주", en="Residencies"),
    ),
    Kind(
        name="residency-notes", model="programme.ResidencyNote", scope="programme", factory="factory",
         filters=("residency", "kind"), title=Text(ko="상주 기록", en="Notes of residencies"),
        by_steps=True,
    ),
    Kind(
        name="residency-weeks", model="programme.ResidencyWeek", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, identity=("residency", "number"), filters=("residency",),
        title=Text(ko="상주 주별 계획", en="Weeks of residencies"), by_steps=True,
    ),
    Kind(
        name="tasks", model="programme.Task", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, filters=("residency", "kind"),
        title=Text(ko="할 일", en="Tasks"), by_steps=True,
    ),
    Kind(
        name="changes", model="programme.Change", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, filters=("residency",),
        title=Text(ko="바꾼 것", en="Before and after"), by_steps=True,
    ),
    Kind(
        name="hand-overs", model="programme.HandOver", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, filters=("residency",),
        title=Text(ko="넘겨준 것", en="What was handed over"), by_steps=True,
    ),
    Kind(
        name="proofs", model="programme.Proof", scope="programme", factory="factory",
        organisation="factory__organisation", branch=True, hidden=("path",), files="path",
        fresh={"path": str},
        title=Text(ko="사진과 서류", en="Photos and documents of residencies"), by_steps=True,
    ),
)  # fmt: skip

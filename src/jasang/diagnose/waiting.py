"""Days until the effect of a finding's action can be seen: one power calculation for the `check` of every rule."""

from dataclasses import replace

import numpy as np

from jasang.analyze.effects import LONGEST_WAIT, days_to_see
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Finding
from jasang.diagnose.metric_course import MetricCourse, metric_course

SHORTEST_DAYS = 7
FEWEST_SINCE = 40  # steps after the onset from which on they alone are the time before


def with_waiting_time(base: EvidenceBase, finding: Finding) -> Finding:
    """The finding with `check.days` at which the expected change is seen with 80 % power; unchanged where that cannot be told."""
    check = finding.check
    if check is None or not np.isfinite(check.expected) or check.expected == 0.0:
        return finding
    days = expected_days(base, finding)
    return finding if days is None else replace(finding, check=replace(check, days=days))


def expected_days(base: EvidenceBase, finding: Finding) -> int | None:
    """Calendar days to wait after the action, at least a week, at most `LONGEST_WAIT`; `None` without a course to judge by."""
    check = finding.check
    if check is None:
        return None
    reason = finding.causes[0].level if finding.causes else None
    course = metric_course(base, finding.subject, check.metric, reason=reason)
    if course is None or course.values.size < 10:
        return None
    since = None if finding.since is None else np.datetime64(finding.since.replace(tzinfo=None), "us")
    before, kept = _present(course, since)
    try:
        waiting = days_to_see(
            before,
            check.expected,
            controls=course.controls[kept] if course.controls.shape[1] else None,
            season=None if course.weekday is None else course.weekday[kept],
            shortest=1,
        )
    except ValueError:
        return None
    steps = waiting.days if waiting.days is not None else LONGEST_WAIT
    days = int(np.ceil(steps / max(course.per_day, 1e-9)))
    return int(np.clip(days, SHORTEST_DAYS, LONGEST_WAIT))


def _present(course: MetricCourse, since: np.datetime64 | None) -> tuple[np.ndarray, slice]:
    """The course as it will stand before the action: from the onset on, or all of it with the change taken out."""
    if since is None:
        return course.values, slice(None)
    place = course.place_of(since)
    if course.values.size - place >= FEWEST_SINCE:
        return course.values[place:], slice(place, None)
    if 0 < place < course.values.size:
        levelled = course.values.copy()
        levelled[:place] += float(levelled[place:].mean() - levelled[:place].mean())
        return levelled, slice(None)
    return course.values, slice(None)

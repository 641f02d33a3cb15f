"""Judges of the sample programme: most have given their points, some are still awaited, and the call's money draws a line."""

from datetime import date, timedelta
from random import Random

from jasang.web.programme.calls import CRITERIA
from jasang.web.programme.judging import JUDGES
from jasang.web.programme.models import Application, Call, Judging, Stage
from jasang.web.tenants.models import Role
from jasang.web.tenants.services import appoint, set_up_account

_NAMES = ("강태오", "문수진", "백승호", "서나래", "유정민", "차민규", "하보람")
_REPORT = {
    "found": "설비 상태는 좋으나 데이터를 손으로 적습니다. 담당자 한 명이 시간을 낼 수 있습니다.",
    "way": "센서를 달아 값을 모으고, 멘토와 함께 원인을 먼저 찾습니다.",
    "risks": "성수기와 겹치면 설치가 늦어질 수 있습니다.",
}
_WORDS = ("근거가 뚜렷합니다.", "계획이 구체적입니다.", "효과를 재는 방법이 더 필요합니다.", "대표의 의지가 큽니다.")


def judge_sample(draw: Random, applications: list[Application], call: Call, day: date) -> None:
    """Give the visited applications their reports and judges."""
    operator = call.organisation
    judges = [set_up_account(user_name=f"견본-심사위원 {name}", password=None)[0] for name in _NAMES]
    for judge in judges:
        appoint(user=judge, organisation=operator, role=Role.JUDGE)
    visited = [one for one in applications if one.stage == Stage.VISITED]
    for one in visited:
        one.visited_on, one.report = day - timedelta(days=draw.randrange(5, 40)), _REPORT
        one.feasibility = "할 만합니다. 작은 것부터 시작하면 반년 안에 효과를 볼 수 있습니다."
    Application.objects.of(operator).bulk_update(visited, ["visited_on", "report", "feasibility"], batch_size=200)
    rows = []
    for one in visited:
        level = draw.gauss(0.77, 0.07)
        late = draw.random() < 0.2
        for place, judge in enumerate(draw.sample(judges, JUDGES)):
            waits = late and place >= JUDGES - 2
            scores = {} if waits else {c["id"]: _points(draw, level, c["most"]) for c in CRITERIA}
            rows.append(
                Judging(organisation=operator, application=one, judge=judge, due_on=day + timedelta(days=12),
                        conflict=None if waits else False, scores=scores,
                        reasons={name: draw.choice(_WORDS) for name in scores},
                        points=None if waits else sum(scores.values()))
            )  # fmt: skip
    Judging.objects.of(operator).bulk_create(rows, batch_size=500)
    granted, asked = (sum(values) for values in ((one.granted for one in applications), (one.asked for one in visited)))
    call.budget = granted + asked * 6 // 10 or None
    call.save(update_fields=["budget"])


def _points(draw: Random, level: float, most: int) -> int:
    return min(most, max(0, round(most * draw.gauss(level, 0.06))))

"""Cases of the 365 centre: opened once, clocked by their events, routed by the rota, whole or absent."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from jasang.errors import WrongArguments
from jasang.web.center import events, services, serving
from jasang.web.center.clock import KINDS, clock_from, keep
from jasang.web.center.events import CaseOver
from jasang.web.center.models import Case, CaseState, Event, LetterOut, Priority
from jasang.web.tenants.services import set_up_factory

from .centre_people import account, agent_on_duty, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def again(case: Any) -> Any:
    return Case.objects.at(case.centre).get(pk=case.pk)


def test_case_is_opened_answered_and_solved(factory: Any, agent: Any) -> None:
    case = opened(factory)
    assert (case.number, case.state, case.agent, case.queue.name) == (1, CaseState.NEW, agent, "상담")
    assert case.answer_due - case.opened_at == timedelta(minutes=120)

    services.answer(case=case, user=agent.user, text="보압을 확인하세요.", step="asked")
    assert (again(case).state, again(case).due) == (CaseState.WAITING, None)

    services.customer_word(case=case, text="확인했습니다.", user=case.customer)
    now = again(case)
    assert (now.state, now.answer_due, now.due) == (CaseState.OPEN, None, now.solve_due)

    services.answer(case=case, user=agent.user, text="해결되었습니다.", step="solved")
    assert (again(case).state, again(case).due, again(case).reopened) == (CaseState.SOLVED, None, 0)
    assert services.rate(case=case, user=case.customer, stars=5)
    assert not services.rate(case=case, user=case.customer, stars=1)
    assert again(case).stars == 5

    services.customer_word(case=case, text="다시 멈췄습니다.", user=case.customer, channel="phone")
    assert (again(case).state, again(case).reopened) == (CaseState.OPEN, 1)


def test_kept_fields_are_those_of_the_clock_made_anew(factory: Any, agent: Any) -> None:
    """Property: whatever happens in whatever order, the fields kept with the case follow from its events alone."""
    draw = random.Random(20261123)
    steps = {
        "answer": lambda c: services.answer(case=c, user=agent.user, text="답", step=draw.choice(list(services.STEPS))),
        "word": lambda c: services.customer_word(case=c, text="말", user=c.customer),
        "note": lambda c: services.note(case=c, user=agent.user, text="메모"),
        "reopen": lambda c: services.reopen(case=c, user=agent.user),
        "resume": lambda c: services.resume(case=c, user=agent.user),
        "close": lambda c: services.close(case=c, user=agent.user),
        "terms": lambda c: services.change_terms(case=c, user=agent.user, priority=draw.choice(list(Priority))),
        "assign": lambda c: services.assign(case=c, agent=draw.choice([None, agent]), by=agent.user),
    }
    fields = ("state", "due", "answer_due", "solve_due", "answered_at", "solved_at", "reopened", "answer_late",
              "solve_late", "answer_minutes", "solve_minutes")  # fmt: skip
    for _ in range(12):
        case = opened(factory)
        for name in draw.choices(list(steps), k=draw.randint(1, 10)):
            steps[name](again(case))
        kept = again(case)
        made = Case(state=CaseState.NEW)
        rows = [
            row
            for row in Event.objects.of(factory)
            .filter(case=case)
            .order_by("place")
            .values_list("kind", "at", "place", "data")
            if row[0] in KINDS
        ]
        for number in range(len(rows)):
            keep(made, clock_from(rows[: number + 1]), rows[number][0])
        assert {name: getattr(kept, name) for name in fields} == {name: getattr(made, name) for name in fields}
        assert kept.events == Event.objects.of(factory).filter(case=case).count()


def test_same_telling_happens_once(factory: Any, agent: Any) -> None:
    case = opened(factory)
    for _ in range(3):
        services.customer_word(case=case, text="추가 내용", user=case.customer, once="form:1")

    assert Event.objects.of(factory).filter(case=case, kind="customer").count() == 1


def test_same_origin_opens_one_case(factory: Any, agent: Any) -> None:
    assert opened(factory, origin="finding:x").pk == opened(factory, origin="finding:x").pk
    assert Case.objects.of(factory).count() == 1


@pytest.mark.parametrize("write", range(12))
def test_case_is_whole_or_absent_when_it_breaks_between_two_writes(
    factory: Any, agent: Any, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """The n-th write to the database fails: afterwards nothing of the case is there, and the next one gets its number."""
    from django.db import connection

    count = iter(range(1000))

    class Broken(Exception):
        pass

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) and next(count) == write:
            raise Broken
        return execute(sql, params, many, context)

    kim = account("kim", "kim@a.example")
    try:
        with connection.execute_wrapper(fail):
            services.open_case(factory=factory, title="멈춤", text="섰습니다.", user=kim)
        broke = False
    except Broken:
        broke = True

    whole = (Case.objects.of(factory).count(), Event.objects.of(factory).count(), LetterOut.objects.of(factory).count())
    assert whole == ((0, 0, 0) if broke else (1, 2, 1))
    assert opened(factory).number == (1 if broke else 2)


def test_case_goes_to_who_is_on_duty_speaks_the_language_and_has_least_to_do(factory: Any, centre: Any) -> None:
    left = agent_on_duty(centre, "left")
    get_user_model().objects.filter(pk=left.user_id).update(is_active=False)
    busy, free = agent_on_duty(centre, "busy"), agent_on_duty(centre, "free")
    english = agent_on_duty(centre, "english", languages=["en"])
    serving.add_agent(user=account("off"), centre=centre, languages=["ko"])  # not on the rota
    agent_on_duty(centre, "away", away=True)
    services.assign(case=opened(factory, language="vi"), agent=busy, by=None)

    assert opened(factory).agent == free
    assert opened(factory, language="en").agent == english
    assert opened(factory, language="vi").agent is None


def test_finding_goes_to_the_queue_of_its_rule_and_to_its_skill(factory: Any, centre: Any) -> None:
    from jasang.web.center.routing import queue_for

    serving.add_queue(centre=centre, name="품질", place=1, rules=["shift_in_level"], skills=["SPC"])
    agent_on_duty(centre, "plain")
    skilled = agent_on_duty(centre, "skilled", skills=["SPC"])
    queue = queue_for(centre, rule="shift_in_level")

    assert (queue.name, queue_for(centre, rule="other").name) == ("품질", "상담")
    assert opened(factory, queue=queue).agent == skilled


def test_nearest_centre_serves_and_a_factory_without_one_is_told(factory: Any, centre: Any) -> None:
    assert serving.centre_of(factory).organisation == centre
    alone = set_up_factory(name="외톨이")
    assert serving.centre_of(alone) is None
    with pytest.raises(WrongArguments, match="No centre serves this factory"):
        opened(alone)


def test_merged_case_goes_on_in_the_other_one(factory: Any, agent: Any) -> None:
    first, second = opened(factory), opened(factory)
    services.merge(case=second, into=first, user=agent.user)
    services.customer_word(case=second, text="하나 더", user=second.customer)

    assert (again(second).state, again(second).merged_into_id) == (CaseState.MERGED, first.pk)
    assert Event.objects.of(factory).get(kind="customer").case_id == first.pk
    with pytest.raises(CaseOver):
        services.answer(case=second, user=agent.user, text="답")
    with pytest.raises(CaseOver):
        services.merge(case=first, into=first, user=agent.user)
    other = set_up_factory(name="다른 공장")
    other.organisation = factory.organisation
    other.save()
    with pytest.raises(CaseOver, match="same factory"):
        services.merge(case=opened(other), into=first, user=agent.user)


def test_split_link_tags_and_mention(factory: Any, centre: Any, agent: Any) -> None:
    colleague = agent_on_duty(centre, "colleague")
    case = opened(factory)
    made = services.split(case=case, user=agent.user, title="따로", text="다른 문제")
    services.link(case=case, other=made, user=agent.user)
    services.link(case=made, other=case, user=agent.user)
    services.tag(case=case, user=agent.user, tags=["사출", " 사출 ", ""])
    services.note(case=case, user=agent.user, text="@colleague 봐 주세요")

    assert (made.parent, made.customer, made.number) == (case, case.customer, 2)
    assert Event.objects.of(factory).filter(kind="link").count() == 2
    assert again(case).tags == ["사출"]
    assert LetterOut.objects.of(factory).filter(event__kind="mention").get().to == "colleague@centre.example"
    assert colleague.pk == Event.objects.of(factory).get(kind="mention").data["agent"]


def test_other_priority_brings_other_terms(factory: Any, agent: Any) -> None:
    case = opened(factory)
    services.change_terms(case=case, user=agent.user, priority=Priority.URGENT)

    now = again(case)
    assert (now.priority, now.answer_due - now.opened_at) == (Priority.URGENT, timedelta(minutes=30))


def test_event_of_one_telling_is_unique_in_the_database_too(factory: Any, agent: Any) -> None:
    case = opened(factory)
    services.customer_word(case=case, text="말", once="x")
    held = events.locked(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        events.record(held, "customer", once="x")


def test_loud_finding_opens_one_case_over_all_versions(
    factory: Any, agent: Any, hand_over: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jasang.web.floor.models import Finding, Severity

    diagnosis = hand_over(factory)
    loud = Finding.objects.of(factory).filter(diagnosis=diagnosis, severity=Severity.ACT).count()
    cases = list(Case.objects.of(factory))
    assert len(cases) == loud > 0
    assert {one.origin for one in cases} == {
        f"finding:{key}"
        for key in Finding.objects.of(factory).filter(severity=Severity.ACT).values_list("life__key", flat=True)
    }
    assert cases[0].carried["document"]["rule"]
    assert len(cases[0].carried["findings"]) == Finding.objects.of(factory).filter(diagnosis=diagnosis).count()

    hand_over(factory)  # the same again: a newer version

    assert Case.objects.of(factory).count() == loud


def test_finding_opens_nothing_where_the_factory_took_it_on_or_does_not_want_it(
    factory: Any, agent: Any, hand_over: Any
) -> None:
    serving.choose_from_findings(factory=factory, on=False)
    hand_over(factory)
    assert Case.objects.of(factory).count() == 0

    from jasang.web.floor import life
    from jasang.web.floor.models import FindingLife

    for one in FindingLife.objects.of(factory).select_related("factory"):
        life.accept(life=one, user=account("kim"))
    serving.choose_from_findings(factory=factory, on=True)
    hand_over(factory)
    assert Case.objects.of(factory).count() == 0


def test_case_carries_the_last_hours_of_the_signals(factory: Any, agent: Any, tmp_path: Any) -> None:
    from jasang.plant.reading import Reading, Signal
    from jasang.store import open_store
    from jasang.web.center.last_hours import last_hours

    store, now = open_store(tmp_path / "store"), datetime.now(UTC)
    store.describe([Signal(name="m.temperature", asset="m", unit="°C")])
    store.append(
        [
            Reading(
                signal="m.temperature",
                source_time=now - timedelta(minutes=9 - n),
                receive_time=now,
                value=float(n),
                quality=0,
            )
            for n in range(10)
        ]
    )
    store.close()
    factory.store = str(tmp_path / "store")

    signal = last_hours(factory)["signals"][0]
    assert (signal["name"], signal["unit"], signal["least"], signal["mean"], signal["most"], signal["last"]) == (
        "m.temperature", "°C", 0.0, 4.5, 9.0, 9.0,
    )  # fmt: skip

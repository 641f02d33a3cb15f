"""Asking a question of handed-over data: the form offers what is there, the worker answers, nobody else sees it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jasang.mentor.study_catalog import STUDIES
from jasang.web.floor import told
from jasang.web.floor.models import DiagnosedTable, Diagnosis, StandingStudy, StudyRun
from jasang.web.jobs import worker
from jasang.web.jobs.models import State

pytestmark = [pytest.mark.web, pytest.mark.django_db]

ROWS = "".join(
    f"2026-03-0{1 + place // 24} {place % 24:02}:00,{('긁힘', '기포', '긁힘')[place % 3]},{10 + place % 7}\n"
    for place in range(192)
)
TABLE = ("time,불량유형,pressure\n" + ROWS).encode()


@pytest.fixture
def table(factory: Any, member: Client) -> Any:
    """A diagnosed upload."""
    member.post(reverse("floor:files", args=[factory.key]), {"files": [SimpleUploadedFile("units.csv", TABLE)]})
    worker.work(until_empty=True)
    return DiagnosedTable.objects.of(factory).get()


def ask(client: Client, factory: Any, kind: str, **given: str) -> Any:
    return client.post(reverse("floor:ask", args=[factory.key, kind]), given)


def column_choice(page: str, name: str) -> str:
    """The value of the choice with that name in the form."""
    before = page.split(f">{name}</option>")[0]
    return before.rsplit('value="', 1)[1].split('"')[0]


def asked(client: Client, factory: Any, column: str = "불량유형") -> StudyRun:
    form = client.get(reverse("floor:ask", args=[factory.key, "pareto"])).content.decode()
    answer = ask(client, factory, "pareto", column=column_choice(form, column))
    run = StudyRun.objects.of(factory).latest("pk")
    assert answer.headers["Location"] == reverse("floor:study", args=[factory.key, run.key])
    return run


def test_columns_are_kept_with_their_roles(table: Any) -> None:
    assert [column["name"] for column in table.columns] == ["time", "불량유형", "pressure"]
    assert table.columns[0]["role"] == "time"


def test_a_question_is_answered_by_the_worker(factory: Any, member: Client, table: Any) -> None:
    run = asked(member, factory)
    page = reverse("floor:study", args=[factory.key, run.key])
    assert "hx-get" in member.get(page).content.decode()  # it asks for news until it is done

    worker.work(until_empty=True)

    shown = member.get(page).content.decode()
    assert "긁힘" in shown
    assert "192건 가운데" in shown
    assert "66.7 %" in shown
    assert "hx-get" not in shown
    run.refresh_from_db()
    assert run.result["studies"][0]["evidence"][0]["value"] == pytest.approx(128 / 192)
    assert "파레토" in member.get(reverse("floor:studies", args=[factory.key])).content.decode()


def test_what_cannot_be_answered_says_why(factory: Any, member: Client, table: Any) -> None:
    run = asked(member, factory)
    StudyRun.objects.of(factory).filter(pk=run.pk).update(options={"column": "nowhere"})

    worker.work(until_empty=True)

    shown = member.get(reverse("floor:study", args=[factory.key, run.key])).content.decode()
    run.refresh_from_db()
    assert (run.job.state, run.result) == (State.FAILED, None)
    assert "항목 &#x27;nowhere&#x27;가 없습니다" in shown


def test_a_column_that_is_not_there_cannot_be_asked_about(factory: Any, member: Client, table: Any) -> None:
    answer = ask(member, factory, "pareto", column="x\x1fy\x1fz")

    assert answer.status_code == 400
    assert StudyRun.objects.of(factory).count() == 0


def test_every_question_has_a_form_and_says_when_there_is_no_data(factory: Any, member: Client) -> None:
    for kind in STUDIES:
        page = member.get(reverse("floor:ask", args=[factory.key, kind.name])).content.decode()
        assert kind.question.ko in page
        assert "아직 여기에 쓸 데이터가 없습니다." in page


def test_strangers_find_nothing(factory: Any, member: Client, stranger: Client, table: Any) -> None:
    run = asked(member, factory)
    for address in (
        reverse("floor:studies", args=[factory.key]),
        reverse("floor:ask", args=[factory.key, "pareto"]),
        reverse("floor:study", args=[factory.key, run.key]),
    ):
        assert stranger.get(address).status_code == 404
    assert stranger.post(reverse("floor:cancel-study", args=[factory.key, run.key])).status_code == 404
    assert member.get(reverse("floor:ask", args=[factory.key, "no-such-question"])).status_code == 404


def test_a_waiting_question_can_be_cancelled(factory: Any, member: Client, table: Any) -> None:
    run = asked(member, factory)

    member.post(reverse("floor:cancel-study", args=[factory.key, run.key]))

    run.refresh_from_db()
    assert run.job.state == State.CANCELLED
    assert Diagnosis.objects.of(factory).get().job.state == State.DONE


def test_the_list_of_questions_costs_a_fixed_number_of_queries(
    factory: Any, member: Client, table: Any, django_assert_num_queries: Any
) -> None:
    asked(member, factory)
    page = reverse("floor:studies", args=[factory.key])
    member.get(page)
    with django_assert_num_queries(7):
        member.get(page)
    asked(member, factory)
    asked(member, factory)
    with django_assert_num_queries(7):
        member.get(page)


def test_standing_question_is_asked_of_every_new_version(
    factory: Any, member: Client, teammate: Client, table: Any
) -> None:
    run = asked(member, factory)
    worker.work(until_empty=True)
    page = reverse("floor:study", args=[factory.key, run.key])
    assert "새 판마다 이 질문을 하기" in member.get(page).content.decode()
    for browser in (member, teammate):  # the second takes it over
        assert browser.post(reverse("floor:stand", args=[factory.key, run.key])).headers["Location"] == page
    member.post(
        reverse("floor:files", args=[factory.key]),
        {"files": [SimpleUploadedFile("units.csv", TABLE + b"2026-03-09 00:00,x,11\n")]},
    )
    worker.work(until_empty=True)

    latest = StudyRun.objects.of(factory).select_related("diagnosis", "asked_by").latest("pk")
    assert (latest.diagnosis.version, latest.options, latest.asked_by.username) == (2, run.options, "teammate")
    assert latest.result is not None
    standing = StandingStudy.objects.of(factory).get()
    assert told.live_facts(factory).standing_analyses.value == 1
    standing.owner.memberships.all().delete()
    assert told.live_facts(factory).standing_analyses.value == 0  # who looked after it is gone
    member.post(reverse("floor:stop-standing", args=[factory.key, standing.key]))
    assert not StandingStudy.objects.of(factory).exists()


def test_stranger_makes_nothing_stand(factory: Any, member: Client, stranger: Client, table: Any) -> None:
    run = asked(member, factory)
    member.post(reverse("floor:stand", args=[factory.key, run.key]))
    standing = StandingStudy.objects.of(factory).get()

    assert stranger.post(reverse("floor:stand", args=[factory.key, run.key])).status_code == 404
    assert stranger.post(reverse("floor:stop-standing", args=[factory.key, standing.key])).status_code == 404
    assert StandingStudy.objects.of(factory).count() == 1

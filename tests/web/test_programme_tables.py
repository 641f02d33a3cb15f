"""Cohorts, mentors and calls as tables, out and in; goals and survey of a whole cohort."""

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from jasang.errors import UnreadableInput
from jasang.optimize.assignment.regions import REGIONS
from jasang.web.jobs.models import Job
from jasang.web.jobs.worker import work
from jasang.web.programme import cohorts, exchange
from jasang.web.programme.models import Call, Cohort, LevelAnswer, Mentor, Standing
from jasang.web.programme.sample import make_sample
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants.models import Factory, Organisation, Role
from jasang.web.tenants.services import appoint

from .programme_cast import account, browser

pytestmark = [pytest.mark.web, pytest.mark.django_db]


RUBBISH = [
    ("a.csv", b""), ("a.csv", b"\x00\x01\xff"), ("a.xlsx", b"PK\x03\x04rubbish"), ("a.json", b"{}"), ("a.json", b"[1]"),
    ("a.csv", b"a,a\n1,2"), ("a.xls", b"\xd0\xcf\x11\xe0"),
]  # fmt: skip


@pytest.fixture
def operator(db: None) -> Organisation:
    return make_sample(factories=8, mentors=3, seed=5)


@pytest.fixture
def runner(operator: Organisation) -> Any:
    user = account("runner")
    appoint(user=user, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    return user


@pytest.fixture
def cohort(operator: Organisation) -> Cohort:
    return Cohort.objects.of(operator).get()


def test_mentors_out_and_in_are_the_same(operator: Organisation, runner: Any) -> None:
    before = exchange.mentors(operator)
    rows = exchange.read_rows("mentors.csv", exchange.to_csv(before, list(before[0])))
    Mentor.objects.of(operator).update(region="", skills={}, days=1)

    told = exchange.import_mentors(by=runner, organisation=operator, rows=rows)

    assert (told.rows, told.made, told.changed, told.kept) == (3, 0, 3, True)
    assert exchange.mentors(operator) == before


def test_every_wrong_cell_is_named_and_nothing_is_kept(operator: Organisation, runner: Any) -> None:
    table = 'name,region,days,skill:data\n새 멘토,경기,100,0.5\n가,평양,1,0\n나,,400,0\n다,,1,2\n라,,"3,5",0\n'
    rows = exchange.read_rows("m.csv", table.encode("cp949"))
    told = exchange.import_mentors(by=runner, organisation=operator, rows=rows)

    regions = ", ".join(REGIONS)
    assert [one.en for one in told.wrong] == [
        f"Row 3: Region '평양'; expected one of {regions}.",
        "Row 4: column 'days': '400'; expected a whole number from 0 to 366.",
        "Row 5: column 'skill:data': '2'; expected 0 to 1.",
        "Row 6: column 'days': '3,5'; expected a whole number from 0 to 366.",
    ]  # fmt: skip
    assert (told.kept, Mentor.objects.of(operator).count()) == (False, 3)


def test_trying_keeps_nothing(operator: Organisation, runner: Any) -> None:
    told = exchange.import_mentors(by=runner, organisation=operator, rows=[{"name": "새 멘토"}], dry=True)

    assert (told.made, told.wrong, told.kept, Mentor.objects.of(operator).count()) == (1, (), False, 3)


def test_cohort_takes_factories_goals_and_survey_from_a_workbook(
    operator: Organisation, runner: Any, cohort: Cohort, tmp_path: Any
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    first, second = Factory.objects.filter(organisation__path__startswith=operator.path).order_by("pk")[:2]
    new = Factory.objects.create(name="새 공장", organisation=operator)
    book = openpyxl.Workbook()
    for row in (["factory", "name", "goal", "work_standard"], [first.key, "", 4, 3], ["", "새 공장", 2, ""]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)

    rows = exchange.read_rows("survey.xlsx", out.getvalue())
    told = exchange.import_cohort(by=runner, cohort=cohort, rows=rows)

    assert (told.rows, told.made, told.kept, told.wrong) == (2, 1, True, ())
    goals = dict(Standing.objects.under(operator).values_list("factory__name", "goal"))
    assert (goals[first.name], goals["새 공장"]) == (4, 2)
    assert LevelAnswer.objects.of(first).get(item="work_standard", source="mentor", evidence="survey").step == 3
    assert Standing.objects.of(new).get().cohort == cohort
    assert second.name in goals


def test_items_that_live_data_answer_are_not_taken_in(runner: Any, cohort: Cohort) -> None:
    with pytest.raises(UnreadableInput, match="answered by the factory's own data"):
        exchange.import_cohort(by=runner, cohort=cohort, rows=[{"factory": "x", "uptime": "5"}])


@pytest.mark.parametrize(("name", "content"), RUBBISH)
def test_rubbish_is_refused_with_a_sentence(name: str, content: bytes) -> None:
    with pytest.raises(UnreadableInput):
        exchange.read_rows(name, content)


def test_cells_that_look_like_formulas_are_made_harmless() -> None:
    made = exchange.to_csv([{"a": "=1+1", "b": "-5", "c": "@x"}], ["a", "b", "c"]).decode("utf-8-sig")

    assert made.splitlines()[1] == "'=1+1,-5,'@x"


def test_calls_out_and_in_as_json(operator: Organisation, runner: Any) -> None:
    rows = json.loads(exchange.as_json(exchange.calls(operator)))
    told = exchange.import_calls(by=runner, organisation=operator, rows=rows)

    assert (told.made, told.kept) == (1, True)
    first, second = Call.objects.of(operator).order_by("pk")
    assert (second.title, second.criteria, second.documents, second.most_won) == (
        first.title, first.criteria, first.documents, first.most_won,
    )  # fmt: skip
    assert second.published_at is None
    broken = [rows[0] | {"criteria": [{"id": "a"}]}, rows[0] | {"opens_on": "tomorrow"}]
    assert len(exchange.import_calls(by=runner, organisation=operator, rows=broken).wrong) == 2


@pytest.mark.parametrize("what", sorted(exchange.EXPORTS))
def test_every_table_goes_out_by_its_page(operator: Organisation, runner: Any, what: str) -> None:
    call = Call.objects.of(operator).get()
    address = reverse("programme:export", args=[operator.key, what]) + f"?call={call.key}"
    client = browser(runner)

    assert client.get(address).content.startswith("\ufeff".encode())
    assert isinstance(json.loads(client.get(f"{address}&as=json").content), list)
    assert client.get(reverse("programme:export", args=[operator.key, what]) + "?call=x").status_code == 404


def test_goals_are_all_kept_or_none(operator: Organisation, runner: Any, cohort: Cohort) -> None:
    keys = list(Standing.objects.under(operator).order_by("pk").values_list("factory__key", flat=True))
    assert cohorts.set_goals(by=runner, cohort=cohort, goals={keys[0]: 5, keys[1]: None}) == 2
    for goals in ({keys[0]: 1, keys[1]: 6}, {keys[0]: 1, "nobody": 1}):
        with pytest.raises(StepRefused):
            cohorts.set_goals(by=runner, cohort=cohort, goals=goals)
    assert Standing.objects.under(operator).get(factory__key=keys[0]).goal == 5
    assert cohorts.goals_one_up(by=runner, cohort=cohort) == 1


def test_page_of_a_cohort_sets_goals_and_tells_what_a_table_lacks(
    operator: Organisation, runner: Any, cohort: Cohort, django_assert_max_num_queries: Any
) -> None:
    client = browser(runner)
    address = reverse("programme:cohort", args=[operator.key, cohort.key])
    with django_assert_max_num_queries(11):
        assert client.get(address).status_code == 200
    key = Standing.objects.under(operator).first().factory.key
    client.post(reverse("programme:set-goals", args=[operator.key, cohort.key]), {f"goal-{key}": "5"})
    assert Standing.objects.under(operator).get(factory__key=key).goal == 5

    file = SimpleUploadedFile("t.csv", f"factory,goal\n{key},9\nnobody,1\n".encode())
    answer = client.post(reverse("programme:import-cohort", args=[operator.key, cohort.key]), {"file": file})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "2행: &#x27;goal&#x27; 열 &#x27;9&#x27;: 0부터 5까지의 정수여야 합니다." in page
    assert "3행: &#x27;nobody&#x27; 공장은 없습니다." in page


def test_factory_table_registers_factories(operator: Organisation, runner: Any) -> None:
    client = browser(runner)
    content = "name,region,employees\n가정밀,경기,30\n나금형,부산,\n".encode()
    address = reverse("programme:import-factories", args=[operator.key])
    for _ in range(2):  # the second time they are there already
        client.post(address, {"file": SimpleUploadedFile("f.csv", content), "organisation": operator.key})

    made = Factory.objects.filter(organisation=operator).order_by("name")
    assert list(made.values_list("name", "region", "employees")) == [("가정밀", "경기", 30), ("나금형", "부산", None)]
    link = client.post(reverse("programme:invite-owner", args=[operator.key, made[0].key])).content.decode()
    assert "/invitation/" in link


@pytest.mark.django_db(transaction=True)
def test_survey_runs_in_the_background_once(operator: Organisation, runner: Any, cohort: Cohort) -> None:
    Standing.objects.under(operator).update(goal=None, surveyed_on=None)
    first = cohorts.ask_for_survey(by=runner, cohort=cohort)
    assert cohorts.ask_for_survey(by=runner, cohort=cohort) == first
    assert (
        "hx-get" in browser(runner).get(reverse("programme:cohort", args=[operator.key, cohort.key])).content.decode()
    )

    work(until_empty=True)

    assert Job.objects.under(operator).get(pk=first.pk).state == "done"
    assert Standing.objects.under(operator).filter(goal=None).count() == 0
    assert Standing.objects.under(operator).filter(surveyed_on=None).count() == 0


def test_criteria_whose_id_is_no_text_are_refused_in_words() -> None:
    with pytest.raises(UnreadableInput, match="criteria"):
        exchange._lists({"criteria": [{"id": [], "name": "필요성", "most": 100}]})

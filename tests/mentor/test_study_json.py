"""A study as JSON and as a page: nothing lost, nothing that a browser would run, charts of every look accepted or refused."""

import json
from datetime import UTC, datetime

import pytest

from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.mentor.report.study_page import studies_page
from jasang.mentor.study_json import result_json
from jasang.plant.text import Text


def text(words: str) -> Text:
    return Text(ko=f"{words} 한글", en=words)


def study() -> Study:
    waterfall = Line(name=text("hours"), y=(8.0, 6.0), base=(0.0, 8.0), look="waterfall")
    return Study(
        kind="losses",
        title=text("Where did the time go?"),
        answer=text("Stops <b>took</b> 2 h."),
        subject=Subject(table="states.csv", asset="</script>"),
        evidence=(Evidence(name="oee", label=text("OEE"), value=0.61, low=0.58, high=float("nan"), unit="share"),),
        charts=(Chart(title=text("Where?"), x_kind="category", x=("planned", "stops"), lines=(waterfall,)),),
        tables=(StudyTable(title=text("By machine"), headings=(text("machine"), text("h")), rows=(("INJ-01", None),)),),
        actions=(Action(text=text("Mend it"), owner="maintenance"),),
        notes=(text("Breaks unknown"),),
    )


def test_the_json_holds_every_part_and_no_number_that_json_has_not() -> None:
    document = json.loads(
        json.dumps(result_json(StudyResult(factory="A", timezone="Asia/Seoul", studies=(study(),))), allow_nan=False)
    )
    found = document["studies"][0]
    assert document["format"] == "jasang.study/1"
    assert found["evidence"][0] == {
        "name": "oee", "value": 0.61, "low": 0.58, "high": None, "unit": "share", "label": {"ko": "OEE 한글", "en": "OEE"}
    }  # fmt: skip
    assert found["tables"][0]["rows"] == [["INJ-01", None]]
    assert found["charts"][0]["lines"][0]["base"] == [0, 8]
    assert found["actions"][0]["owner"] == "maintenance"


@pytest.mark.parametrize(("language", "words"), [("ko", "할 일"), ("en", "What to do")])
def test_the_page_shows_it_and_no_name_ends_a_script(language: str, words: str) -> None:
    result = StudyResult(factory="A", timezone="Asia/Seoul", studies=(study(),))
    page = studies_page(result, language, made=datetime(2026, 5, 1, tzinfo=UTC))  # type: ignore[arg-type]
    assert words in page
    assert "&lt;b&gt;took" in page
    assert "machine </script>" not in page
    assert page.count("</script>") == 1 + 2  # the chart's data, ECharts and our own script


def test_charts_and_tables_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="have a base"):
        Chart(title=text("?"), x_kind="number", x=(1.0,), lines=(Line(name=text("a"), y=(1.0,), look="band"),))
    with pytest.raises(ValueError, match="only heat lines"):
        Chart(title=text("?"), x_kind="number", x=(1.0,), lines=(Line(name=text("a"), y=(1.0,), look="heat"),))
    with pytest.raises(ValueError, match="1 cells under 2 headings"):
        StudyTable(title=text("t"), headings=(text("a"), text("b")), rows=(("x",),))

"""`jasang assign` and `jasang meet` on files: JSON and folders of CSV, output, and complaints that name the place."""

import json
from pathlib import Path

import pytest
from benchmarks.expo_instances import expo

from jasang.cli.main import main
from jasang.errors import UnreadableInput
from jasang.mentor.assign import open_assignment
from jasang.mentor.meet import open_meetings
from jasang.optimize.meetings import problem_record

FACTORIES = "id,region,need:process,days,weeks,sobujang,required\nF1,광주,1,10,6,예,data\nF2,서울,0.5,8,8,,\n"
MENTORS = (
    "id,region,skill:process,skill:data,days,away,knows,leads\nM1,광주,0.9,0.8,20,3-4; 9,F1,yes\nM2,서울,0.4,,20,,,no\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "factories.csv").write_bytes(FACTORIES.encode("cp949"))
    (tmp_path / "mentors.csv").write_text(MENTORS, encoding="utf-8-sig")
    (tmp_path / "plan.json").write_text('{"horizon": 24}', encoding="utf-8")
    return tmp_path


def test_folder_is_read(folder: Path) -> None:
    problem = open_assignment(folder)

    assert problem.horizon == 24
    assert (problem.factories[0].sobujang, problem.factories[0].required) == (True, ("data",))
    assert problem.mentors[0].away == ((3, 4), (9, 9))
    assert problem.mentors[1].skills == {"process": 0.4}


def test_assign_prints_json_and_writes_csv(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"

    status = main(["assign", str(folder), "--seconds", "5", "--json", "--csv", str(out)])

    answer = json.loads(capsys.readouterr().out)
    assert (status, answer["format"], answer["status"], answer["broken"]) == (0, "jasang.assigned/1", "optimal", [])
    assert [(one["factory"], one["mentors"], one["start"]) for one in answer["placements"]] == [
        ("F1", ["M1"], 10), ("F2", ["M2"], 1)
    ]  # fmt: skip
    assert out.read_text("utf-8-sig").splitlines()[1].startswith("F1,M1,10,")


def test_infeasible_exits_with_1_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "vetoes.csv").write_text("factory,mentor\nF1,M1\n", encoding="utf-8")

    status = main(["assign", str(folder), "--seconds", "5", "--lang", "ko"])

    out = capsys.readouterr().out
    assert status == 1
    assert "M1은 사람이 제외해서 F1에 갈 수 없습니다." in out
    assert "M2는 꼭 필요한 기술이 없어 F1에 갈 수 없습니다." in out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("factories.csv", "name\nF1\n", "factories.csv: the first line lacks the columns id (found: name)."),
        ("factories.csv", "id,days\nF1,many\n", "factories.csv:2: column 'days' is 'many'; expected a number."),
        ("factories.csv", 'id,days\nF1,"1,5"\n', "factories.csv:2: column 'days' is '1,5'; expected a number."),
        ("factories.csv", "id,dayz\nF1,3\n", "factories.csv: column 'dayz' is not known; expected one of: "),
        ("factories.csv", "id\nF1\nF1\n", "factory 'F1' is there twice; every id must be its own"),
        (
            "mentors.csv",
            "id,away\nM1,soon\n",
            "mentors.csv:2: column 'away' holds 'soon'; expected spans like '3-5; 20'.",
        ),
        ("mentors.csv", "id,region\nM1,Seoul\n", "mentor 'M1': region 'Seoul' is not known; expected one of 서울, "),
        ("plan.json", "{", "plan.json: line 1, column 2 cannot be read as JSON"),
        ("plan.json", '{"horizn": 3}', "horizn is not a known key. Did you mean 'horizon'?"),
        ("plan.json", '{"horizon": "long"}', "horizon is 'long'; expected a whole number."),
        ("pins.csv", "factory,mentor\nF9,M1\n", "pin ('F9', 'M1'): there is no factory 'F9'"),
    ],
)
def test_complaint_names_the_place(
    folder: Path, name: str, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_text(content, encoding="utf-8")

    status = main(["assign", str(folder), "--seconds", "5", "--lang", "en"])

    assert status == 1
    assert message in capsys.readouterr().err


def test_meet_plans_and_plans_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = expo(suppliers=60, buyers=15, days=1, slots=5, seed=1)
    path, before = tmp_path / "expo.json", tmp_path / "plan.json"
    path.write_text(json.dumps(problem_record(problem)), encoding="utf-8")

    assert main(["meet", str(path), "--json"]) == 0
    before.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["meet", str(path), "--plan", str(before), "--absent", "B0001,S0002", "--now", "1.2", "--json"]) == 0

    anew = json.loads(capsys.readouterr().out)
    assert (anew["format"], anew["broken"]) == ("jasang.meeting-plan/1", [])
    assert all("B0001" in pair or "S0002" in pair for pair in anew["cancelled"])
    assert not [one for one in anew["meetings"] if one["buyer"] == "B0001" and one["slot"] >= [1, 2]]


def test_meetings_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "suppliers.csv").write_text(
        "id,languages,away,max_per_day,no_show\nS1,ko; en,1.2,3,0.1\n", encoding="utf-8"
    )
    (tmp_path / "buyers.csv").write_text("id,languages\nB1,ja\n", encoding="utf-8")
    (tmp_path / "wishes.csv").write_text("supplier,buyer,by_supplier,by_buyer\nS1,B1,1,0.5\n", encoding="utf-8")
    (tmp_path / "plan.json").write_text('{"slots": [4], "tables": 3, "interpreters": [["ja", 1]]}', encoding="utf-8")

    problem = open_meetings(tmp_path)

    assert (problem.suppliers[0].away, problem.suppliers[0].max_per_day) == (((1, 2),), 3)
    assert (problem.wishes[0].by_buyer, problem.interpreters) == (0.5, (("ja", 1),))


def test_unknown_absent_party_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, before = tmp_path / "expo.json", tmp_path / "plan.json"
    path.write_text(json.dumps(problem_record(expo(suppliers=8, buyers=4, days=1, slots=5))), encoding="utf-8")
    main(["meet", str(path), "--json"])
    before.write_text(capsys.readouterr().out, encoding="utf-8")

    status = main(["meet", str(path), "--plan", str(before), "--absent", "nobody", "--lang", "en"])

    assert status == 1
    assert "absent 'nobody': there is no such supplier or buyer" in capsys.readouterr().err


def test_korean_columns_and_long_names_of_regions_are_read(tmp_path: Path) -> None:
    (tmp_path / "factories.csv").write_bytes(
        "공장,지역,일수,소부장,필수,언어,필요:가공\nF1,광주광역시,10,예,가공,ko,0.8\n".encode("cp949")
    )
    (tmp_path / "mentors.csv").write_text("멘토,시 도,일수,기술:가공,언어\nM1,강원특별자치도,20,0.9,ko; en\n", "utf-8")
    (tmp_path / "pins.csv").write_text("공장,멘토\nF1,M1\n", "utf-8")

    problem = open_assignment(tmp_path)

    factory, mentor = problem.factories[0], problem.mentors[0]
    assert (factory.id, factory.region, factory.days, factory.sobujang) == ("F1", "광주", 10.0, True)
    assert (factory.required, factory.language, factory.needs) == (("가공",), "ko", {"가공": 0.8})
    assert (mentor.id, mentor.region, mentor.skills, mentor.languages) == ("M1", "강원", {"가공": 0.9}, ("ko", "en"))
    assert problem.pins == (("F1", "M1"),)


def test_korean_columns_of_an_expo_are_read(tmp_path: Path) -> None:
    (tmp_path / "suppliers.csv").write_text("공급기업,언어,부재,하루최대,불참률\nS1,ko,1.2,2,0.1\n", "utf-8-sig")
    (tmp_path / "buyers.csv").write_text("바이어,언어\nB1,ko\n", "utf-8")
    (tmp_path / "wishes.csv").write_text("공급기업,바이어,공급기업 희망,바이어 희망\nS1,B1,1,0.5\n", "utf-8")
    (tmp_path / "plan.json").write_text('{"slots": [2], "tables": 1}', "utf-8")

    problem = open_meetings(tmp_path)

    assert [(one.id, one.away, one.max_per_day, one.no_show) for one in problem.suppliers] == [
        ("S1", ((1, 2),), 2, 0.1)
    ]
    assert [(one.supplier, one.buyer, one.by_supplier, one.by_buyer) for one in problem.wishes] == [
        ("S1", "B1", 1.0, 0.5)
    ]


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "factories.csv").write_text("id,공장,days\nF1,F2,3\n", "utf-8")
    with pytest.raises(UnreadableInput) as refused:
        open_assignment(tmp_path)
    assert refused.value.en == (
        f"{tmp_path / 'factories.csv'}: the columns 'id' and '공장' both are 'id'; expected one of them."
    )


def test_a_column_that_lacks_is_told_beside_the_names_that_the_file_has(tmp_path: Path) -> None:
    (tmp_path / "factories.csv").write_text("지역,일수\n광주,3\n", "utf-8")
    with pytest.raises(UnreadableInput) as refused:
        open_assignment(tmp_path)
    assert refused.value.en == f"{tmp_path / 'factories.csv'}: the first line lacks the columns id (found: 지역, 일수)."

"""`jasang campaign` from the plan to the status, and what it says of wrong input."""

import json
from pathlib import Path

import pytest

from jasang.cli.main import main
from jasang.optimize.campaigns import Campaign

PLAN = """
[campaign]
name = "press 3"
promise = 0.95
trial_cost = 10.0
gain_value = 1000.0
[settings.heat]
low = 180
high = 260
step = 0.5
[settings.time]
low = 2
high = 12
[goals.cost]
[specifications.strength]
low = 4.0
"""


def press(heat: float, time: float) -> tuple[float, float]:
    """Cost is least at 230 °C and 5 s; strength falls with the time saved."""
    return ((heat - 230) / 20) ** 2 + ((time - 5) / 3) ** 2, 4.0 + time - 0.02 * heat


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with plan.toml and history.csv."""
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    rows = [(200 + 1.5 * (place % 4) - place / 7, 9 + 0.2 * ((place * 5) % 7) - 0.6) for place in range(12)]
    lines = [f"2026-01-{i + 1:02d},{h},{t},{press(h, t)[0]},{press(h, t)[1]}" for i, (h, t) in enumerate(rows)]
    (tmp_path / "history.csv").write_text("day,heat,time,cost,strength\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def called(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status, what was printed, and what was complained of."""
    status = main(["campaign", *map(str, words), "--lang", "en"])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def begun(files: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A campaign begun from the files."""
    assert called(capsys, "new", files / "plan.toml", "--history", files / "history.csv")[0] == 0
    return files / "plan.json"


def test_campaign_followed_by_command_reaches_the_optimum(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = begun(files, capsys)
    for _ in range(6):
        trial = json.loads(called(capsys, "ask", file, "--json")[1])["trials"][0]
        cost, strength = press(**trial["settings"])
        words = (f"cost={cost}", f"strength={strength}")
        assert called(capsys, "tell", file, "--trial", trial["trial"], *words)[0] == 0

    status = json.loads(called(capsys, "status", file, "--report", files / "page.html", "--json")[1])

    assert status["format"] == "jasang.campaign-status/1"
    assert (status["records"], status["told"]) == (12, 6)
    assert press(**status["best"]["settings"])[0] < 0.05
    assert status["best"]["tells"] is True
    assert "press 3" in (files / "page.html").read_text(encoding="utf-8")


def test_open_trials_stay_until_they_are_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = begun(files, capsys)
    first = json.loads(called(capsys, "ask", file, "-n", "3", "--json")[1])["trials"]
    again = json.loads(called(capsys, "ask", file, "-n", "2", "--json")[1])["trials"]
    (files / "results.csv").write_text("trial,cost,strength,failed\n3,1.0,6.0,\n1,,,yes\n", encoding="utf-8")
    told = json.loads(called(capsys, "tell", file, "--results", files / "results.csv", "--json")[1])
    dropped = json.loads(called(capsys, "tell", file, "--drop", "--json")[1])

    assert [one["trial"] for one in first] == [1, 2, 3]
    assert again == first
    assert ([one["trial"] for one in told["trials"]], told["told"]) == ([2], 2)
    assert (dropped["trials"], dropped["told"]) == ([], 2)
    campaign = Campaign.from_record(json.loads(file.read_text(encoding="utf-8")))
    assert [trial.failed for trial in campaign.trials] == [False, True]
    assert campaign.trials[0].stated == first[2]["chance"]


def test_a_trial_set_otherwise_than_suggested_counts_with_what_was_set(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = begun(files, capsys)
    called(capsys, "ask", file)

    called(capsys, "tell", file, "heat=215", "cost=1.2", "strength=6.5")

    campaign = Campaign.from_record(json.loads(file.read_text(encoding="utf-8")))
    assert campaign.trials[0].settings["heat"] == 215.0
    assert campaign.trials[0].stated is None


def test_a_factory_folder_gives_settings_limits_and_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "factory.toml").write_text(
        '[factory]\nname = "대한정밀"\n[[tables]]\nfile = "units.csv"\nkind = "units"\ntime = "time"\n'
        '[columns.heat]\nrole = "setting"\nlower = 180.0\nupper = 260.0\n'
        '[columns.pause]\nrole = "setting"\nlower = 2.0\nupper = 12.0\n'
        '[columns.strength]\nrole = "quality"\nlower = 4.0\n[columns.cost]\nrole = "quality"\n',
        encoding="utf-8",
    )
    lines = []
    for row in range(120):
        heat, pause = 200 + 2 * (row // 10 % 4), 9 + 0.25 * (row // 10 % 3)
        cost, strength = press(heat, pause)
        stamp = f"2026-01-05 {8 + row // 60:02d}:{row % 60:02d}:00"
        lines.append(f"{stamp},{heat},{pause},{cost + 0.01 * (row % 10):.4f},{strength + 0.01 * (row % 7):.4f}")
    (tmp_path / "units.csv").write_text("time,heat,pause,cost,strength\n" + "\n".join(lines) + "\n", encoding="utf-8")

    status, _, complaint = called(capsys, "new", tmp_path, "--goal", "cost:min", "--promise", "0.9")

    assert (status, complaint) == (0, "")
    campaign = Campaign.from_record(json.loads((tmp_path / "campaign.json").read_text(encoding="utf-8")))
    assert [(one.name, one.low, one.high) for one in campaign.settings] == [("heat", 180, 260), ("pause", 2, 12)]
    assert [(one.outcome, one.low) for one in campaign.specifications] == [("strength", 4.0)]
    assert campaign.promise == 0.9
    assert len(campaign.history) == 12
    assert campaign.history[-1].outcomes["cost"] == pytest.approx(press(206, 9.5)[0] + 0.045, abs=1e-3)


@pytest.mark.parametrize(
    ("plan", "history", "expected"),
    [
        (PLAN.replace("step = 0.5", "stepp = 0.5"), None, "settings.heat.stepp is not a known key"),
        (PLAN.replace("high = 260", 'high = "hot"'), None, "settings.heat.high is 'hot'; expected a number"),
        (PLAN.replace("[goals.cost]", ""), None, "there is no [goals.NAME]; expected at least one"),
        (PLAN.replace("promise = 0.95", "promise = 2.0"), None, "expected a promise above 0.5 and below 1, got 2.0"),
        (PLAN, "heat,time,cost\n200,9,1.0\n201,abc,2\n", "row 3, column 'time': expected a number, found 'abc'"),
        (PLAN, "heat,cost,strength\n200,1,5\n201,2,6\n", "no column, or no value, for the settings time"),
        (PLAN, "heat,time,cost\n200,9,1.0\n201,8,2\n", "outcome 'strength': expected at least two measured values"),
        (PLAN, "heat,time,cost,strength\n200,9,1.0,5\n", "at least two records, got 1"),
    ],
)
def test_wrong_plan_or_history_is_named(
    files: Path, capsys: pytest.CaptureFixture[str], plan: str, history: str | None, expected: str
) -> None:
    (files / "plan.toml").write_text(plan, encoding="utf-8")
    if history is not None:
        (files / "history.csv").write_text(history, encoding="utf-8")

    status, _, complaint = called(capsys, "new", files / "plan.toml", "--history", files / "history.csv")

    assert status == 1
    assert expected in complaint
    assert not (files / "plan.json").exists()


def test_wrong_results_are_named_and_change_nothing(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = begun(files, capsys)
    called(capsys, "ask", file, "-n", "2")
    before = file.read_text(encoding="utf-8")

    complaints = [
        called(capsys, "tell", file, *words)[::2]
        for words in (
            ("--trial", 7, "cost=1"),
            ("cost=1",),
            ("--trial", 1, "cots=1"),
            ("--trial", 1, "cost=much"),
            (),
        )
    ]

    assert [status for status, _ in complaints] == [2] * 5
    assert "Trial 7 is not waiting for its result. Waiting are: 1, 2" in complaints[0][1]
    assert "Which trial gave this?" in complaints[1][1]
    assert "'cots=1': expected NAME=VALUE with one of the names: cost, strength, heat, time" in complaints[2][1]
    assert "'cost=much': expected a number, found 'much'" in complaints[3][1]
    assert file.read_text(encoding="utf-8") == before
    (files / "other.json").write_text('{"format": "jasang.findings/1"}', encoding="utf-8")
    assert (
        "found format 'jasang.findings/1', expected 'jasang.campaign/1'"
        in called(capsys, "ask", files / "other.json")[2]
    )


def test_a_result_told_wrongly_is_taken_back(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = begun(files, capsys)
    slip = f"If that was a slip: jasang campaign take-back {file} 2"
    called(capsys, "tell", file, "heat=210", "time=8", "cost=2.0", "strength=7.8")

    status, said, _ = called(capsys, "tell", file, "heat=2150", "time=8", "cost=1.2", "strength=7.7")
    assert (status, said) == (
        0, f"1 result noted; 0 trials waiting.\nheat 2150 lies outside its limits 180 to 260 and was noted as it is. {slip}\n",
    )  # fmt: skip
    assert called(capsys, "take-back", file, 3) == (2, "", "jasang: No result number 3 was told. Told are: 1–2\n")
    assert called(capsys, "take-back", file, 2)[:2] == (0, "Result 2 (heat 2150, time 8) taken back; 1 left.\n")
    assert [trial["settings"]["heat"] for trial in json.loads(file.read_text("utf-8"))["trials"]] == [210.0]
    said = "Result 1 (heat 210, time 8) taken back; 0 left. It waits again as trial 1.\n"
    assert called(capsys, "take-back", file, 1)[:2] == (0, said)
    assert (
        called(capsys, "tell", file, "--trial", 1, "cost=2.1", "strength=7.8")[1]
        == "1 result noted; 0 trials waiting.\n"
    )

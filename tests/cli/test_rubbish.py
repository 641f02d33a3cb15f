"""What is no factory's data gets one clear sentence, exit status 1, and leaves nothing behind. Through the real command line."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.rubbish import RUBBISH, Rubbish, shots, write_rows

from jasang.cli.main import main

HANGUL = re.compile(r"[가-힣]")
# Each starts the command anew (a second of imports), so only one of each way to fail.
THROUGH_THE_SHELL = [
    rubbish
    for rubbish in RUBBISH
    if rubbish.name
    in ("empty file", "random bytes", "10,000 columns", "NUL byte", "formula", "zip bomb", "broken Parquet", "infinity",
        "cut gzip", "folder without tables", "missing path", "factory.toml with a syntax error")
]  # fmt: skip


def jasang(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as a user calls it, with `folder`/tmp as its place for temporary files."""
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "jasang.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        cwd=folder,
        env=os.environ | {"TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below, with size and time of change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size if path.is_file() else 0, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.name != "tmp"
    }


@pytest.mark.parametrize("rubbish", THROUGH_THE_SHELL, ids=lambda rubbish: rubbish.name)
def test_rubbish_through_the_shell_leaves_nothing_behind(rubbish: Rubbish, tmp_path: Path) -> None:
    path = rubbish.write(tmp_path)
    before = listing(tmp_path)

    done = jasang("diagnose", path, "--lang", "en", "--report", "out.html", folder=tmp_path)

    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert [name for name in rubbish.names if not re.search(name, done.stderr)] == [], done.stderr
    assert listing(tmp_path) == before
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("rubbish", RUBBISH, ids=lambda rubbish: rubbish.name)
def test_rubbish_gets_one_sentence_in_each_language_and_status_1(
    rubbish: Rubbish, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = rubbish.write(tmp_path)
    before = listing(tmp_path)

    english = main(["diagnose", str(path), "--lang", "en", "--json"]), *capsys.readouterr()
    korean = main(["diagnose", str(path), "--lang", "ko"]), *capsys.readouterr()

    assert [english[:2], korean[:2]] == [(1, ""), (1, "")]
    assert [len(said[2].strip().splitlines()) for said in (english, korean)] == [1, 1], english
    assert [name for name in rubbish.names if not re.search(name, english[2])] == [], english
    assert re.search(rubbish.names[0], korean[2]), korean
    assert len(HANGUL.findall(korean[2])) >= 8, korean
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("diagnose",),
        ("diagnose", "a.csv", "--lang", "fr"),
        ("diagnose", "a.csv", "--jason"),
        ("diagnoze", "a.csv"),
        (),
    ],
    ids=" ".join,
)
def test_wrong_arguments_get_status_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = jasang(*arguments, folder=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert listing(tmp_path) == {}


@pytest.mark.parametrize("report", ["nowhere/out.html", "plant"], ids=["missing folder", "a folder"])
def test_report_that_cannot_be_written_is_told_before_the_work(report: str, tmp_path: Path) -> None:
    (tmp_path / "plant").mkdir()
    units = write_rows(tmp_path / "plant" / "units.csv", shots())
    before = listing(tmp_path)

    done = jasang("diagnose", units, "--lang", "en", "--report", report, folder=tmp_path)

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert report in done.stderr
    assert listing(tmp_path) == before


def test_an_unreadable_file_in_a_folder_is_named(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    plant.mkdir()
    write_rows(plant / "units.csv", shots())
    (plant / "broken.csv").write_bytes(b"")

    done = jasang("diagnose", plant, "--lang", "en", "--json", folder=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert re.search("broken.csv.*empty", done.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child process")
@pytest.mark.parametrize("patience", [0.6, 1.5, 2.5])
def test_ctrl_c_leaves_nothing_half_written(patience: float, tmp_path: Path) -> None:
    header, *rows = shots(4000)
    wide = [[*header, *(f"sensor_{place}" for place in range(60))]]
    wide += [[*row, *(f"{(7 * k + place) % 101 / 10}" for place in range(60))] for k, row in enumerate(rows * 15)]
    for k, row in enumerate(wide[1:]):
        row[0] = f"2025-{3 + k // 28800:02d}-{k // 1440 % 20 + 1:02d} {k // 60 % 24:02d}:{k % 60:02d}:00"
    units = write_rows(tmp_path / "units.csv", wide)
    (tmp_path / "tmp").mkdir()
    before = listing(tmp_path)
    running = subprocess.Popen(
        [sys.executable, "-m", "jasang.cli.main", "diagnose", str(units), "--lang", "en", "--report", "out.html"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip

    time.sleep(patience)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)

    assert running.returncode in (130, -signal.SIGINT), err
    assert "Traceback" not in err
    assert out == ""
    assert listing(tmp_path) == before

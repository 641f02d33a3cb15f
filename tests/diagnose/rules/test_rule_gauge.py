"""The rule `gauge` on files as factories write them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jasang.cli.main import main
from jasang.diagnose.finding import Severity
from jasang.mentor.diagnose import diagnose
from jasang.mentor.gauge import gauge_of


def write_study(path: Path, *, repeat: float, bias: float = 0.0, seed: int = 0) -> Path:
    """10 parts (sd 1 mm) × 3 operators × 3 trials; the third operator reads `bias` high."""
    generator = np.random.default_rng(seed)
    true = 25.0 + generator.standard_normal(10)
    rows = ["부품,측정자,회차,측정값(mm)"]
    for place, operator in enumerate(("김", "이", "박")):
        for trial in range(3):
            for part in range(10):
                value = true[part] + repeat * generator.standard_normal() + (bias if place == 2 else 0.0)
                rows.append(f"{part + 1},{operator},{trial + 1},{value:.3f}")
    path.write_text("\n".join(rows), "utf-8")
    return path


def found(path: Path) -> list[tuple[str, Severity]]:
    return [(one.rule, one.severity) for one in diagnose(path).findings if one.rule == "gauge"]


def test_good_gauge_is_quiet(tmp_path: Path) -> None:
    assert [found(write_study(tmp_path / "g.csv", repeat=0.03, seed=seed)) for seed in range(10)] == [[]] * 10


def test_poor_gauge_is_told_with_its_operator(tmp_path: Path) -> None:
    finding = next(one for one in diagnose(write_study(tmp_path / "g.csv", repeat=0.2, bias=0.9)).findings)

    assert (finding.rule, finding.severity, finding.subject.column) == ("gauge", Severity.ACT, "측정값(mm)")
    assert "측정자 박이 같은 부품을 평균보다" in finding.text.ko
    assert [one.name for one in finding.evidence][:2] == ["gauge_variation_share", "gauge_sigma"]
    assert len(finding.charts) == 3


def test_tolerance_of_factory_toml_decides(tmp_path: Path) -> None:
    write_study(tmp_path / "g.csv", repeat=0.2)
    table = '[[tables]]\nfile = "g.csv"\nkind = "gauge"\n[columns."측정값(mm)"]\nrole = "quality"\n'
    (tmp_path / "factory.toml").write_text(table + "lower = 20.0\nupper = 40.0\n", "utf-8")
    wide = found(tmp_path)
    (tmp_path / "factory.toml").write_text(table + "lower = 24.0\nupper = 26.0\n", "utf-8")

    assert (wide, found(tmp_path)) == ([], [("gauge", Severity.ACT)])


def test_aiag_example_is_to_be_used_with_care(real_data: Callable[[str], Path]) -> None:
    assert found(real_data("spc_textbook") / "aiag_gage_rr.csv") == [("gauge", Severity.WATCH)]


def test_verdicts_that_differ_are_told(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    rows = ["시료,검사자,반복,판정,기준"]
    for operator, miss in (("김", 0.0), ("이", 0.4)):
        for trial in range(3):
            for part in range(30):
                bad = part < 12
                said = "합격" if not bad or generator.random() < miss else "불합격"
                rows.append(f"{part + 1},{operator},{trial + 1},{said},{'불합격' if bad else '합격'}")
    (tmp_path / "g.csv").write_text("\n".join(rows), "utf-8")

    finding = next(one for one in diagnose(tmp_path / "g.csv").findings if one.rule == "gauge")

    assert (finding.severity, "검사자 이의" in finding.text.ko) == (Severity.ACT, True)


def test_command_answers_in_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_study(tmp_path / "g.csv", repeat=0.2)

    assert main(["gauge", str(path), "--lower", "20", "--upper", "30", "--lang", "ko"]) == 0
    assert "측정기를 믿을 수 있나?" in capsys.readouterr().out
    assert main(["gauge", str(path), "--lang", "en", "--json"]) == 0
    assert '"kind": "gauge"' in capsys.readouterr().out
    (tmp_path / "n.csv").write_text("a,b\n1,2\n3,4\n", "utf-8")
    assert main(["gauge", str(tmp_path / "n.csv"), "--lang", "en"]) == 2


def test_limits_of_the_command_outrank_those_of_the_factory(tmp_path: Path) -> None:
    made = gauge_of(write_study(tmp_path / "g.csv", repeat=0.2), lower=20.0, upper=32.0)

    share = next(one for one in made.studies[0].evidence if one.name == "gauge_tolerance_share")
    assert share.value == pytest.approx(6 * 0.2 / 12.0, rel=0.25)

"""`jasang experiment plan|power|analyse`: designed experiments from the plan to the confirmation run."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from jasang.cli.arguments import say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import check_report_path, print_study
from jasang.diagnose.study import StudyResult
from jasang.errors import Language, WrongArguments
from jasang.mentor.experiment import (
    analyse_experiment,
    experiment_of_table,
    experiment_power,
    make_experiment,
    take_results,
)
from jasang.mentor.experiment_file import Experiment, read_experiment, write_experiment
from jasang.mentor.experiment_json import analysis_json, plan_json, power_json
from jasang.mentor.experiment_plan import (
    DESIGNS,
    MODELS,
    ExperimentPlan,
    Outcome,
    factor_of_word,
    factors_of_folder,
    outcome_of_word,
    plan_of_parts,
    read_experiment_plan,
)
from jasang.mentor.experiment_plan_study import plan_result
from jasang.mentor.experiment_sheet import write_sheets
from jasang.mentor.experiment_study import analysis_result
from jasang.mentor.report.study_page import write_studies
from jasang.optimize.experiments import replicates_needed
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_WHOLE = ("runs", "resolution", "centre", "levels", "repeats", "blocks", "whole_plots", "seed")


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["experiment"]
    parser = commands.add_parser("experiment", help=say(words), description=say(words))
    kinds = parser.add_subparsers(dest="what", required=True, metavar="plan|power|analyse")
    plan = kinds.add_parser("plan", help=say(Text(ko="시험과 차례를 정하고 실험표를 씁니다", en="make runs and sheet")))
    power = kinds.add_parser("power", help=say(Text(ko="시험하기 전에 알아낼 확률을 봅니다", en="power before a run")))
    analyse = kinds.add_parser("analyse", help=say(Text(ko="결과를 분석합니다", en="analyse the results")))
    for one in (plan, power):
        _add_plan(one)
    out = Text(
        ko="실험 파일(기본: 이름.json). 실험표는 그 옆에 씁니다", en="the experiment (NAME.json); sheets beside it"
    )
    plan.add_argument("--out", type=Path, metavar="FILE.json", help=say(out))
    plan.add_argument(
        "--replace", action="store_true", help=say(Text(ko="있는 파일을 새로 씁니다", en="overwrite what is there"))
    )
    wanted = Text(ko="원하는 검출력(기본 0.8)", en="power wanted (0.8)")
    power.add_argument("--wanted", type=float, default=0.8, metavar="SHARE", help=say(wanted))
    _add_analyse(analyse)
    for kind in kinds.choices.values():
        kind.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로 출력", en="print JSON")))
        report = Text(ko="차트가 든 인쇄용 한 페이지를 씁니다", en="write one page with charts, fit to be printed")
        kind.add_argument("--report", type=Path, metavar="OUT.html", help=say(report))
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_words(parser: argparse.ArgumentParser) -> None:
    words = Text(
        ko="인자: 이름=하한:상한[:단위] 또는 이름=수준,수준. 이름 뒤 !는 바꾸기 어려움",
        en="factor: NAME=LOW:HIGH[:UNIT] or NAME=LEVEL,LEVEL; NAME! is hard to change",
    )
    parser.add_argument("--factor", action="append", default=[], metavar="F", help=say(words))
    words = Text(
        ko="결과: 이름:max, 이름:min 또는 이름:목푯값, 뒤에 :하한:상한",
        en="outcome: NAME:max, NAME:min or NAME:TARGET, limits behind as :LOW:HIGH",
    )
    parser.add_argument("--outcome", action="append", default=[], metavar="Y", help=say(words))


def _add_plan(parser: argparse.ArgumentParser) -> None:
    words = Text(ko="실험 TOML 또는 공장 폴더(없으면 --factor)", en="TOML of the experiment, or factory folder")
    parser.add_argument("source", type=Path, nargs="?", metavar="SOURCE", help=say(words))
    _add_words(parser)
    parser.add_argument("--name", metavar="NAME", help=say(Text(ko="실험 이름", en="name of the experiment")))
    parser.add_argument("--design", choices=DESIGNS, help=say(Text(ko="계획의 종류", en="kind of design")))
    parser.add_argument("--model", choices=MODELS, help=say(Text(ko="최적 계획의 모형", en="model of optimal designs")))
    for name in _WHOLE:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N")
    words = Text(ko="알아내고 싶은 가장 작은 차이", en="the least effect that matters, in the outcome's unit")
    parser.add_argument("--effect", type=float, metavar="E", help=say(words))
    parser.add_argument(
        "--sigma", type=float, metavar="S", help=say(Text(ko="시험 한 번의 표준편차", en="scatter of one run"))
    )
    words = Text(ko="폴더에서 인자로 쓸 설정, 쉼표로", en="settings of the folder to use, by commas")
    parser.add_argument("--settings", metavar="A,B", help=say(words))
    parser.add_argument("--table", metavar="FILE", help=say(Text(ko="표(파일 이름)", en="the table (its file)")))


def _add_analyse(parser: argparse.ArgumentParser) -> None:
    words = Text(ko="실험 파일(.json), 또는 시험마다 한 줄인 표", en="the experiment (.json), or a table, a row a run")
    parser.add_argument("source", type=Path, metavar="FILE", help=say(words))
    words = Text(ko="적어 넣은 실험표(기본: 옆의 .csv)", en="the filled run sheet (the .csv beside it)")
    parser.add_argument("--results", type=Path, metavar="SHEET", help=say(words))
    _add_words(parser)
    parser.add_argument(
        "--model", choices=("auto", *MODELS), default="auto", help=say(Text(ko="모형", en="model of the fit"))
    )
    words = Text(ko="확인 시험 결과: 결과=값,값", en="results of confirmation runs: OUTCOME=VALUE,VALUE")
    parser.add_argument("--confirm", action="append", default=[], metavar="Y=V,V", help=say(words))
    words = Text(ko="확인 시험의 설정(기본: 가장 좋은 설정)", en="settings of the confirmation runs (the best ones)")
    parser.add_argument("--at", action="append", default=[], metavar="F=V", help=say(words))
    words = Text(ko="최적점을 찾을 범위(1 = 하한~상한)", en="reach of the optimum in coded units (1 = low to high)")
    parser.add_argument("--reach", type=float, default=1.0, metavar="R", help=say(words))


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Do what was asked and show it."""
    if arguments.report is not None:
        check_report_path(arguments.report)
    {"plan": _plan, "power": _power, "analyse": _analyse}[arguments.what](arguments, language)
    return 0


def _plan(arguments: argparse.Namespace, language: Language) -> None:
    plan = _asked_plan(arguments)
    experiment = make_experiment(plan)
    target = arguments.out or Path(f"{plan.name}.json")
    if target.exists() and not arguments.replace:
        raise WrongArguments(
            ko=f"{target}: 이미 있습니다. 다른 이름을 --out으로 주거나 --replace로 새로 만드세요.",
            en=f"{target}: is there already. Give another name with --out, or make it anew with --replace.",
        )
    told = experiment_power(experiment, alpha=plan.alpha)
    write_experiment(target, experiment)
    sheets = write_sheets(experiment, target.parent, target.stem, language)
    _show(arguments, language, plan_result(experiment, told), plan_json(experiment, told))
    if not arguments.json:
        names = ", ".join(str(one) for one in sheets)
        done = Text(
            ko=f"{target}: 시험 {experiment.design.runs}번. 실험표: {names}",
            en=f"{target}: {experiment.design.runs} runs. Run sheets: {names}",
        )
        _say(done, language)


def _power(arguments: argparse.Namespace, language: Language) -> None:
    if arguments.source is not None and arguments.source.suffix.lower() == ".json":
        experiment, alpha = _restated(read_experiment(arguments.source), arguments), 0.05
    else:
        plan = _asked_plan(arguments)
        experiment, alpha = make_experiment(plan), plan.alpha
    told = experiment_power(experiment, alpha=alpha)
    needed = None
    if told and experiment.design.whole_plots is None:
        needed = replicates_needed(
            experiment.design, effect=told[0].effect, sigma=told[0].sigma, wanted=arguments.wanted, alpha=alpha
        )
    _show(arguments, language, plan_result(experiment, told), power_json(experiment, told, needed))
    if not arguments.json and told:
        many = Text(ko="20번보다 많이", en="more than 20 times") if needed is None else None
        ko, en = (many.ko, many.en) if many else (f"{needed}번", f"{needed} times")
        done = Text(
            ko=f"검출력 {arguments.wanted:g}에 닿으려면 전체를 {ko} 하세요.",
            en=f"For a power of {arguments.wanted:g} make the whole design {en}.",
        )
        _say(done, language)


def _analyse(arguments: argparse.Namespace, language: Language) -> None:
    noticed: tuple[str, ...] = ()
    if arguments.source.suffix.lower() == ".json":
        experiment = read_experiment(arguments.source)
        sheet = arguments.results or arguments.source.with_suffix(".csv")
        if arguments.results is not None or (experiment.told < experiment.design.runs and sheet.exists()):
            experiment, noticed = take_results(experiment, sheet)
    else:
        if not arguments.outcome:
            raise WrongArguments(
                ko="표를 분석하려면 결과 열을 --outcome으로 주세요(예: --outcome yield:max).",
                en="For a table name the results with --outcome (for example --outcome yield:max).",
            )
        experiment = experiment_of_table(arguments.source, _outcomes(arguments), _factors(arguments))
    analysis = analyse_experiment(
        experiment, model=arguments.model, confirmations=_confirmations(arguments.confirm), at=_settings(arguments.at),
        reach=arguments.reach, noticed=noticed,
    )  # fmt: skip
    _show(arguments, language, analysis_result(analysis), analysis_json(analysis))


def _asked_plan(arguments: argparse.Namespace) -> ExperimentPlan:
    """The plan of TOML, folder or words; options win over the file."""
    source: Path | None = arguments.source
    factors, outcomes = _factors(arguments), _outcomes(arguments)
    about = {name: getattr(arguments, name) for name in (*_WHOLE, "name", "design", "model")}
    about = {name: value for name, value in about.items() if value is not None}
    if source is not None and source.suffix.lower() == ".toml" and source.name != "factory.toml":
        plan = read_experiment_plan(source)
        parts = ("factors", "outcomes", "constraints")
        kept = {name: getattr(plan, name) for name in ExperimentPlan.__slots__ if name not in parts}
        return plan_of_parts(
            str(source),
            kept | about,
            {one.name: _row(one) for one in (factors or plan.factors)},
            {one.name: _row(one) for one in _stated(outcomes or plan.outcomes, arguments)},
            [{"weights": one.weights, "limit": one.limit} for one in plan.constraints],
        )
    if source is not None:
        only = [name.strip() for name in arguments.settings.split(",")] if arguments.settings else []
        factors, outcomes = factors_of_folder(source, outcomes, table=arguments.table, only=only)
    if not factors:
        raise WrongArguments(
            ko="인자를 --factor로, 또는 실험 TOML이나 공장 폴더를 주세요(예: --factor 온도=180:220:°C).",
            en="Give factors with --factor, a TOML file or a factory's folder (such as --factor temp=180:220:°C).",
        )
    about.setdefault("name", "experiment" if source is None else source.resolve().name)
    rows = {one.name: _row(one) for one in _stated(outcomes, arguments)}
    return plan_of_parts("--factor", about, {one.name: _row(one) for one in factors}, rows)


def _row(one: Any) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in type(one).__slots__ if name != "name"}
    return {name: value for name, value in found.items() if value is not None and value != ()}


def _stated(outcomes: Sequence[Outcome], arguments: argparse.Namespace) -> tuple[Outcome, ...]:
    """Outcomes with the effect and scatter of the options."""
    given = {name: getattr(arguments, name) for name in ("effect", "sigma") if getattr(arguments, name) is not None}
    if given and not outcomes:
        outcomes = (Outcome(name="y"),)
    try:
        return tuple(replace(one, **given) for one in outcomes)
    except ValueError as error:
        raise WrongArguments(ko=f"--sigma: {error}", en=f"--sigma: {error}") from error


def _restated(experiment: Experiment, arguments: argparse.Namespace) -> Experiment:
    return replace(experiment, outcomes=_stated(experiment.outcomes, arguments))


def _factors(arguments: argparse.Namespace) -> tuple[Any, ...]:
    return tuple(factor_of_word(word) for word in arguments.factor)


def _outcomes(arguments: argparse.Namespace) -> tuple[Outcome, ...]:
    return tuple(outcome_of_word(word) for word in arguments.outcome)


def _confirmations(words: Sequence[str]) -> dict[str, list[float]]:
    found = {}
    for word in words:
        name, sign, rest = word.rpartition("=")
        try:
            if not sign:
                raise ValueError(word)
            found[name] = [float(part) for part in rest.split(",")]
        except ValueError as error:
            raise WrongArguments(
                ko=f"--confirm {word}: 결과=값,값으로 쓰세요.", en=f"--confirm {word}: expected OUTCOME=VALUE,VALUE."
            ) from error
    return found


def _settings(words: Sequence[str]) -> dict[str, float | str] | None:
    if not words:
        return None
    found: dict[str, float | str] = {}
    for word in words:
        name, sign, value = word.rpartition("=")
        if not sign:
            raise WrongArguments(ko=f"--at {word}: 인자=값으로 쓰세요.", en=f"--at {word}: expected FACTOR=VALUE.")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found


def _show(arguments: argparse.Namespace, language: Language, result: StudyResult, document: dict[str, Any]) -> None:
    if arguments.report is not None:
        write_studies(result, arguments.report, language)
    if arguments.json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        return
    console = Console(soft_wrap=False, highlight=False)
    for study in result.studies:
        print_study(study, language, console)
    if arguments.report is not None:
        _say(Text(ko=f"보고서를 썼습니다: {arguments.report}", en=f"Report written: {arguments.report}"), language)


def _say(text: Text, language: Language) -> None:
    sys.stdout.write(text.in_language(language) + "\n")

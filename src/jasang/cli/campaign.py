"""`jasang campaign new|ask|tell|take-back|status`: better settings by few trials on the running line."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from jasang.cli.arguments import Parser, say
from jasang.cli.catalog import COMMANDS
from jasang.cli.show_study import check_report_path, print_study
from jasang.errors import Language
from jasang.mentor.campaign import (
    ask_campaign,
    campaign_status,
    new_campaign,
    outside_limits,
    settings_words,
    take_back,
    tell_campaign,
    value_words,
)
from jasang.mentor.campaign_file import SavedCampaign
from jasang.mentor.campaign_json import status_json, trials_json
from jasang.mentor.campaign_study import status_result
from jasang.mentor.report.study_page import write_studies
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


class _Mixed(Parser):
    """A parser that takes `NAME=VALUE` words anywhere, also behind options, which argparse refuses."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Set the words aside, parse the rest, and put them into `values`."""
        given = list(args or ())
        words = [word for word in given if "=" in word and not word.startswith("-")] if "tell" in self.prog else []
        found, unknown = super().parse_known_args([word for word in given if word not in words], namespace)
        if words:
            found.values = words
        return found, unknown


def add(commands: "_SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    words = COMMANDS["campaign"]
    parser = commands.add_parser("campaign", help=say(words), description=say(words))
    kinds = parser.add_subparsers(
        dest="what", required=True, metavar="new|ask|tell|take-back|status", parser_class=_Mixed
    )
    _add_new(kinds.add_parser("new", help=say(Text(ko="지난 기록에서 시작합니다", en="begin from records"))))
    _add_ask(kinds.add_parser("ask", help=say(Text(ko="다음 시험을 묻습니다", en="ask for the next trials"))))
    _add_tell(kinds.add_parser("tell", help=say(Text(ko="시험 결과를 알려 줍니다", en="tell the results of trials"))))
    words = Text(ko="잘못 알려 준 결과를 거둡니다", en="take back a result that was told wrongly")
    _add_take_back(kinds.add_parser("take-back", help=say(words)))
    _add_status(kinds.add_parser("status", help=say(Text(ko="지금까지를 봅니다", en="see how it stands"))))
    for kind in kinds.choices.values():
        kind.add_argument("--json", action="store_true", help=say(Text(ko="JSON으로 출력", en="print JSON")))
        kind.add_argument("--lang", choices=("ko", "en"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help=say(Text(ko="캠페인 파일(.json)", en="the campaign (.json)"))
    )


def _add_new(parser: argparse.ArgumentParser) -> None:
    words = Text(
        ko="시험 계획(.toml), 또는 factory.toml이 있는 공장 폴더",
        en="the plan (.toml), or a factory's folder with its factory.toml",
    )
    parser.add_argument("source", type=Path, metavar="PLAN.toml|FOLDER", help=say(words))
    words = Text(
        ko="지난 기록: 설정과 결과가 열로 있는 표", en="records: a table with settings and outcomes as columns"
    )
    parser.add_argument("--history", type=Path, metavar="CSV", help=say(words))
    words = Text(ko="쓸 파일(기본: 계획 이름.json)", en="file to write (default: the plan's name with .json)")
    parser.add_argument("--out", "-o", type=Path, metavar="FILE", help=say(words))
    words = Text(ko="있는 파일을 새로 만듭니다", en="begin anew where the file is there already")
    parser.add_argument("--replace", action="store_true", help=say(words))
    words = Text(ko="폴더일 때: 좋게 할 것, 예: cost:min", en="with a folder: what to improve, for example cost:min")
    parser.add_argument("--goal", action="append", default=[], metavar="NAME:min|max|TARGET", help=say(words))
    words = Text(
        ko="규격 안에 들 시험의 비율, 예: 0.95", en="share of trials that shall stay in specification, e.g. 0.95"
    )
    parser.add_argument("--promise", type=float, metavar="SHARE", help=say(words))
    words = Text(ko="같은 종류의 다른 설비의 캠페인 파일", en="the campaign of another machine of the same kind")
    parser.add_argument("--elsewhere", type=Path, nargs="+", default=[], metavar="FILE", help=say(words))
    parser.add_argument("--table", metavar="FILE", help=say(Text(ko="폴더일 때: 표", en="with a folder: the table")))
    parser.add_argument(
        "--asset", metavar="NAME", help=say(Text(ko="폴더일 때: 설비", en="with a folder: the machine"))
    )
    parser.add_argument(
        "--product", metavar="NAME", help=say(Text(ko="폴더일 때: 제품", en="with a folder: the product"))
    )


def _add_ask(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    words = Text(ko="함께 할 시험의 수(기본 1)", en="how many trials to make together (default 1)")
    parser.add_argument("-n", dest="count", type=int, default=1, metavar="N", help=say(words))


def _add_tell(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    words = Text(ko="결과, 예: cost=2.6 strength=12.9", en="results, for example cost=2.6 strength=12.9")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help=say(words))
    words = Text(
        ko="결과 표: 결과와, trial 번호나 설정이 열", en="a table of results: outcomes, and trial numbers or settings"
    )
    parser.add_argument("--results", type=Path, metavar="CSV", help=say(words))
    parser.add_argument("--trial", type=int, metavar="N", help=say(Text(ko="시험 번호", en="number of the trial")))
    words = Text(ko="제품이 나오지 않은 시험입니다", en="the trial gave no product")
    parser.add_argument("--failed", action="store_true", help=say(words))
    words = Text(ko="하지 않을 시험입니다", en="the trial will not be made")
    parser.add_argument("--drop", action="store_true", help=say(words))


def _add_take_back(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    words = Text(ko="결과의 번호(status의 '해 본 시험')", en="number of the result, as in the trials of status")
    parser.add_argument("place", type=int, metavar="N", help=say(words))


def _add_status(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    words = Text(ko="차트가 든 인쇄용 한 페이지를 씁니다", en="write one page with charts, fit to be printed")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help=say(words))


def run(arguments: argparse.Namespace, language: Language) -> int:
    """Do what was asked and show it."""
    steps = {"new": _new, "ask": _ask, "tell": _tell, "take-back": _take_back, "status": _status}
    steps[arguments.what](arguments, language)
    return 0


def _new(arguments: argparse.Namespace, language: Language) -> None:
    saved, target = new_campaign(
        arguments.source,
        history=arguments.history,
        out=arguments.out,
        goals=arguments.goal,
        elsewhere=arguments.elsewhere,
        promise=arguments.promise,
        replace_file=arguments.replace,
        table=arguments.table,
        asset=arguments.asset,
        product=arguments.product,
    )
    if arguments.json:
        _print_json(trials_json(saved))
        return
    count = len(saved.campaign.history)
    done = Text(
        ko=f"{target}: 기록 {count}개로 시작했습니다. 다음: jasang campaign ask {target}",
        en=f"{target}: begun with {count} records. Next: jasang campaign ask {target}",
    )
    _say(done, language)


def _ask(arguments: argparse.Namespace, language: Language) -> None:
    saved = ask_campaign(arguments.file, arguments.count)
    if arguments.json:
        _print_json(trials_json(saved))
        return
    _print_open(saved, language)
    first = saved.open_trials[0].number
    example = " ".join(f"{name}=…" for name in saved.campaign.outcomes)
    done = Text(
        ko=f"결과는: jasang campaign tell {arguments.file} --trial {first} {example}",
        en=f"The result: jasang campaign tell {arguments.file} --trial {first} {example}",
    )
    _say(done, language)


def _tell(arguments: argparse.Namespace, language: Language) -> None:
    saved, added = tell_campaign(
        arguments.file,
        results=arguments.results,
        values=arguments.values,
        trial=arguments.trial,
        failed=arguments.failed,
        drop=arguments.drop,
    )
    if arguments.json:
        _print_json(trials_json(saved))
        return
    count, waiting = len(added), len(saved.open_trials)
    done = Text(
        ko=f"시험 결과 {count}개를 적었습니다. 기다리는 시험 {waiting}개.",
        en=f"{count} result{'' if count == 1 else 's'} noted; {waiting} trial{'' if waiting == 1 else 's'} waiting.",
    )
    _say(done, language)
    first = len(saved.campaign.trials) - count + 1
    for place, trial in enumerate(added, start=first):
        for one in outside_limits(saved.campaign.settings, trial):
            number, low, high = value_words(trial.settings[one.name]), f"{one.low:g}", f"{one.high:g}"
            note = Text(
                ko=f"{one.name} {number}은(는) 한계 {low}–{high} 밖입니다. 그대로 적었습니다. 잘못 쓴 것이면: "
                f"jasang campaign take-back {arguments.file} {place}",
                en=f"{one.name} {number} lies outside its limits {low} to {high} and was noted as it is. If that was a slip: "
                f"jasang campaign take-back {arguments.file} {place}",
            )
            _say(note, language)


def _take_back(arguments: argparse.Namespace, language: Language) -> None:
    saved, trial = take_back(arguments.file, arguments.place)
    if arguments.json:
        _print_json(trials_json(saved))
        return
    words, left = settings_words(saved.campaign.settings, trial.settings), len(saved.campaign.trials)
    done = Text(
        ko=f"{arguments.place}번 결과({words})를 거뒀습니다. 남은 결과 {left}개.",
        en=f"Result {arguments.place} ({words}) taken back; {left} left.",
    )
    if saved.open_trials and saved.open_trials[-1].settings == trial.settings:
        number = saved.open_trials[-1].number
        done = Text(
            ko=f"{done.ko} {number}번 시험으로 다시 결과를 기다립니다.",
            en=f"{done.en} It waits again as trial {number}.",
        )
    _say(done, language)


def _status(arguments: argparse.Namespace, language: Language) -> None:
    if arguments.report is not None:
        check_report_path(arguments.report)
    status = campaign_status(arguments.file)
    result = status_result(status)
    if arguments.report is not None:
        write_studies(result, arguments.report, language)
    if arguments.json:
        _print_json(status_json(status))
        return
    console = Console(soft_wrap=False, highlight=False)
    console.print(Styled(result.factory, style="bold"))
    for study in result.studies:
        print_study(study, language, console)
    if arguments.report is not None:
        _say(Text(ko=f"보고서를 썼습니다: {arguments.report}", en=f"Report written: {arguments.report}"), language)


def _print_open(saved: SavedCampaign, language: Language) -> None:
    campaign, ko = saved.campaign, language == "ko"
    sheet = Table(box=None, pad_edge=False)
    for heading in (
        ("시험", "설정", "규격 안 확률", "기대되는 이득") if ko else ("trial", "settings", "in spec", "expected gain")
    ):
        sheet.add_column(heading, overflow="fold")
    for one in saved.open_trials:
        chance = f"{100 * one.chance:.1f} %" if campaign.specifications else "–"
        sheet.add_row(str(one.number), settings_words(campaign.settings, one.settings), chance, value_words(one.gain))
    Console(soft_wrap=False, highlight=False).print(sheet)


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _say(text: Text, language: Language) -> None:
    sys.stdout.write(text.in_language(language) + "\n")

"""The questions that may be asked of a factory's data, one entry each: what a page needs to ask them and to have them answered.

Only the analysis that is asked for is imported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from jasang.diagnose.study import StudyResult
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Progress, Text

Options = Mapping[str, str]
Answer = Callable[[Path, Options, Progress], StudyResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing to choose. `column`: a column of the data with one of `roles`; `choice`: one of `choices` (value, words)."""

    name: str
    label: Text
    asks: Literal["column", "number", "choice", "text", "day"]
    roles: tuple[Role, ...] = ()
    choices: tuple[tuple[str, Text], ...] = ()
    required: bool = False
    help: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyKind:
    """One question: its name (that of the command), its title, what it answers, and of which kinds of tables it may be asked.

    `answers` names the function, `"module:function"`, taking the path, the options as texts, and a watcher of progress.
    """

    name: str
    title: Text
    question: Text
    tables: tuple[Kind, ...]
    options: tuple[Option, ...]
    answers: str

    def answer(self, path: Path, options: Options, progress: Progress) -> StudyResult:
        """The answer for the data at `path`; raises JasangError where the data cannot give one."""
        module, function = self.answers.split(":")
        ask: Answer = getattr(import_module(module), function)
        return ask(path, options, progress)


_NAMES = (Role.PRODUCT, Role.ASSET, Role.CONTEXT, Role.REASON, Role.STATE, Role.DEFECT)

STUDIES: tuple[StudyKind, ...] = (
    StudyKind(
        name="chart",
        title=Text(ko="관리도", en="Control chart"),
        question=Text(ko="공정이 안정되어 있는가?", en="Is the process in control?"),
        tables=(Kind.UNITS, Kind.SIGNALS),
        options=(
            Option(
                name="column",
                label=Text(ko="볼 항목", en="Column to chart"),
                asks="column",
                roles=(Role.QUALITY, Role.SENSOR, Role.SETTING, Role.ENERGY, Role.DEFECT, Role.COUNT),
                required=True,
            ),
            Option(
                name="baseline",
                label=Text(ko="기준 기간", en="Baseline"),
                asks="text",
                help=Text(ko="예: 2026-03-01..2026-03-14", en="for example 2026-03-01..2026-03-14"),
            ),
            Option(
                name="rules",
                label=Text(ko="판정 규칙", en="Run rules"),
                asks="choice",
                choices=(
                    ("", Text(ko="웨스턴 일렉트릭(1, 2, 5, 6번)", en="Western Electric (1, 2, 5, 6)")),
                    ("nelson", Text(ko="넬슨 8가지", en="Nelson's eight")),
                    ("1", Text(ko="관리한계만", en="limits only")),
                ),
            ),
        ),
        answers="jasang.mentor.chart:answer",
    ),
    StudyKind(
        name="energy",
        title=Text(ko="전기", en="Energy"),
        question=Text(
            ko="전기는 어디에 쓰고 요금은 무엇이 정하나?",
            en="Where does the electricity go, and what decides the bill?",
        ),
        tables=(Kind.SIGNALS, Kind.STATES, Kind.UNITS),
        options=(),
        answers="jasang.mentor.energy:answer",
    ),
    StudyKind(
        name="capability",
        title=Text(ko="공정능력", en="Capability"),
        question=Text(ko="규격을 지킬 능력이 있나?", en="Is the process capable?"),
        tables=(Kind.UNITS, Kind.SIGNALS),
        options=(
            Option(
                name="column",
                label=Text(ko="항목", en="Column"),
                asks="column",
                roles=(Role.QUALITY, Role.SENSOR),
                required=True,
            ),
            Option(name="lower", label=Text(ko="규격 하한", en="Lower limit"), asks="number"),
            Option(name="upper", label=Text(ko="규격 상한", en="Upper limit"), asks="number"),
            Option(name="target", label=Text(ko="목표값", en="Target"), asks="number"),
            Option(name="by", label=Text(ko="나누어 볼 항목", en="Compare by"), asks="column", roles=_NAMES),
        ),
        answers="jasang.mentor.capability:answer",
    ),
    StudyKind(
        name="gauge",
        title=Text(ko="측정 시스템 분석", en="Gauge study"),
        question=Text(ko="측정기를 믿을 수 있나?", en="Can the gauge be trusted?"),
        tables=(Kind.GAUGE,),
        options=(
            Option(name="lower", label=Text(ko="규격 하한", en="Lower limit"), asks="number"),
            Option(name="upper", label=Text(ko="규격 상한", en="Upper limit"), asks="number"),
        ),
        answers="jasang.mentor.gauge:answer",
    ),
    StudyKind(
        name="pareto",
        title=Text(ko="파레토", en="Pareto"),
        question=Text(
            ko="불량 유형이나 정지 사유 가운데 무엇이 가장 많은가?",
            en="Which kind of defect or reason of stop happens most?",
        ),
        tables=(Kind.UNITS, Kind.STATES, Kind.ORDERS),
        options=(
            Option(
                name="column",
                label=Text(ko="셀 항목", en="Column to count"),
                asks="column",
                roles=_NAMES,
                required=True,
            ),
            Option(
                name="only",
                label=Text(ko="무엇을 셀까?", en="What to count"),
                asks="choice",
                choices=(("", Text(ko="모두", en="everything")), ("bad", Text(ko="불량만", en="defects only"))),
            ),
        ),
        answers="jasang.mentor.pareto:answer",
    ),
    StudyKind(
        name="causes",
        title=Text(ko="원인", en="Causes"),
        question=Text(
            ko="불량이나 품질이 무엇과 함께 움직이고, 어느 범위를 지켜야 하는가?",
            en="What do defects or a quality move with, and which window should be held?",
        ),
        tables=(Kind.UNITS,),
        options=(
            Option(
                name="outcome",
                label=Text(ko="설명할 열", en="Column to explain"),
                asks="column",
                roles=(Role.DEFECT, Role.QUALITY),
            ),
        ),
        answers="jasang.mentor.causes:answer",
    ),
    StudyKind(
        name="recommend",
        title=Text(ko="설정 추천", en="Recommended settings"),
        question=Text(ko="지금보다 나은 설정은?", en="Which settings would be better than today's?"),
        tables=(Kind.UNITS,),
        options=(
            Option(
                name="target",
                label=Text(ko="좋게 할 열(비우면 판정)", en="Column to improve (empty: the verdict)"),
                asks="column",
                roles=(Role.DEFECT, Role.QUALITY, Role.ENERGY),
            ),
            Option(
                name="direction",
                label=Text(ko="방향", en="Direction"),
                asks="choice",
                choices=(
                    ("", Text(ko="열에서 알아냄", en="known from the column")),
                    ("min", Text(ko="작을수록 좋음", en="less is better")),
                    ("max", Text(ko="클수록 좋음", en="more is better")),
                ),
            ),
            Option(name="product", label=Text(ko="제품", en="Product"), asks="text"),
        ),
        answers="jasang.mentor.recommend:answer",
    ),
    StudyKind(
        name="losses",
        title=Text(ko="시간 손실", en="Losses"),
        question=Text(
            ko="설비의 계획 시간은 어디로 갔고 OEE는 얼마인가?",
            en="Where did the planned time of the machines go, and what is the OEE?",
        ),
        tables=(Kind.UNITS, Kind.STATES, Kind.ORDERS),
        options=(
            Option(name="asset", label=Text(ko="설비", en="Machine"), asks="text"),
            Option(name="from", label=Text(ko="이날부터", en="From"), asks="day"),
            Option(name="to", label=Text(ko="이날까지", en="To"), asks="day"),
        ),
        answers="jasang.mentor.losses:answer",
    ),
    StudyKind(
        name="monitor",
        title=Text(ko="감시", en="Monitor"),
        question=Text(
            ko="언제 여러 신호가 함께 평소와 달랐고, 어디서 시작됐나?",
            en="When were the signals unusual together, and where did it begin?",
        ),
        tables=(Kind.SIGNALS, Kind.UNITS),
        options=(
            Option(name="asset", label=Text(ko="설비", en="Machine"), asks="text"),
            Option(name="from", label=Text(ko="정상 기간의 첫날", en="First normal day"), asks="day"),
            Option(name="to", label=Text(ko="정상 기간의 끝날", en="Last normal day"), asks="day"),
        ),
        answers="jasang.mentor.monitor:answer",
    ),
    StudyKind(
        name="warn",
        title=Text(ko="조기 경보", en="Early warning"),
        question=Text(ko="불량을 미리 알 수 있는가?", en="Can bad units be known in time?"),
        tables=(Kind.UNITS,),
        options=(
            Option(
                name="false_warning", label=Text(ko="헛경보 한 번의 비용", en="Cost of a false warning"), asks="number"
            ),
        ),
        answers="jasang.mentor.early_warning:answer",
    ),
    StudyKind(
        name="life",
        title=Text(ko="남은 수명", en="Remaining life"),
        question=Text(ko="얼마나 더 가고, 언제 한계에 닿는가?", en="How long will it last, when is a limit reached?"),
        tables=(Kind.UNITS, Kind.SIGNALS),
        options=(
            Option(
                name="counter",
                label=Text(ko="바꿀 때 0이 되는 사용량", en="Use since the last replacement"),
                asks="column",
                roles=(Role.SENSOR, Role.COUNT, Role.SETTING, Role.CONTEXT),
            ),
            Option(
                name="column",
                label=Text(ko="또는 닳아 가는 값", en="Or a wearing quantity"),
                asks="column",
                roles=(Role.SENSOR, Role.QUALITY, Role.ENERGY),
            ),
            Option(name="limit", label=Text(ko="그 값의 한계", en="Its limit"), asks="number"),
        ),
        answers="jasang.mentor.remaining_life:answer",
    ),
    StudyKind(
        name="batches",
        title=Text(ko="황금 배치", en="Golden batch"),
        question=Text(
            ko="어느 배치가 좋은 배치의 길에서 벗어났고, 언제 어느 신호에서였나?",
            en="Which batches left the course of the good ones, when, and in which signal?",
        ),
        tables=(Kind.SIGNALS, Kind.UNITS),
        options=(
            Option(
                name="batch",
                label=Text(ko="배치 번호", en="Batch number"),
                asks="column",
                roles=(Role.ID, Role.CONTEXT, Role.COUNT, Role.PRODUCT),
            ),
            Option(name="asset", label=Text(ko="설비", en="Machine"), asks="text"),
            Option(name="show", label=Text(ko="자세히 볼 배치", en="Batch to look at"), asks="text"),
        ),
        answers="jasang.mentor.batches:answer",
    ),
    StudyKind(
        name="similar",
        title=Text(ko="닮은 때", en="Similar periods"),
        question=Text(
            ko="전에 언제 이랬고, 그다음 무엇이 뒤따랐나?", en="When was it like this before, and what came next?"
        ),
        tables=(Kind.SIGNALS, Kind.UNITS),
        options=(
            Option(
                name="at",
                label=Text(ko="끝 시각", en="Ends at"),
                asks="text",
                help=Text(
                    ko="예: 2026-03-01T14:30, 비우면 기록의 끝", en="for example 2026-03-01T14:30; empty: the latest"
                ),
            ),
            Option(name="hours", label=Text(ko="길이(시간)", en="Hours"), asks="number"),
            Option(name="asset", label=Text(ko="설비", en="Machine"), asks="text"),
        ),
        answers="jasang.mentor.similar:answer",
    ),
)


def study_kind(name: str) -> StudyKind:
    """The question of that name; `KeyError` where there is none."""
    return {kind.name: kind for kind in STUDIES}[name]

"""The commands with what they do, in the order of the help page. Each is the module of that name in this folder.

Only the command that is called is imported: a second of numerical libraries is not spent on showing a version.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from jasang.plant.text import Text

COMMANDS: Mapping[str, Text] = {
    "diagnose": Text(ko="파일이나 폴더를 진단합니다", en="diagnose a file or a folder"),
    "fleet": Text(ko="많은 공장을 한꺼번에 진단합니다", en="diagnose many factories at once"),
    "inspect": Text(ko="열의 역할을 짐작해 보여 줍니다", en="show what each column was guessed to be"),
    "chart": Text(
        ko="관리도를 그려 공정이 안정되어 있는지 봅니다(어느 관리도가 맞는지는 데이터가 정합니다)",
        en="a control chart: is the process in control? (which chart fits is chosen from the data)",
    ),
    "capability": Text(
        ko="공정이 규격을 지킬 능력이 있는지 봅니다(Cp, Cpk, Pp, Ppk, Cpm, 예상 불량)",
        en="is the process capable (Cp, Cpk, Pp, Ppk, Cpm, expected rejects)",
    ),
    "gauge": Text(
        ko="측정기를 믿을 수 있는지 봅니다(게이지 R&R, 치우침·선형성, 판정 일치도)",
        en="can the gauge be trusted (gauge R&R, bias and linearity, agreement of verdicts)",
    ),
    "pareto": Text(
        ko="불량 유형이나 정지 사유처럼 이름이 든 항목에서 무엇이 가장 많은지 봅니다",
        en="what happens most: kinds of defects, reasons of stops",
    ),
    "energy": Text(
        ko="전기를 어디에 쓰는지 봅니다: 기저 부하, 밤, 최대 수요전력과 요금, 대기 전력, 1개당 전력",
        en="where the electricity goes: base load, nights, peaks and the bill, idle machines, energy per piece",
    ),
    "verify": Text(
        ko="조치가 효과가 있었는지, 조치하지 않았을 때와 견주어 봅니다",
        en="did an action help, against what would have been without it",
    ),
    "causes": Text(
        ko="불량이나 품질이 무엇과 함께 움직이는지, 어느 범위를 지켜야 하는지 봅니다",
        en="what defects or a quality move with, and the window to hold",
    ),
    "recommend": Text(
        ko="지난 기록에서 지금보다 나은 설정을 제품마다 찾고, 없거나 모르면 그렇다고 말합니다",
        en="settings better than today's from the record, for each product; or that the data cannot tell",
    ),
    "losses": Text(
        ko="설비의 시간이 어디로 가는지 봅니다: OEE, 여섯 가지 큰 손실, 순간정지, 교체, MTBF·MTTR, 병목",
        en="where machine time goes: OEE, six big losses, minor stops, changeovers, MTBF and MTTR, bottleneck",
    ),
    "warn": Text(ko="불량을 미리 알 수 있는지 따지고 경보를 냅니다", en="can bad units be known in time; warn of them"),
    "life": Text(ko="얼마나 더 가는지, 언제 한계에 닿는지 봅니다", en="how long will it last, when is a limit reached"),
    "monitor": Text(
        ko="여러 신호를 함께 감시합니다: 정상을 배우고(train), 평소와 다른 때를 알립니다(run)",
        en="watch many signals together: learn what is normal (train), tell what is not (run)",
    ),
    "batches": Text(
        ko="배치(사이클)를 잘 나온 배치의 흐름과 견주어, 어느 배치가 언제 어느 신호에서 벗어났는지 봅니다",
        en="compare batches or cycles with the golden course: which left it, when, and in which signal",
    ),
    "similar": Text(
        ko="지금(또는 어느 때)과 가장 닮았던 때를 찾고, 그다음 무엇이 뒤따랐는지 셉니다",
        en="find the times most like now (or like a moment), and count what followed them",
    ),
    "campaign": Text(
        ko="적은 시험으로 더 나은 설정을 찾습니다: 다음에 무엇을 시험할지, 규격 안에 들 확률, 언제 그만둘지",
        en="better settings by few trials: what to try next, how likely it stays in specification, when to stop",
    ),
    "experiment": Text(
        ko="실험 계획: 어떤 시험을 어떤 차례로 할지, 무엇을 알아낼지, 결과가 무엇을 말하는지",
        en="designed experiments: which runs in which order, what they can tell, and what the results say",
    ),
    "assign": Text(
        ko="멘토(또는 세 명 팀)를 공장에 배정하고, 왜 그렇게 했는지 보여 줍니다",
        en="send mentors, or teams of three, to factories, and show why",
    ),
    "meet": Text(
        ko="박람회 상담 시간표를 짜고, 오지 않은 사람이 있으면 그날 다시 짭니다",
        en="plan the meetings of an expo, and plan anew on the day when somebody does not come",
    ),
    "level": Text(
        ko="공장의 단계와 다음 단계까지 할 일 세 가지", en="a factory's level and three things between it and the next"
    ),
    "schedule": Text(ko="주문을 설비에 언제 할지 계획합니다", en="plan which order runs when on which machine"),
    "connect": Text(ko="기계를 살펴보고 연결을 적고 시험합니다", en="look at a machine, write and try its connection"),
    "collect": Text(ko="기계에서 값을 수집합니다", en="collect from machines"),
    "write": Text(
        ko="설정을 기계에 씁니다: 제안 → 다른 사람의 승인 → 쓰기 → 지켜보기 → 나빠지면 되돌리기",
        en="write settings to a machine: proposal → approval by another person → write → watch → roll back if worse",
    ),
    "store": Text(ko="저장소를 확인하고 돌봅니다", en="check and look after a store of readings"),
    "receive": Text(ko="다른 프로그램이 보내는 값을 받습니다", en="receive readings that other programs send"),
    "mcp": Text(
        ko="AI 도우미의 물음에 답합니다(MCP). 주어진 폴더 안만 봅니다",
        en="answer an AI assistant (MCP), inside of the given folders only",
    ),
    "simulate": Text(ko="가상 사출 셀을 돌립니다", en="run a virtual injection-moulding cell"),
    "demo": Text(ko="가상 설비와 포털을 띄워 봅니다", en="start a virtual cell and the portal"),
}


# How the help page groups them; a test holds that every command stands in one group.
GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (Text(ko="첫 파일부터", en="From the first file"), ("diagnose", "inspect", "verify", "level", "fleet")),
    (
        Text(ko="묻고 답하기", en="Questions"),
        (
            "chart",
            "capability",
            "gauge",
            "pareto",
            "losses",
            "causes",
            "energy",
            "warn",
            "life",
            "monitor",
            "batches",
            "similar",
        ),
    ),
    (Text(ko="더 낫게", en="Better than today"), ("recommend", "campaign", "experiment", "write")),
    (Text(ko="계획 짜기", en="Plans"), ("schedule", "assign", "meet")),
    (Text(ko="기계에서 모으기", en="From machines"), ("connect", "collect", "receive", "store")),
    (Text(ko="둘러보기와 도우미", en="To try, and for assistants"), ("demo", "simulate", "mcp")),
)


def command_module(name: str) -> ModuleType:
    """The module with `add(commands)` and `run(arguments, language)` of that command."""
    return import_module(f"jasang.cli.{name}")

"""What the values of a text column say about it: verdicts, states of a machine, shifts, stop and defect reasons. Data only."""

import re

from jasang.analyze.roles.vocabulary import word_set

GOOD = word_set(
    """
    ok o y yes pass passed good g p 양품 양 합격 정상 적합 양호 gut io i.o. conforme bueno buono true t accept
    accepted conforming normal none no_defect nodefect no_failure ok_part 이상없음"""
)
BAD = word_set(
    """
    ng n nok n.g. n.g f fail failed failure bad defect defective reject rejected scrap x b 불량 불 불합격 부적합 이상
    폐기 불량품 nio n.i.o. ausschuss schlecht difettoso scarto malo defectuoso rechazado false abnormal anomaly
    nonconforming rework ko"""
)
MARKS = word_set("y n yes no o x t f true false 0 1 예 아니오")  # a yes or no to whatever the name asks
STATES = word_set(
    """
    running run idle setup set-up down planned stop stopped stopping start starting stand-by standby waiting wait
    off on auto automatic manual alarm error fault maintenance offline online working work breakdown changeover
    production producing ready hold held aborted execute paused warmup warm-up cleaning break unplanned
    planned_stop 가동 가동중 비가동 정지 고장 대기 준비 셋업 계획정지 유휴 운전 운전중 중지 자동 수동 알람 비상정지
    점검 정비 작업중 생산중 휴지 전원off 예열 교체 세팅 휴식 betrieb stillstand rüsten ruesten störung stoerung
    pause marcha parada fermo produzione"""
)
CALENDAR = word_set(
    """
    mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday weekday weekend day night
    d n a b c morning evening afternoon early late swing graveyard 월 화 수 목 금 토 일 월요일 화요일 수요일 목요일
    금요일 토요일 일요일 주간 야간 주 야 오전 오후 주말 평일 1조 2조 3조 a조 b조 c조 1교대 2교대 3교대 조간
    day_shift night_shift shift1 shift2 shift3 1st 2nd 3rd früh spät nacht"""
)
CLEAR_CALENDAR = CALENDAR - word_set(
    """
    a b c d n on"""
)
REASONS = word_set(
    """
    jam jammed material_shortage no_material tool_change toolchange mold_change mould_change die_change breakdown
    power_failure power cleaning short_shot shortshot flash gas scratch dent crack burr void sink weld_line bubble
    porosity contamination stain burn black_spot sensor_fault operator_absent meeting lunch inspection
    quality_check waiting_material waiting adjustment minor_stop pm 미성형 가스 버 기포 스크래치 찍힘 크랙 균열
    이물 흑점 변형 수축 웰드 웰드라인 싱크 플래시 은줄 얼룩 치수불량 초기허용불량 외관불량 기공 탄화 백화 금형교체
    품종교체 자재대기 자재부족 자재결품 원료대기 설비고장 고장 청소 점검 회의 식사 휴식 교육 정전 작업자부재
    품질확인 조정 순간정지 막힘 걸림 센서이상 계획정지 공구교체 금형수리 원료교체 예열"""
)
# "INJ-01", "Press-01", "M3", "1호기", "EQ_002", "650톤-우진2호기"
MACHINE_SHAPE = re.compile(
    r"""(?ix) ^(?:m|inj|imm|press|prs|cnc|mct|mc|m/c|eq|eqp|equip|machine|mach|line|ln|robot|rb|die|dcm|ext|cell|station|st|lathe|
    mill|
    furnace|oven|tank|pump|unit|asset|wc|ws|maschine|linie|maq|사출|프레스|설비|기계|라인|머신|로|압출|가공)[\s_\-#]*[a-z]?\d{1,4}[a-z]?$
    | ^(?!lot|sup|op|ven|wo|so|no)[a-z]{2,4}[\-_\#]\d{1,2}$ | .*\d+\s*호기?.*$ | .*\d+\s*라인.*$ | .*\d+\s*톤.*$"""
)
PRODUCT_SHAPE = re.compile(
    r"(?i)^(?:p|prod|product|part|pn|item|model|sku|recipe|code|제품|품목|모델|기종|금형|mold|mould)[\s_\-#]*[a-z0-9]{1,8}$"
)
SUPPLIER_SHAPE = re.compile(
    r"(?i)^(?:s|sup|supp|supplier|vendor|v|lot|l|op|oper|operator|w|worker|작업자|업체|공급사|원료)[\s_\-#]*[a-z0-9]{1,4}$"
    r"|.*(?:산업|화학|소재|머티리얼|케미칼|상사|테크|chem|steel|metal|corp|inc|gmbh)$|^\(주\)|.*\(주\)$"
)
LOT_SHAPE = re.compile(r"(?i)^(?:l|lot|batch|b|ht|heat|c)?[\s_\-#]*(?:20)?\d{4,8}[\-_]?[a-z0-9]*$")


def share(levels: tuple[str, ...], words: frozenset[str]) -> float:
    """The share of levels that are among the words, compared lower-cased with blanks as "_" or left out."""
    if not levels:
        return 0.0
    hits = 0
    for level in levels:
        low = level.strip().lower()
        hits += low in words or low.replace(" ", "_") in words or low.replace(" ", "") in words
    return hits / len(levels)


def shape(levels: tuple[str, ...], pattern: re.Pattern[str]) -> float:
    """The share of levels that match the pattern."""
    return sum(bool(pattern.match(level.strip())) for level in levels) / len(levels) if levels else 0.0

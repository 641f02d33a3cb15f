"""The words of the trade as they stand in headers: Korean, English and some German, Spanish and Italian. Data only.

A concept is what a word means; what a concept says about a column's role is in `votes`. Forms are lower case. A word of several
tokens is written joined ("cycletime" matches "Cycle_Time", "cycle time" and "CYCLETIME").
"""

from enum import StrEnum


def word_set(text: str) -> frozenset[str]:
    """The words of a text, parted by blanks."""
    return frozenset(text.split())


class Concept(StrEnum):
    """What a word in a header means."""

    TIME = "time"
    PLAN = "plan"
    START = "start"
    END = "end"
    RECORDED = "recorded"
    DURATION = "duration"
    MACHINE = "machine"
    PRODUCT = "product"
    MOULD = "mould"
    TYPE = "type"
    NAMING = "naming"  # code, name, number: says nothing by itself, the word before it decides
    IDENTITY = "identity"
    LOT = "lot"
    PEOPLE = "people"
    SUPPLY = "supply"
    CALENDAR = "calendar"
    PLACE = "place"
    STEP = "step"
    AMBIENT = "ambient"
    WEATHER = "weather"
    VERDICT = "verdict"
    GOOD = "good"
    TROUBLE = "trouble"
    REASON = "reason"
    STATE = "state"
    STOP = "stop"
    COUNT = "count"
    ORDER = "order"
    RATE = "rate"
    SETPOINT = "setpoint"
    ACTUAL = "actual"
    QUANTITY = "quantity"  # measured on the machine
    MEASURE = "measure"  # measured on the part
    PART = "part"  # of a product: makes a quantity a measure
    MACHINE_PART = "machine_part"  # makes a measure a quantity
    ENERGY = "energy"
    POWER = "power"
    SIGNAL = "signal"
    VALUE = "value"
    TRIAL = "trial"
    NOTE = "note"


WORDS: dict[Concept, str] = {
    Concept.TIME: """
        시간 시각 일시 일자 날짜 년월일 시분초 타임스탬프 time timestamp datetime date ts dt dttm tmst clock zeit
        datum uhrzeit zeitstempel fecha hora ora data tiempo stddt collectdt logtime tstamp""",
    Concept.PLAN: """
        계획 예정 납기 지시일 plan planned due schedule scheduled expected delivery factplan""",
    Concept.START: """
        시작 개시 착수 발생 정지시각 정지일시 고장시각 고장일시
        start begin started von inicio inizio from starttime startdt startdate""",
    Concept.END: """
        종료 완료 끝 마감 해제 재가동 재개 복구 end finish finished complete completed ende bis fin fine to endtime enddt enddate
        stoptime""",
    Concept.RECORDED: """
        등록 수집 측정시각 생산 기록 저장 작업 registration record recorded collect log logged measured event
        produced shot""",
    Concept.DURATION: """
        소요시간 경과시간 사이클타임 싸이클타임 사이클 싸이클 싸이클시간 사이클시간 택타임 c타임 ct 리드타임
        cycletime cycle takttime takt duration leadtime elapsed runtime seconds minutes dwell taktzeit zykluszeit
        durata ciclo idletime overtime 보압시간 사출시간 냉각시간 충전시간 계량시간 형폐시간 형개시간 교반시간
        가열시간 건조시간 체류시간 도포시간 용접시간 가공시간 holdtime coolingtime injectiontime fillingtime
        plasticizingtime dryingtime heatingtime operationtime machiningtime""",
    Concept.MACHINE: """
        로번호 가열로 열처리로 건조기 도금조 탱크번호 챔버번호 설비번호 설비 호기 기계 장비 머신 라인 기기 사출기
        프레스기 가공기 성형기 압출기 로봇 생산라인 공작기계 설비기 machine equipment equip eqp eqpt eq line asset
        robot cell station workcenter workcentre workstation resource mc mcn mach press? furnaceid maschine anlage
        linie maquina macchina impianto unitid device deviceid plc plcid equipcd oven? lineid machineid""",
    Concept.PRODUCT: """
        제품 품목 품번 품명 모델 기종 아이템 차종 도번 품종 부품 강종 규격 레시피 product item model sku recipe
        part partno partname material? article artikel produkt teil teilenummer producto articulo pieza prodotto
        articolo codice variant grade prod program programno itemcd partnumber style""",
    Concept.MOULD: """
        금형 몰드 다이 공구 지그 치구 mold mould die tool toolno fixture jig werkzeug form molde stampo dienumber""",
    Concept.TYPE: """
        종류 타입 유형 구분 분류 등급 type class category kind grp group sort typ tipo""",
    Concept.NAMING: """
        코드 명 이름 번호 호 넘버 명칭 code cd name nm no number num nr nbr nummer numero numbers kode bezeichnung""",
    Concept.IDENTITY: """
        일련번호 시리얼 시리얼번호 바코드 순번 연번 고유번호 식별자 관리번호 인덱스 행번호 id uid uuid guid serial
        serialno sn barcode qr qrcode key idx index seq sequence row rowid rownum recordid rowno udi objectid dmc""",
    Concept.LOT: """
        cassette 로트 롯트 로트번호 배치 차수 차지 챠지 히트 코일 롤 lot lotno lotid batch batchno charge heat
        heatno coil coilno charges lote lotto partita wafer wo workorder 작업지시 작업지시번호 지시번호 캠페인
        campaign subgroup sample""",
    Concept.PEOPLE: """
        측정자 측정원 측정인 평가자 평가원 시험자 시험원 작업자 담당자 담당 검사자 검사원
        작업조 근무조 근무 조 반 교대 주야 주야간 팀 작업반
        operator worker shift crew team employee inspector appraiser user staff schicht bediener mitarbeiter turno
        operario operatore op department dept""",
    Concept.SUPPLY: """
        업체 협력사 공급사 공급업체 공급처 거래처 원료 원자재 자재 재료 재질 원산지 제조사 소재 수지 원료사
        원료업체 고객사 고객 supplier vendor material resin rawmaterial manufacturer maker customer client
        lieferant proveedor fornitore kunde rohstoff source""",
    Concept.CALENDAR: """
        요일 월 주차 분기 계절 휴일 주말 weekday dayofweek dow week weekstatus day month quarter season holiday
        weekend hour nsm wochentag""",
    Concept.PLACE: """
        위치번호 캐비티 캐비티번호 좌우 면 cavity cav cavityno nest side slot pocket spindleno kavitaet""",
    Concept.STEP: """
        공정 공정명 단계 스텝 process operation activity step phase stage section task procedure prozess schritt
        proceso processo""",
    Concept.AMBIENT: """
        외기 대기 실내 주변 작업장 공장내 실외 현장 환경 ambient room outdoor indoor outside environment env
        weather atm atmospheric umgebung ambiente""",
    Concept.WEATHER: """
        기온 습도 상대습도 외기온도 외기온 날씨 humidity humid hum rh feuchte humedad umidita barometric""",
    Concept.VERDICT: """
        defects rejects failures scraps 불량 양불 양불판정 판정 합부 합불 합격 불합격 검사결과 불량여부 양부
        판정결과 결과 이상 이상여부 defect defective ng fail failure pass passorfail passfail okng ngok judge
        judgement judgment result verdict reject rejected scrap fault faults faulty label anomaly abnormal target?
        passed inspection quality? qc badpart isbad ausschuss schlecht fehler defecto defectuoso rechazo difetto
        scarto goodbad bad flag failed outlier ok nok iserror""",
    Concept.GOOD: """
        양품 정상 good conform yieldflag gut bueno buono""",
    Concept.TROUBLE: """
        고장 알람 경보 에러 오류 alarm error warning warn alert trip errorcode alarmcode stoerung alarma allarme
        changepoint""",
    Concept.REASON: """
        사유 원인 불량유형 불량명 불량코드 불량원인 불량내용 불량현상 비가동사유 정지사유 정지원인 비가동코드
        비가동유형 정지코드 비가동명 reason cause defecttype defectcode defectname faulttype failuremode reasoncode
        stopreason downtimereason grund ursache causa motivo""",
    Concept.STATE: """
        condition 상태 가동 가동상태 운전상태 운전 운전모드 모드 설비상태 가동여부 status state mode machinestate
        machinestatus runmode betriebszustand zustand estado stato running""",
    Concept.STOP: """
        비가동 정지 중단 대기 downtime stop down idle stillstand parada fermo uptime""",
    Concept.COUNT: """
        수량 개수 갯수 생산량 횟수 타수 타발수 쇼트 쇼트수 샷 샷수 생산수량 생산수 불량수 불량수량 양품수 양품수량
        투입수량 투입량 누적 카운트 인원 count counter cnt qty quantity pcs pieces items shots shotno shotcount
        stroke strokes strokeno cycles total sum cumulative units amount parts anzahl stueck menge cantidad
        quantita wip workers workforce men shot changes change""",
    Concept.ORDER: """
        수주 수주량 발주 주문 출하 예상수주량 재고 order orders orderqty demand forecast shipment backlog booking
        stock inventory""",
    Concept.RATE: """
        율 률 불량률 가동률 수율 효율 비율 rate ratio share percent productivity efficiency oee utilization
        utilisation""",
    Concept.SETPOINT: """
        설정 설정값 설정치 지령 지령값 목표 목표값 목표치 세팅 셋팅 기준값 set sv sp setpoint setting setvalue
        command commanded cmd reference ref target targeted soll sollwert consigna setvalore setup? nominal""",
    Concept.ACTUAL: """
        현재 현재값 실측 실제 실적 측정 측정값 pv actual act measured ist istwert feedback fb monitor mv? real
        current?""",
    Concept.QUANTITY: """
        역률 factor 온도 압력 속도 회전수 회전 유량 수위 레벨 전압 전류 토크 진동 위치 변위 하중 가압력 압 보압
        배압 사출압 사출압력 형체력 사출속도 스크류 풍량 풍속 가속도 소음 주파수 노즐 실린더 히터 냉각수 점도 농도
        밀도 산도 전도도 탁도 진공도 진공 체결력 쿠션 절환위치 장력 부하 투입속도 이송속도 이송 교반속도 배출 노점
        산소 질소 가스 온 톤수 톤 용탕 슬리브 저속 고속 temperature temp tmp temps pressure pres press prs pr speed
        spd velocity vel rpm flow level lvl voltage volt volts current curr amp amps torque trq tq vibration vib
        rms position pos displacement force load acceleration acc accel accelerometer thermocouple frequency freq
        hz viscosity density ph conductivity concentration vacuum tension humidityprocess gas oxygen co nox co2
        dewpoint airflow air noise sound feedrate feed stroke? cushion back clamp clamping melt nozzle barrel zone
        screw inlet outlet volume wear tonnage depth angle opening valve steam waterflow switchover intensity
        emission turbidity temperatur druck geschwindigkeit drehzahl durchfluss spannung strom drehmoment
        schwingung kraft temperatura presion velocidad caudal corriente voltaje pressione velocita portata corrente
        tensione coppia inertia luminosity""",
    Concept.MEASURE: """
        casedepth 경화깊이 유효경화깊이 침탄깊이 경화층 용입깊이 너깃 nugget 중량 무게 두께 폭 너비 길이 직경 외경
        내경 높이 경도 조도 거칠기 표면조도 수분 수분율 함수율 치수 단차 평탄도 평면도 진원도 동심도 강도 인장강도
        인장 연신율 광택 광택도 색차 색도 수축률 수축량 휨 휨량 변형량 누설량 누설 리크 저항값 도막두께 도금두께 갭
        간극 편심 공차 순도 함량 당도 비중 기공률 접착력 박리강도 단면 흑점 weight wgt gewicht thickness thick thk
        width length len diameter dia outerdiameter innerdiameter od height hardness hrc hrb hv roughness ra rz
        moisture dimension dim flatness roundness concentricity strength tensile tensilestrength elongation gloss
        colour color deltae shrinkage warpage warp leak leakage leakrate resistance resistivity coatingthickness
        gap runout yield purity impurity content brix porosity adhesion peel insp measurement flash burr offset
        deviation dicke breite laenge durchmesser haerte rauheit feuchtigkeit espesor ancho largo peso dureza
        spessore larghezza lunghezza durezza diametro concentrate bore""",
    Concept.PART: """
        제품 부품 성형품 완제품 시편 시료 완성품 가공품 part product piece specimen workpiece finished casting weld
        용접부""",
    Concept.MACHINE_PART: """
        비스킷 비스켓 배기 급기 소재 원소재 스트립 strip exhaust inlet supply raw blank 금형 몰드 사출기 실린더
        배럴 호퍼 노즐 스크류 히터 냉각수 오일 유압 모터 펌프 챔버 용탕 탱크 형개 형폐 스트로크 원료 투입 이송 mold
        mould barrel hopper nozzle screw heater coolant oil hydraulic motor pump chamber melt molten tank stroke
        clamp biscuit spindle axis bearing furnace sleeve physical wire cutting feed rod ore pulp conveyer conveyor""",
    Concept.ENERGY: """
        전력량 전기량 전기사용량 전력사용량 에너지 소비전력량 사용전력량 유효전력량 무효전력량 가스사용량 energy
        kwh mwh wh kvarh electricity energie energia usage consumption usagekwh 사용량 소비량""",
    Concept.POWER: """
        전력 소비전력 유효전력 무효전력 power kw kva kvar watt leistung potencia potenza load?""",
    Concept.SIGNAL: """
        태그 태그명 신호 신호명 변수 변수명 항목 측정항목 센서명 센서 채널 tag tagname signal signalname variable
        parameter sensor sensorid channel point nodeid metric measure""",
    Concept.VALUE: """
        값 측정값 측정치 수치 value values val wert valor valore reading measurement""",
    Concept.TRIAL: """
        반복 회차 시행 반복횟수 측정횟수 시험횟수 trial trials repeat repetition replicate rep run""",
    Concept.NOTE: """
        단위 unit uom einheit 비고 메모 특이사항 설명 remark remarks comment note notes description memo bemerkung
        url homepage""",
}
# A form that ends in "?" is that word only where it is the whole name ("press" as a machine, "label"), not inside a longer one.

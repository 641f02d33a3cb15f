"""What eight kinds of small manufacturer measure: names in Korean and English, units, ordinary levels and spreads.

The numbers are ordinary shop-floor values. They fix only the scale of a made factory; its behaviour is in `plant_floor.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One measured or chosen quantity: `level` and `spread` (one standard deviation within a product) in `unit`."""

    ko: str
    en: str
    unit: str
    level: float
    spread: float
    decimals: int


@dataclass(frozen=True, kw_only=True)
class Process:
    """One way of making things."""

    name: str
    machine: str  # prefix of machine names
    settings: tuple[Channel, ...]
    sensors: tuple[Channel, ...]
    qualities: tuple[Channel, ...]
    stop_reasons: tuple[tuple[str, str], ...]  # ko, en


def _channels(text: str) -> tuple[Channel, ...]:
    made = []
    for line in text.strip().splitlines():
        ko, en, unit, level, spread, decimals = (part.strip() for part in line.split("|"))
        made.append(Channel(ko=ko, en=en, unit=unit, level=float(level), spread=float(spread), decimals=int(decimals)))
    return tuple(made)


# Reading of `unit` in the wrong unit: value * factor + offset.
OTHER_UNIT: dict[str, tuple[tuple[float, float], ...]] = {
    "°C": ((1.8, 32.0),),
    "bar": ((0.1, 0.0), (14.504, 0.0)),
    "MPa": ((10.0, 0.0), (145.04, 0.0)),
    "kN": ((0.102, 0.0), (1000.0, 0.0)),
    "mm": ((0.03937, 0.0), (0.1, 0.0), (1000.0, 0.0)),
    "µm": ((0.001, 0.0),),
    "g": ((0.001, 0.0),),
    "kg": ((1000.0, 0.0),),
    "s": ((1000.0, 0.0), (1 / 60, 0.0)),
    "min": ((60.0, 0.0),),
    "A": ((1000.0, 0.0),),
    "V": ((1000.0, 0.0),),
    "%": ((0.01, 0.0),),
    "kWh": ((1000.0, 0.0),),
    "L/min": ((0.06, 0.0), (16.67, 0.0)),
    "m/min": ((16.67, 0.0),),
    "mm/s": ((0.06, 0.0),),
    "rpm": ((1 / 60, 0.0),),
    "mm/min": ((1 / 60, 0.0),),
    "HRC": ((10.0, 0.0),),
    "g/L": ((0.1, 0.0),),
}

PROCESSES: tuple[Process, ...] = (
    Process(
        name="injection moulding",
        machine="INJ",
        settings=_channels("""
            사출압력설정|injection_pressure_set|bar|95|2.5|0
            배럴온도설정|barrel_temp_set|°C|232|3|0
            보압시간설정|holding_time_set|s|6.5|0.3|1
            냉각시간설정|cooling_time_set|s|18|1|0"""),
        sensors=_channels("""
            사출압력|injection_pressure|bar|95|1.4|1
            배럴온도1|barrel_temp_1|°C|231|1.1|1
            배럴온도2|barrel_temp_2|°C|228|1.2|1
            금형온도|mold_temp|°C|58|1.3|1
            쿠션위치|cushion_position|mm|7.2|0.18|2
            계량시간|plasticizing_time|s|16.9|0.25|2
            사이클타임|cycle_time|s|42|0.5|1
            냉각수유량|coolant_flow|L/min|12.4|0.3|1
            형체력|clamp_force|kN|1650|11|0"""),
        qualities=_channels("""
            중량|part_weight|g|84.2|0.22|2
            외경치수|outer_diameter|mm|32.05|0.012|3"""),
        stop_reasons=(
            ("금형세척", "mold cleaning"),
            ("재료막힘", "material jam"),
            ("취출로봇이상", "robot fault"),
            ("히터단선", "heater failure"),
            ("자재대기", "waiting for material"),
        ),
    ),
    Process(
        name="die casting",
        machine="DC",
        settings=_channels("""
            용탕온도설정|melt_temp_set|°C|690|4|0
            고속속도설정|high_speed_set|mm/s|2600|60|0
            주조압력설정|casting_pressure_set|bar|310|6|0"""),
        sensors=_channels("""
            용탕온도|melt_temp|°C|689|3.2|0
            주조압력|cast_pressure|bar|312|4.1|0
            고속속도|high_section_speed|mm/s|2590|28|0
            비스킷두께|biscuit_thickness|mm|49|1.6|1
            상금형온도1|upper_mold_temp1|°C|212|6|0
            상금형온도2|upper_mold_temp2|°C|196|5.5|0
            하금형온도1|lower_mold_temp1|°C|221|6|0
            슬리브온도|sleeve_temp|°C|455|8|0
            냉각수온도|coolant_temp|°C|31|0.9|1"""),
        qualities=_channels("""
            평면도|flatness|mm|0.42|0.02|3
            제품중량|casting_weight|kg|2.31|0.006|3"""),
        stop_reasons=(
            ("이형제노즐막힘", "spray nozzle blocked"),
            ("금형소착", "die soldering"),
            ("용탕대기", "waiting for melt"),
            ("취출불량", "extraction fault"),
            ("유압누유", "hydraulic leak"),
        ),
    ),
    Process(
        name="press",
        machine="PRS",
        settings=_channels("""
            램속도설정|ram_speed_set|rpm|42|1.5|0
            다이하이트|die_height_set|mm|351.2|0.15|2"""),
        sensors=_channels("""
            좌측하중|tonnage_left|kN|276|3.1|0
            우측하중|tonnage_right|kN|274|3.2|0
            행정시간|stroke_time|s|1.42|0.02|3
            쿠션압력|cushion_pressure|MPa|6.1|0.09|2
            메인모터전류|main_motor_current|A|61|1.9|1
            유온|oil_temp|°C|43|1.1|1
            소재두께|strip_thickness|mm|1.203|0.006|3"""),
        qualities=_channels("""
            버높이|burr_height|µm|38|2.6|1
            폭치수|width|mm|120.02|0.015|3"""),
        stop_reasons=(
            ("소재교체", "coil change"),
            ("금형이물", "foreign matter in die"),
            ("피더이상", "feeder fault"),
            ("안전센서", "light curtain"),
            ("품질대기", "waiting for quality"),
        ),
    ),
    Process(
        name="extrusion",
        machine="EX",
        settings=_channels("""
            스크류속도설정|screw_speed_set|rpm|64|2|0
            존1온도설정|zone1_temp_set|°C|208|3|0
            인취속도설정|haul_off_speed_set|m/min|6.4|0.2|1"""),
        sensors=_channels("""
            존1온도|zone1_temp|°C|208|0.8|1
            존2온도|zone2_temp|°C|219|0.9|1
            수지압력|melt_pressure|bar|171|2.7|1
            스크류토크|screw_torque|%|72|1.3|1
            인취속도|haul_off_speed|m/min|6.4|0.04|2
            냉각수조온도|bath_temp|°C|18.5|0.6|1
            모터전류|motor_current|A|88|1.7|1"""),
        qualities=_channels("""
            두께|thickness|mm|2.502|0.014|3
            폭|profile_width|mm|60.1|0.06|2"""),
        stop_reasons=(
            ("다이스청소", "die cleaning"),
            ("원료교체", "material change"),
            ("절단기이상", "cutter fault"),
            ("단선", "line break"),
            ("자재대기", "waiting for material"),
        ),
    ),
    Process(
        name="machining",
        machine="CNC",
        settings=_channels("""
            주축회전수설정|spindle_speed_set|rpm|3200|60|0
            이송속도설정|feed_rate_set|mm/min|480|12|0"""),
        sensors=_channels("""
            주축부하|spindle_load|%|46|1.6|1
            주축온도|spindle_temp|°C|39|0.8|1
            진동|vibration_rms|mm/s|1.9|0.14|2
            절삭유압력|coolant_pressure|bar|18.2|0.5|1
            절삭유온도|coolant_temp|°C|24|0.7|1
            가공시간|machining_time|s|182|1.2|1
            X축부하|x_axis_load|%|31|1.2|1"""),
        qualities=_channels("""
            내경|bore_diameter|mm|25.004|0.0021|4
            표면거칠기|roughness_ra|µm|0.82|0.035|2
            동심도|concentricity|µm|9.1|0.55|1"""),
        stop_reasons=(
            ("공구교환", "tool change"),
            ("칩걸림", "chip jam"),
            ("측정대기", "waiting for gauge"),
            ("로더이상", "loader fault"),
            ("척압이상", "chuck pressure"),
        ),
    ),
    Process(
        name="heat treatment",
        machine="HT",
        settings=_channels("""
            로온도설정|furnace_temp_set|°C|860|4|0
            메시속도설정|belt_speed_set|mm/min|210|6|0
            카본포텐셜설정|carbon_potential_set|%|0.85|0.02|2"""),
        sensors=_channels("""
            1존로온|furnace_zone1_temp|°C|858|2.4|0
            2존로온|furnace_zone2_temp|°C|861|2.2|0
            담금질유온도|quench_oil_temp|°C|72|1.5|1
            메시속도|belt_speed|mm/min|210|1.1|1
            카본포텐셜|carbon_potential|%|0.851|0.012|3
            RX가스유량|rx_gas_flow|L/min|148|2.6|1
            전력량|furnace_energy|kWh|21.4|0.6|2"""),
        qualities=_channels("""
            경도|hardness|HRC|58.4|0.32|1
            유효경화깊이|case_depth|mm|0.91|0.022|3"""),
        stop_reasons=(
            ("메시벨트이탈", "belt off track"),
            ("버너점화불량", "burner ignition"),
            ("정전", "power failure"),
            ("자재대기", "waiting for material"),
            ("유조청소", "oil tank cleaning"),
        ),
    ),
    Process(
        name="plating",
        machine="PL",
        settings=_channels("""
            정류기전류설정|rectifier_current_set|A|820|15|0
            도금시간설정|plating_time_set|min|22|0.8|0"""),
        sensors=_channels("""
            정류기전류|rectifier_current|A|818|6|0
            정류기전압|rectifier_voltage|V|6.4|0.09|2
            욕온도|bath_temp|°C|54|0.7|1
            pH|ph|pH|4.1|0.06|2
            니켈농도|nickel_concentration|g/L|62|1.2|1
            여과압력|filter_pressure|bar|1.8|0.07|2
            수세수유량|rinse_flow|L/min|33|1.1|1"""),
        qualities=_channels("""
            도금두께|coating_thickness|µm|12.4|0.42|2
            광택도|gloss|%|88|1.1|1"""),
        stop_reasons=(
            ("호이스트이상", "hoist fault"),
            ("여과기교체", "filter change"),
            ("약품보충", "chemical dosing"),
            ("정류기이상", "rectifier fault"),
            ("래크대기", "waiting for racks"),
        ),
    ),
    Process(
        name="food drying",
        machine="DRY",
        settings=_channels("""
            열풍온도설정|hot_air_temp_set|°C|78|1.5|0
            건조시간설정|drying_time_set|min|95|3|0"""),
        sensors=_channels("""
            열풍온도|hot_air_temp|°C|77.6|0.8|1
            배기온도|exhaust_temp|°C|52|0.9|1
            배기습도|exhaust_humidity|%|34|1.6|1
            팬전류|fan_current|A|14.2|0.3|2
            버너압력|burner_pressure|bar|1.45|0.04|2
            투입중량|feed_weight|kg|48|0.7|1
            벨트속도|belt_speed|m/min|0.62|0.008|3"""),
        qualities=_channels("""
            수분함량|moisture|%|11.8|0.28|2
            제품중량|pack_weight|g|501.5|1.1|1"""),
        stop_reasons=(
            ("체망막힘", "sieve blocked"),
            ("금속검출", "metal detector"),
            ("포장기이상", "packer fault"),
            ("원료대기", "waiting for raw material"),
            ("세척", "washing"),
        ),
    ),
)

# Columns that every shop has and that say nothing about today's quality.
BYSTANDERS = _channels("""
    유압유온도|hydraulic_oil_temp|°C|44|1.2|1
    에어압력|air_pressure|bar|6.2|0.08|2
    급수압력|water_pressure|bar|3.1|0.09|2
    작동유점도|oil_viscosity|%|92|0.8|1
    입력전압|supply_voltage|V|381|2.1|1
    집진기차압|dust_collector_dp|%|41|2.2|1
    제어반온도|cabinet_temp|°C|35|0.9|1
    윤활유량|lubricant_flow|L/min|1.8|0.06|2
    진동센서|vibration_sensor|mm/s|2.4|0.2|2
    펌프전류|pump_current|A|22|0.6|1
    배기팬회전수|exhaust_fan_speed|rpm|1460|9|0
    반송속도|conveyor_speed|m/min|8.2|0.1|2
    흡입압력|suction_pressure|bar|0.82|0.02|3
    노즐온도|nozzle_temp|°C|205|1.4|1
    대기시간|wait_time|s|3.4|0.3|1
    토크|torque|%|55|1.8|1""")

"""Public tariffs as dated data: Korean industrial power (산업용전력(을), contract of 300 kW and more), high voltage A, option II.

Energy prices without the climate charge, the fuel adjustment, VAT and the fund; those come on top of every kWh alike. Light hours
and holidays after KEPCO's supply terms (기본공급약관). A factory with another option states it in factory.toml `[energy]`.
"""

from datetime import date

from jasang.plant.tariff import Tariff, TariffSeason

SUMMER, BETWEEN, WINTER = (6, 7, 8), (3, 4, 5, 9, 10), (11, 12, 1, 2)
#            0     4     8     12    16    20
_DAY_2023 = "llllllllmmmpmpppppmmmmll"  # light 22–08, peak 11–12 and 13–18
_DAY_2026 = "llllllllmmmmmmmppppppmll"  # light 22–08, peak 15–21: midday, when the sun shines, became cheaper
_WINTER = "llllllllmpppmmmmpppmmmll"  # light 22–08, peak 09–12 and 16–19

KEPCO_2024 = Tariff(
    name="산업용(을) 고압A 선택Ⅱ 2024-10-24",
    since=date(2024, 10, 24),
    source="KEPCO price list of 2024-10-24 (KEPCO 전기요금표)",
    demand_charge=8320.0,
    seasons=(
        TariffSeason(months=SUMMER, hours=_DAY_2023, light=110.9, mid=163.8, peak=245.9),
        TariffSeason(months=BETWEEN, hours=_DAY_2023, light=110.9, mid=133.4, peak=164.1),
        TariffSeason(months=WINTER, hours=_WINTER, light=117.9, mid=164.0, peak=221.5),
    ),
)

KEPCO_2026 = Tariff(
    name="산업용(을) 고압A 선택Ⅱ 2026-04-16",
    since=date(2026, 4, 16),
    source="KEPCO price list after the change of seasons and hours announced 2026-03-13 (계절·시간대별 요금 개편)",
    demand_charge=8320.0,
    seasons=(
        TariffSeason(months=SUMMER, hours=_DAY_2026, light=116.0, mid=163.8, peak=229.0),
        TariffSeason(months=BETWEEN, hours=_DAY_2026, light=116.0, mid=133.4, peak=150.9),
        TariffSeason(months=WINTER, hours=_WINTER, light=123.0, mid=164.0, peak=204.6),
    ),
    free_day_discount=0.5,
    discount_months=BETWEEN,
    discount_hours=(11, 14),
)

TARIFFS = (KEPCO_2024, KEPCO_2026)


def tariff_for(day: date) -> Tariff:
    """The default tariff: the newest in force on that day, the oldest known for earlier days."""
    fitting = [tariff for tariff in TARIFFS if tariff.since <= day]
    return max(fitting, key=lambda tariff: tariff.since) if fitting else TARIFFS[0]

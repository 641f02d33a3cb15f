"""`[energy]` of factory.toml: the contract and, where the public default does not fit, the tariff. Format:
docs/factory-folder.md."""

import json
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from jasang.errors import ConfigurationError
from jasang.plant.tariff import EnergyTerms, Tariff, TariffSeason

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _SeasonPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(min_length=1)]
    hours: Annotated[str, Field(pattern=r"^[lmp]{24}$")] = "m" * 24
    light: Amount | None = None
    mid: Amount
    peak: Amount | None = None


class EnergyPart(BaseModel):
    """What `[energy]` may hold."""

    model_config = ConfigDict(extra="forbid", strict=True)
    contract_kw: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tariff: Annotated[str, Field(min_length=1)] | None = None
    since: date | None = None
    demand_charge: Amount | None = None
    seasons: list[_SeasonPart] = []


def energy_of(file: str, part: EnergyPart | None, currency: str) -> EnergyTerms | None:
    """What was stated; `None` where nothing was.

    Raises
    ------
    ConfigurationError
        The seasons do not hold every month once, or a demand charge stands without seasons.
    """
    if part is None:
        return None
    if not part.seasons:
        if part.demand_charge is not None or part.tariff is not None:
            raise ConfigurationError(
                ko=f"{file}: [energy]에 요금을 적으려면 [[energy.seasons]]도 있어야 합니다(months, mid, 시간대가 있으면 hours, "
                "light, peak).",
                en=f"{file}: a tariff under [energy] needs [[energy.seasons]] too (months, mid, and hours, light, peak "
                f"where hours "
                "differ).",
            )
        return EnergyTerms(contract_kw=part.contract_kw)
    covered = sorted(month for season in part.seasons for month in season.months)
    if covered != list(range(1, 13)):
        raise ConfigurationError(
            ko=f"{file}: [[energy.seasons]]의 months는 1월부터 12월까지 한 번씩 나와야 합니다. 지금은 {covered}입니다.",
            en=f"{file}: the months of [[energy.seasons]] must hold 1 to 12 once each, found {covered}.",
        )
    seasons = tuple(
        TariffSeason(
            months=tuple(season.months),
            hours=season.hours,
            light=season.mid if season.light is None else season.light,
            mid=season.mid,
            peak=season.mid if season.peak is None else season.peak,
        )
        for season in part.seasons
    )
    tariff = Tariff(
        name=part.tariff or "factory.toml",
        since=part.since or date(2000, 1, 1),
        source=file,
        seasons=seasons,
        demand_charge=part.demand_charge or 0.0,
        currency=currency,
    )
    return EnergyTerms(contract_kw=part.contract_kw, tariff=tariff)


def energy_lines(terms: EnergyTerms) -> list[str]:
    """The terms as lines of factory.toml that reading takes back."""
    lines = ["[energy]"]
    if terms.contract_kw is not None:
        lines.append(f"contract_kw = {terms.contract_kw!r}")
    if terms.tariff is None:
        return lines
    lines += [
        f"tariff = {json.dumps(terms.tariff.name, ensure_ascii=False)}",
        f"since = {terms.tariff.since:%Y-%m-%d}",
        f"demand_charge = {terms.tariff.demand_charge!r}",
    ]
    for season in terms.tariff.seasons:
        months = ", ".join(str(month) for month in season.months)
        lines += [
            "",
            "[[energy.seasons]]",
            f"months = [{months}]",
            f'hours = "{season.hours}"',
            f"light = {season.light!r}",
            f"mid = {season.mid!r}",
            f"peak = {season.peak!r}",
        ]
    return lines

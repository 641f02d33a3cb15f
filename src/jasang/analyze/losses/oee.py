"""OEE and its parts from times and counts, whole or in part, and the key figures of ISO 22400-2.

Sources: ISO 22400-2:2014 (availability, effectiveness, quality ratio, OEE and NEE index, allocation, utilisation and technical
efficiency, set-up ratio); Nakajima (1988), Introduction to TPM; Vorne, oee.com (planned production time, TEEP).
"""

from dataclasses import dataclass, fields
from math import isfinite

from jasang.plant.text import Text

_TOGETHER = Text(
    ko="가동률과 성능은 따로 알 수 없고 곱만 압니다. OEE 자체는 온전합니다.",
    en="Availability and performance are known only as their product; the OEE itself is whole.",
)
_FACTORS = {
    "availability × performance": Text(ko="가동률×성능", en="availability × performance"),
    "availability": Text(ko="가동률", en="availability"),
    "performance": Text(ko="성능", en="performance"),
    "quality": Text(ko="양품률", en="quality"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Oee:
    """Overall equipment effectiveness and its factors, 0 to 1 each; `None` where the data do not say.

    Pieces and planned time without the time it ran give availability and performance only as a product: `known` then holds
    `"availability × performance"`.

    `oee` is the product of the factors in `known`; where one is `missing` it counts as 1, so the true OEE is at most `oee`
    (`complete` is False, `meaning` says so). `performance` above 1 says that the ideal cycle is too long. `teep` is OEE over
    calendar time, `loading` planned over calendar time. Losses are in seconds of planned time and add up with
    `effective_s` to `planned_s` where everything is known.
    """

    availability: float | None
    performance: float | None
    quality: float | None
    oee: float | None
    teep: float | None
    loading: float | None
    planned_s: float | None
    run_s: float | None
    net_s: float | None  # ideal cycle × pieces
    effective_s: float | None  # ideal cycle × good pieces
    total: float | None
    good: float | None
    known: tuple[str, ...]
    missing: tuple[str, ...]
    meaning: Text

    @property
    def complete(self) -> bool:
        """Whether all three factors are known."""
        return not self.missing


def oee(
    *,
    planned_s: float | None = None,
    run_s: float | None = None,
    stop_s: float | None = None,
    ideal_cycle_s: float | None = None,
    total: float | None = None,
    good: float | None = None,
    rejects: float | None = None,
    ideal_s: float | None = None,
    good_ideal_s: float | None = None,
    calendar_s: float | None = None,
) -> Oee:
    """OEE of a stretch of time from what is known of it; whatever is `None` is missing.

    Parameters
    ----------
    planned_s, run_s, stop_s
        Planned production time (shift minus planned breaks), time the machine ran, unplanned stops and set-up, seconds. Two of
        the three give the third.
    ideal_cycle_s
        Seconds a piece takes at best (planned runtime per item of ISO 22400).
    total, good, rejects
        Pieces made, good at the first go, and not. Two of the three give the third.
    ideal_s, good_ideal_s
        Instead of one ideal cycle: the sum of the ideal cycles of all pieces, and of the good ones, where products differ.
    calendar_s
        All the time there was, for TEEP.

    Raises
    ------
    ValueError
        A number is negative or not finite, or two of them contradict each other; the message names them.

    Examples
    --------
    >>> shift = oee(planned_s=420 * 60, stop_s=47 * 60, ideal_cycle_s=1.0, total=19271, rejects=423)
    >>> round(shift.availability, 4), round(shift.performance, 4), round(shift.quality, 4), round(shift.oee, 4)
    (0.8881, 0.8611, 0.978, 0.7479)
    """
    given = {name: value for name, value in locals().items() if value is not None}
    for name, value in given.items():
        if not isfinite(value) or value < 0:
            raise ValueError(f"{name} is {value}; expected a finite number of 0 or more")
    planned_s, run_s = _times(planned_s, run_s, stop_s)
    total, good = _counts(total, good, rejects)
    if ideal_s is None and ideal_cycle_s is not None and total is not None:
        ideal_s = ideal_cycle_s * total
    availability = run_s / planned_s if run_s is not None and planned_s else None
    performance = ideal_s / run_s if ideal_s is not None and run_s else None
    quality = good / total if good is not None and total else None
    if good_ideal_s is not None and ideal_s:
        quality = good_ideal_s / ideal_s  # products weigh by the time they take, so that the losses add up
    if good_ideal_s is None and ideal_s is not None and quality is not None:
        good_ideal_s = ideal_s * quality
    parts = {"availability": availability, "performance": performance, "quality": quality}
    product: float | None = None
    for part in parts.values():
        product = product if part is None else part if product is None else product * part
    known = tuple(name for name, part in parts.items() if part is not None)
    if availability is None and performance is None and ideal_s is not None and planned_s:
        product = ideal_s / planned_s * (1.0 if product is None else product)
        known = ("availability × performance", *known)
    missing = tuple(name for name, part in parts.items() if part is None)
    loading = planned_s / calendar_s if calendar_s and planned_s is not None else None
    return Oee(
        **parts,
        oee=product,
        teep=product * loading if product is not None and loading is not None else None,
        loading=loading,
        planned_s=planned_s,
        run_s=run_s,
        net_s=ideal_s,
        effective_s=good_ideal_s,
        total=total,
        good=good,
        known=known,
        missing=missing,
        meaning=_meaning(known, missing),
    )


def _times(planned: float | None, run: float | None, stop: float | None) -> tuple[float | None, float | None]:
    if planned is None and run is not None and stop is not None:
        planned = run + stop
    if run is None and planned is not None and stop is not None:
        if stop > planned:
            raise ValueError(f"stop_s is {stop:g} and planned_s {planned:g}; expected stops within the planned time")
        run = planned - stop
    if run is not None and planned is not None and run > planned * (1 + 1e-9):
        raise ValueError(f"run_s is {run:g} and planned_s {planned:g}; expected run_s of at most planned_s")
    return planned, run


def _counts(total: float | None, good: float | None, rejects: float | None) -> tuple[float | None, float | None]:
    if total is None and good is not None and rejects is not None:
        total = good + rejects
    if good is None and total is not None and rejects is not None:
        if rejects > total:
            raise ValueError(f"rejects is {rejects:g} and total {total:g}; expected rejects of at most total")
        good = total - rejects
    if good is not None and total is not None and good > total:
        raise ValueError(f"good is {good:g} and total {total:g}; expected good of at most total")
    return total, good


def _meaning(known: tuple[str, ...], missing: tuple[str, ...]) -> Text:
    if not known:
        return Text(
            ko="세 지표 가운데 알 수 있는 것이 없어 OEE를 말할 수 없습니다.",
            en="None of the three factors is known, so nothing can be said of the OEE.",
        )
    if known[0] == "availability × performance":
        if "quality" in known:
            return _TOGETHER
        missing = ("quality",)
    if not missing:
        return Text(
            ko="세 지표가 모두 있는 온전한 OEE입니다.", en="All three factors are known: this is the whole OEE."
        )
    ko_missing = "·".join(_FACTORS[name].ko for name in missing)
    en_missing = " and ".join(_FACTORS[name].en for name in missing)
    ko_known = "·".join(_FACTORS[name].ko for name in known)
    en_known = " and ".join(_FACTORS[name].en for name in known)
    return Text(
        ko=f"{ko_missing}을(를) 알 수 없어 {ko_known}(으)로만 셈했습니다. 실제 OEE는 이 값보다 높을 수 없습니다.",
        en=f"{en_missing.capitalize()} cannot be known; this is {en_known} only. The true OEE cannot be higher.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """Key figures of ISO 22400-2:2014 as ratios; `None` where a quantity they need was not given."""

    availability: float | None  # APT / PBT
    effectiveness: float | None  # PRI × PQ / APT
    quality_ratio: float | None  # GQ / PQ
    oee_index: float | None  # availability × effectiveness × quality ratio
    nee_index: float | None  # AUPT / PBT × effectiveness × quality ratio
    allocation_ratio: float | None  # AUBT / AOET
    allocation_efficiency: float | None  # AUBT / PBT
    utilisation_efficiency: float | None  # APT / AUBT
    technical_efficiency: float | None  # APT / (APT + ADET)
    setup_ratio: float | None  # AUST / AUPT
    production_process_ratio: float | None  # APT / AOET
    throughput_rate: float | None  # PQ / AOET, pieces per second
    scrap_ratio: float | None  # SQ / PQ
    rework_ratio: float | None  # RQ / PQ
    first_pass_yield: float | None  # good at the first go / PQ
    worker_efficiency: float | None  # APWT / APAT


def key_figures(
    *,
    pbt: float | None = None,
    apt: float | None = None,
    aust: float | None = None,
    aupt: float | None = None,
    adet: float | None = None,
    aubt: float | None = None,
    aoet: float | None = None,
    pri: float | None = None,
    pq: float | None = None,
    gq: float | None = None,
    sq: float | None = None,
    rq: float | None = None,
    apwt: float | None = None,
    apat: float | None = None,
) -> KeyFigures:
    """Key figures of ISO 22400-2 under the standard's own abbreviations; times in one unit, quantities in pieces.

    Parameters
    ----------
    pbt, apt, aust, adet
        Planned busy time, actual production time, actual unit set-up time, actual unit delay time.
    aupt, aubt
        Actual unit processing time (default APT + AUST) and busy time (default AUPT + ADET).
    aoet
        Actual order execution time.
    pri
        Planned runtime per item, in the unit of the times.
    pq, gq, sq, rq
        Produced, good, scrap and rework quantity. Where GQ is missing it is PQ - SQ - RQ.
    apwt, apat
        Actual personnel work time and attendance time.
    """
    aupt = aupt if aupt is not None else _sum(apt, aust)
    aubt = aubt if aubt is not None else _sum(aupt, adet)
    if gq is None and pq is not None and sq is not None:
        gq = pq - sq - (rq or 0.0)
    effectiveness = _ratio(None if pri is None or pq is None else pri * pq, apt)
    quality = _ratio(gq, pq)
    return KeyFigures(
        availability=_ratio(apt, pbt),
        effectiveness=effectiveness,
        quality_ratio=quality,
        oee_index=_product(_ratio(apt, pbt), effectiveness, quality),
        nee_index=_product(_ratio(aupt, pbt), effectiveness, quality),
        allocation_ratio=_ratio(aubt, aoet),
        allocation_efficiency=_ratio(aubt, pbt),
        utilisation_efficiency=_ratio(apt, aubt),
        technical_efficiency=_ratio(apt, _sum(apt, adet)),
        setup_ratio=_ratio(aust, aupt),
        production_process_ratio=_ratio(apt, aoet),
        throughput_rate=_ratio(pq, aoet),
        scrap_ratio=_ratio(sq, pq),
        rework_ratio=_ratio(rq, pq),
        first_pass_yield=quality,
        worker_efficiency=_ratio(apwt, apat),
    )


def known_figures(figures: KeyFigures) -> dict[str, float]:
    """The key figures that could be computed, by name, in the order of the standard."""
    values = {field.name: getattr(figures, field.name) for field in fields(figures)}
    return {name: value for name, value in values.items() if value is not None}


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _sum(first: float | None, second: float | None) -> float | None:
    return first + second if first is not None and second is not None else None


def _product(*factors: float | None) -> float | None:
    made = 1.0
    for factor in factors:
        if factor is None:
            return None
        made *= factor
    return made

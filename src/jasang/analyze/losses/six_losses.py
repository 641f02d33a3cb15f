"""The six big losses (Nakajima 1988) as seconds of planned time, and the waterfall from planned to fully effective time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SixLosses:
    """Seconds of planned time lost, and what is left; the six and `unexplained_s` with `effective_s` make `planned_s`.

    `unexplained_s` is time that no record explains (gaps of the log, states nobody can name); it may be negative by the amount
    by which pieces came faster than the ideal cycle says (`faster_s` is that amount).
    """

    planned_s: float
    breakdowns_s: float
    setup_s: float
    minor_stops_s: float  # idling and minor stops
    reduced_speed_s: float
    process_defects_s: float
    startup_rejects_s: float
    unexplained_s: float
    faster_s: float
    effective_s: float

    def waterfall(self) -> tuple[tuple[str, float], ...]:
        """Names and seconds in the order they are lost: availability first, then speed, then quality."""
        return (
            ("breakdowns", self.breakdowns_s),
            ("setup", self.setup_s),
            ("minor_stops", self.minor_stops_s),
            ("reduced_speed", self.reduced_speed_s),
            ("process_defects", self.process_defects_s),
            ("startup_rejects", self.startup_rejects_s),
            ("unexplained", self.unexplained_s),
        )


def six_big_losses(
    *,
    planned_s: float,
    down_s: float = 0.0,
    setup_s: float = 0.0,
    idle_s: float = 0.0,
    run_s: float,
    minor_stop_s: float = 0.0,
    net_s: float | None = None,
    reject_s: float = 0.0,
    startup_reject_s: float = 0.0,
) -> SixLosses:
    """Divide planned time into the six big losses.

    Parameters
    ----------
    planned_s, down_s, setup_s, idle_s, run_s
        Planned time and what a log or the silences between pieces say of it, seconds. Idling counts to minor stops.
    minor_stop_s
        Short stops within the time counted as running, found in counts or cycle times.
    net_s
        Ideal cycle × pieces; `None` where unknown: then reduced speed is not told and run time without minor stops is net.
    reject_s, startup_reject_s
        Ideal cycle × rejects, and of these the ones after a start.

    Raises
    ------
    ValueError
        A time is negative, or the start-up rejects are more than all rejects.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    for name, value in given.items():
        if value < 0:
            raise ValueError(f"{name} is {value:g}; expected 0 or more seconds")
    if startup_reject_s > reject_s * (1 + 1e-9):
        raise ValueError(f"startup_reject_s is {startup_reject_s:g}, reject_s {reject_s:g}; expected at most reject_s")
    after_stops = max(0.0, run_s - minor_stop_s)
    net = after_stops if net_s is None else net_s
    faster = max(0.0, net - after_stops)
    reduced = max(0.0, after_stops - net)
    unexplained = planned_s - down_s - setup_s - idle_s - run_s - faster
    return SixLosses(
        planned_s=planned_s,
        breakdowns_s=down_s,
        setup_s=setup_s,
        minor_stops_s=idle_s + run_s - after_stops,
        reduced_speed_s=reduced,
        process_defects_s=reject_s - startup_reject_s,
        startup_rejects_s=startup_reject_s,
        unexplained_s=unexplained,
        faster_s=faster,
        effective_s=net - reject_s,
    )

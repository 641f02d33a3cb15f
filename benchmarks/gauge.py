"""How often gauge intervals hold the truth and how often the rule `gauge` speaks: `python -m benchmarks.gauge`."""

import sys

import numpy as np

from jasang.analyze.gauge import gauge_study
from jasang.diagnose.rules.gauge import severity_of

SIZES = (10, 3, 3)


def study(generator: np.random.Generator, sds: tuple[float, float, float, float], sizes: tuple[int, int, int] = SIZES):
    """Values, parts and operators of one study; standard deviations of part, operator, interaction, repetition."""
    p, o, r = sizes
    part, operator = np.repeat(np.arange(p), o * r), np.tile(np.repeat(np.arange(o), r), p)
    values = (
        sds[0] * generator.standard_normal(p)[part]
        + sds[1] * generator.standard_normal(o)[operator]
        + sds[2] * generator.standard_normal((p, o))[part, operator]
        + sds[3] * generator.standard_normal(part.size)
    )
    return values, part, operator


def main() -> None:
    """Print both tables."""
    generator = np.random.default_rng(7)
    write = sys.stdout.write
    write("true share  act  watch  quiet\n")
    for share in (0.10, 0.20, 0.25, 0.40):
        tally = {"act": 0, "watch": 0, None: 0}
        for _ in range(400):
            # Operators differ by half of what repetition scatters; 6 sigma of the gauge over a tolerance of 6 is its share.
            parts = (1.0, share * 0.2**0.5, 0.0, share * 0.8**0.5)
            severity = severity_of(gauge_study(*study(generator, parts), tolerance=6.0))
            tally[None if severity is None else severity.value] += 1
        write(f"{100 * share:9.0f} %  {tally['act'] / 4:.1f} %  {tally['watch'] / 4:.1f} %  {tally[None] / 4:.1f} %\n")
    write("\nsds (part, operator, interaction, repetition)  sizes  coverage of gauge, repeatability, part, share\n")
    for sds in ((1.0, 0.1, 0.0, 0.2), (1.0, 0.3, 0.2, 0.3), (1.0, 0.0, 0.0, 0.3)):
        for sizes in ((10, 3, 2), (10, 3, 3), (5, 2, 3)):
            truth = (sds[1] ** 2 + sds[2] ** 2 + sds[3] ** 2) ** 0.5
            held = np.zeros(4)
            for _ in range(400):
                made = gauge_study(*study(generator, sds, sizes))
                for place, (interval, true) in enumerate(
                    (
                        (made.line("gauge").sd_interval, truth),
                        (made.line("repeatability").sd_interval, sds[3]),
                        (made.line("part").sd_interval, sds[0]),
                        (made.line("gauge").share_interval, truth / (truth**2 + sds[0] ** 2) ** 0.5),
                    )
                ):
                    held[place] += interval[0] <= true <= interval[1]
            write(f"{sds} {sizes}: {np.round(held / 400, 3).tolist()}\n")


if __name__ == "__main__":
    main()

"""Does the stated share of good batches leave the golden envelope, and how often are healthy machines blamed?

python -m benchmarks.golden_batch [--machines 200] [--envelopes 100]
"""

import argparse
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter
from tests.diagnose.batch_plants import batch_machine

from jasang.analyze.batches import golden_envelope, judge_batches
from jasang.diagnose.rules.golden_batch import RULE

HEALTHY: dict[str, dict[str, Any]] = {
    "offsets without memory": {},
    "offsets with memory 0.9": {"memory": 0.9},
    "offsets with memory 0.98": {"memory": 0.98},
    "offsets that wander": {"walk": 0.3},
    "uneven batches": {"rows": (30, 60)},
    "verdicts in spells": {"judged": True},
    "verdicts in spells, memory 0.95": {"judged": True, "memory": 0.95},
    "verdicts in spells, wandering": {"judged": True, "walk": 0.2},
    "cycles found by shape": {"numbered": False, "rows": (35, 45)},
}
PLANTED: dict[str, dict[str, Any]] = {
    "bad batches": {"judged": True, "cause": True},
    "bad batches, memory 0.9": {"judged": True, "cause": True, "memory": 0.9},
    "last 15 batches": {"late": True},
    "last 15 batches, memory 0.9": {"late": True, "memory": 0.9},
    "last 15 batches, uneven": {"late": True, "rows": (30, 60)},
}


def coverage(count: int, memory: float, heavy: bool, envelopes: int) -> None:
    """Mean share of fresh good batches outside, and how often the 90 % interval of that share holds."""
    rng = np.random.default_rng(3)
    shares, stated, held = [], 0.0, 0
    for _ in range(envelopes):
        envelope = golden_envelope(_batches(rng, count, memory, heavy), good=np.arange(count))
        fresh = float((judge_batches(envelope, _batches(rng, 2000, 0.0, heavy)).score > 1).mean())
        shares.append(fresh)
        stated = envelope.outside.value
        held += envelope.outside.low <= fresh <= envelope.outside.high
    print(
        f"{count} batches, memory {memory}, {'heavy tails' if heavy else 'normal'}: stated {100 * stated:.1f} %, "
        f"left by {100 * np.mean(shares):.1f} %, interval held in {held} of {envelopes}",
        flush=True,
    )


def _batches(rng: np.random.Generator, count: int, memory: float, heavy: bool) -> np.ndarray:
    pushes = rng.standard_t(3, (count, 2, 1)) if heavy else rng.standard_normal((count, 2, 1))
    offset = lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], pushes, axis=0)
    wiggle = 3 * gaussian_filter1d(rng.standard_normal((count, 2, 40)), 3, axis=2)
    return np.asarray(np.sin(np.linspace(0, np.pi, 40)) * 30 + offset + wiggle)


def main() -> None:
    """Print the tables of docs/statistics.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=200)
    parser.add_argument("--envelopes", type=int, default=100)
    arguments = parser.parse_args()
    for count in (20, 60, 200):
        for memory, heavy in ((0.0, False), (0.0, True), (0.8, False)):
            coverage(count, memory, heavy, arguments.envelopes)
    for group in (HEALTHY, PLANTED):
        for name, machine in group.items():
            told = [len(list(RULE.check(batch_machine(1000 + seed, **machine)))) for seed in range(arguments.machines)]
            print(f"{name}: told in {sum(one > 0 for one in told)} of {arguments.machines}", flush=True)


if __name__ == "__main__":
    main()

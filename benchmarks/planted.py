"""How many planted problems are found, and how often a healthy factory is blamed.

python -m benchmarks.planted --factories 120 --nulls 100 --seed 0 [--out planted.jsonl]
python -m benchmarks.planted --show 17          (one factory: its truth and what was found; --null for a healthy one)
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from tests.factories.generator import make_factory
from tests.factories.made import RULES
from tests.factories.scoring import judge

from jasang.diagnose.finding import Finding
from jasang.mentor.diagnose import diagnose


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def said(finding: Finding) -> dict[str, Any]:
    """A finding in a line."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "column": finding.subject.column,
        "asset": finding.subject.asset,
        "product": finding.subject.product,
        "since": finding.since.isoformat() if finding.since else None,
        "strength": round(finding.strength, 1),
        "causes": [f"{cause.column}={cause.level}" if cause.level else cause.column for cause in finding.causes],
        "en": finding.text.en,
    }


def run_one(seed: int, healthy: bool, keep: str | None = None) -> dict[str, Any]:
    """Make the factory, diagnose it, judge the findings."""
    place = Path(keep or tempfile.mkdtemp(prefix="planted-"))
    begun = time.perf_counter()
    line: dict[str, Any] = {"seed": seed, "null": healthy}
    try:
        made = make_factory(seed, place, () if healthy else None)
        line |= {"rows": made.rows, "process": made.process, "traits": made.traits}
        begun = time.perf_counter()
        try:
            findings = diagnose(made.folder).findings
        except Exception as error:  # noqa: BLE001 - a crash is a result of the benchmark
            where = traceback.extract_tb(error.__traceback__)[-1]
            line |= {"crash": f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"}
            findings = ()
        score = judge(made, findings)
        line["planted"] = [
            asdict(truth) | {"found": said(hit) if hit else None, "first_cause": lead, "other_rule": other,
                             "onset_error": score.onset_error(place_)}
            for place_, (truth, hit, lead, other) in enumerate(
                zip(made.planted, score.hits, score.first_cause, score.other_rule, strict=True))
        ]  # fmt: skip
        line |= {"false_act": [said(f) for f in score.false_act], "false_watch": [said(f) for f in score.false_watch]}
        line["all"] = [said(finding) for finding in findings]
        line["seconds"] = round(time.perf_counter() - begun, 2)
    finally:
        if keep is None:
            shutil.rmtree(place, ignore_errors=True)
    return line


def share(hits: int, n: int) -> str:
    """`9/10  90 % [60, 98]`."""
    low, high = wilson(hits, n)
    return f"{hits:4d}/{n:<4d} {100 * hits / max(n, 1):5.1f} % [{100 * low:.0f}, {100 * high:.0f}]"


def table(lines: list[dict[str, Any]]) -> str:
    """The benchmark's table in Markdown-friendly text."""
    by_rule: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        for truth in line["planted"]:
            by_rule[truth["rule"]].append(truth)
    rows = [
        "rule            found, right column           of these act or watch       by any name  1st cause  onset error (median)"
    ]
    for rule in (*RULES, "all"):
        truths = by_rule[rule] if rule != "all" else [t for each in by_rule.values() for t in each]
        if not truths:
            continue
        hits = [t for t in truths if t["found"]]
        loud = [t for t in hits if t["found"]["severity"] != "note"]
        errors = [t["onset_error"] for t in hits if t["onset_error"] is not None]
        named = sum(bool(t["found"] or t["other_rule"]) for t in truths)
        first = f"{sum(t['first_cause'] for t in hits)}/{len(hits)}" if rule == "driver" else ""
        onset = f"{100 * float(np.median(errors)):.1f} % of the record (n={len(errors)})" if errors else ""
        rows.append(
            f"{rule:15s} {share(len(hits), len(truths)):28s}  {share(len(loud), len(truths)):28s}  "
            f"{named:4d}/{len(truths):<6d} {first:10s} {onset}"
        )
    nulls, made = [x for x in lines if x["null"]], [x for x in lines if not x["null"]]
    clean = sum(not x["false_act"] and "crash" not in x for x in nulls)
    quiet = sum(not x["false_act"] and not x["false_watch"] and "crash" not in x for x in nulls)
    rows += [
        "",
        f"healthy factories without an act finding    {share(clean, len(nulls))}",
        f"healthy factories without act or watch      {share(quiet, len(nulls))}",
        f"planted factories without a spurious act    {share(sum(not x['false_act'] for x in made), len(made))}",
        f"crashes {sum('crash' in x for x in lines)} of {len(lines)};  seconds per factory: "
        f"median {np.median([x['seconds'] for x in lines]):.2f}, most {max(x['seconds'] for x in lines):.2f}",
        "false act by rule, healthy: " + str(dict(Counter(f["rule"] for x in nulls for f in x["false_act"]))),
        "false watch by rule, healthy: " + str(dict(Counter(f["rule"] for x in nulls for f in x["false_watch"]))),
        "spurious act by rule, planted: " + str(dict(Counter(f["rule"] for x in made for f in x["false_act"]))),
    ]
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factories", type=int, default=120)
    parser.add_argument("--nulls", type=int, default=100)
    parser.add_argument(
        "--seed", type=int, default=0, help="the first seed; planted and healthy factories count up from it"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write a JSON line for each factory")
    parser.add_argument(
        "--show", type=int, metavar="SEED", help="make one factory, keep it, and print truth and findings"
    )
    parser.add_argument("--null", action="store_true", help="with --show: the healthy factory of that seed")
    parser.add_argument(
        "--into", type=Path, default=Path(tempfile.gettempdir()) / "jasang-factories", help="with --show"
    )
    given = parser.parse_args()
    if given.show is not None:
        line = run_one(given.show, given.null, str(given.into))
        print(json.dumps(line, ensure_ascii=False, indent=1, default=str))
        return 0
    seeds = [(seed, False) for seed in range(given.seed, given.seed + given.factories)]
    seeds += [(seed, True) for seed in range(given.seed, given.seed + given.nulls)]
    seeds.sort()  # planted and healthy in turn
    # Written as they come, so that a long run can be read while it goes on.
    lines: list[dict[str, Any]] = []
    out = given.out.open("w", encoding="utf-8") if given.out else None
    with ProcessPoolExecutor(given.jobs) as pool:
        for line in pool.map(run_one, *zip(*seeds, strict=True)):
            lines.append(line)
            if out:
                out.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
                out.flush()
    if out:
        out.close()
    print(f"first seed {given.seed}: {given.factories} factories with planted problems, {given.nulls} healthy ones")
    print(table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())

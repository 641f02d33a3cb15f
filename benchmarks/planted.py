"""How many planted problems are found, how often a healthy factory is blamed, how far onset and worth are off: tables by kind.

python -m benchmarks.planted --factories 115 --nulls 60 --seed 0 [--out planted.jsonl]
python -m benchmarks.planted --tables planted.jsonl          (the tables of a run that was written)
python -m benchmarks.planted --show 17          (one factory: its truth and what was found; --null for a healthy one)
`--narrow` takes the first world: the rules of `made.RULES`, no short histories on purpose, no meters.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from tests.factories.generator import make_factory
from tests.factories.made import WIDE_RULES
from tests.factories.scoring import judge

from jasang.diagnose.finding import Finding
from jasang.mentor.diagnose import diagnose

Line = dict[str, Any]
# Each table is split so: heading, which factories.
SPLITS: tuple[tuple[str, Callable[[Line], bool]], ...] = (
    ("≤ 2 weeks", lambda line: bool(line["traits"]["short"])),
    ("longer", lambda line: not line["traits"]["short"]),
    ("factory.toml", lambda line: bool(line["traits"]["toml"])),
    ("none", lambda line: not line["traits"]["toml"]),
)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def said(finding: Finding) -> Line:
    """A finding in a line."""
    worth = finding.worth
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "column": finding.subject.column,
        "asset": finding.subject.asset,
        "product": finding.subject.product,
        "since": finding.since.isoformat() if finding.since else None,
        "strength": round(finding.strength, 1),
        "causes": [f"{cause.column}={cause.level}" if cause.level else cause.column for cause in finding.causes],
        "worth": [round(worth.amount), round(worth.low), round(worth.high)] if worth else None,
        "en": finding.text.en,
    }


def run_one(seed: int, healthy: bool, wide: bool = True, keep: str | None = None) -> Line:
    """Make the factory, diagnose it, judge the findings."""
    place = Path(keep or tempfile.mkdtemp(prefix="planted-"))
    line: Line = {"seed": seed, "null": healthy}
    try:
        made = make_factory(seed, place, () if healthy else None, wide=wide)
        line |= {"rows": made.rows, "process": made.process, "traits": made.traits}
        begun = time.process_time()
        try:
            findings = diagnose(made.folder).findings
        except Exception as error:  # noqa: BLE001 - a crash is a result of the benchmark
            where = traceback.extract_tb(error.__traceback__)[-1]
            line |= {"crash": f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"}
            findings = ()
        line["seconds"] = round(time.process_time() - begun, 2)
        score = judge(made, findings)
        line["planted"] = [
            asdict(truth) | {"found": said(hit) if hit else None, "first_cause": lead, "other_rule": other,
                             "onset_error": score.onset_error(at), "onset_hours": score.onset_hours(at),
                             "worth_ratio": score.worth(at)}
            for at, (truth, hit, lead, other) in enumerate(
                zip(made.planted, score.hits, score.first_cause, score.other_rule, strict=True))
        ]  # fmt: skip
        line |= {"false_act": [said(f) for f in score.false_act], "false_watch": [said(f) for f in score.false_watch]}
        line["all"] = [said(finding) for finding in findings]
    finally:
        if keep is None:
            shutil.rmtree(place, ignore_errors=True)
    return line


def share(hits: int, n: int) -> str:
    """`9/10, 90 % [60, 98]`."""
    low, high = wilson(hits, n)
    return f"{hits}/{n}, {100 * hits / n:.0f} % [{100 * low:.0f}, {100 * high:.0f}]" if n else "–"


def grid(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    head = list(heading)
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def of_rules(lines: list[Line]) -> list[tuple[str, list[tuple[Line, Line]]]]:
    """(rule, its planted problems with their factories), and all of them at the end."""
    pairs = [(line, truth) for line in lines for truth in line["planted"]]
    found = [(rule, [pair for pair in pairs if pair[1]["rule"] == rule]) for rule in WIDE_RULES]
    return [(rule, kind) for rule, kind in found if kind] + [("**all**", pairs)]


def recall_table(lines: list[Line]) -> str:
    rows = []
    for rule, pairs in of_rules(lines):
        hits = [truth for _, truth in pairs if truth["found"]]
        loud = sum(truth["found"]["severity"] != "note" for truth in hits)
        other = sum(bool(truth["found"] or truth["other_rule"]) for _, truth in pairs)
        parts = []
        for _, inside in SPLITS:
            part = [bool(truth["found"]) for line, truth in pairs if inside(line)]
            parts.append(f"{sum(part)}/{len(part)}" if part else "–")
        rows.append([rule, share(len(hits), len(pairs)), f"{loud}/{len(pairs)}", f"{other}/{len(pairs)}", *parts])
    heading = ["planted", "found, right column", "as act or watch", "by any name", *(name for name, _ in SPLITS)]
    return grid(heading, rows)


def false_table(lines: list[Line]) -> str:
    nulls, made = [x for x in lines if x["null"]], [x for x in lines if not x["null"]]
    groups = [(part, loud) for part in (nulls, made) for loud in ("false_act", "false_watch")]
    rules = sorted({f["rule"] for part, loud in groups for line in part for f in line[loud]})
    rows: list[list[object]] = [
        [rule, *(sum(any(f["rule"] == rule for f in x[loud]) for x in part) for part, loud in groups)] for rule in rules
    ]
    rows.append(["**any rule**", *(f"{sum(bool(x[loud]) for x in part)}/{len(part)}" for part, loud in groups)])
    for name, inside in SPLITS:
        counts = []
        for part, loud in groups:
            chosen = [x for x in part if inside(x)]
            counts.append(f"{sum(bool(x[loud]) for x in chosen)}/{len(chosen)}")
        rows.append([f"any rule, {name}", *counts])
    return grid(
        ["factories with a false", "act, healthy", "watch, healthy", "act beside planted", "watch beside planted"], rows
    )


def onset_table(lines: list[Line]) -> str:
    rows = []
    for rule, pairs in of_rules(lines):
        known = [(line, t) for line, t in pairs if t["onset_hours"] is not None]
        if not known:
            continue
        hours = [t["onset_hours"] for _, t in known]
        parts = []
        for _, inside in SPLITS:
            part = [t["onset_hours"] for line, t in known if inside(line)]
            parts.append(f"{np.median(part):.1f} h ({len(part)})" if part else "–")
        error = 100 * float(np.median([t["onset_error"] for _, t in known]))
        rows.append(
            [
                rule,
                len(known),
                f"{np.median(hours):.1f} h",
                f"{np.quantile(hours, 0.9):.0f} h",
                f"{error:.1f} %",
                *parts,
            ]
        )
    heading = ["onset", "n", "median error", "nine in ten within", "median, share of the record"]
    return grid([*heading, *(name for name, _ in SPLITS)], rows)


def worth_table(lines: list[Line]) -> str:
    rows = []
    for rule, pairs in of_rules(lines):
        known = [(line, t["worth_ratio"]) for line, t in pairs if t["worth_ratio"] is not None]
        if not known:
            continue
        low, middle, high = np.quantile([ratio for _, (ratio, _) in known], [0.25, 0.5, 0.75])
        parts = []
        for _, inside in SPLITS:
            part = [held for line, (_, held) in known if inside(line)]
            parts.append(f"{sum(part)}/{len(part)}" if part else "–")
        held = sum(held for _, (_, held) in known)
        rows.append([rule, len(known), f"{middle:.2f} ({low:.2f} to {high:.2f})", f"{held}/{len(known)}", *parts])
    heading = [
        "worth",
        "n",
        "found / true, median (quartiles)",
        "interval holds the true",
        *(name for name, _ in SPLITS),
    ]
    return grid(heading, rows)


def tables(lines: list[Line]) -> str:
    """All tables of a run in Markdown."""
    nulls, made = [x for x in lines if x["null"]], [x for x in lines if not x["null"]]
    drivers = [t for x in made for t in x["planted"] if t["rule"] == "driver" and t["found"]]
    seconds = [x["seconds"] for x in lines]
    summary = [
        f"healthy factories without an act finding: {share(sum(not x['false_act'] for x in nulls), len(nulls))}",
        f"healthy factories without act or watch: "
        f"{share(sum(not x['false_act'] and not x['false_watch'] for x in nulls), len(nulls))}",
        f"planted factories without a spurious act: {share(sum(not x['false_act'] for x in made), len(made))}",
        f"the true cause first: {sum(t['first_cause'] for t in drivers)}/{len(drivers)} drivers",
        f"crashes {sum('crash' in x for x in lines)} of {len(lines)}; processor seconds a factory: median "
        f"{np.median(seconds):.1f}, most {max(seconds):.1f}",
        "healthy, false act: " + str(dict(Counter(f["rule"] for x in nulls for f in x["false_act"]))),
    ]
    parts = [recall_table(made), false_table(lines), onset_table(made), worth_table(made), "\n".join(summary)]
    return "\n\n".join(part for part in parts if part)


def run_all(given: argparse.Namespace) -> list[Line]:
    """Planted and healthy factories in turn, written as they come, so that a long run can be read while it goes on."""
    seeds = [(seed, False) for seed in range(given.seed, given.seed + given.factories)]
    seeds += [(seed, True) for seed in range(given.seed, given.seed + given.nulls)]
    seeds.sort()
    lines: list[Line] = []
    out = given.out.open("w", encoding="utf-8") if given.out else None
    with ProcessPoolExecutor(given.jobs) as pool:
        for line in pool.map(run_one, *zip(*seeds, strict=True), [not given.narrow] * len(seeds)):
            lines.append(line)
            if out:
                out.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
                out.flush()
    if out:
        out.close()
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factories", type=int, default=115)
    parser.add_argument("--nulls", type=int, default=60)
    parser.add_argument(
        "--seed", type=int, default=0, help="the first seed; planted and healthy factories count up from it"
    )
    parser.add_argument("--narrow", action="store_true", help="the first world, with the rules of made.RULES")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write a JSON line for each factory")
    parser.add_argument("--tables", type=Path, help="only print the tables of such a file")
    parser.add_argument(
        "--show", type=int, metavar="SEED", help="make one factory, keep it, and print truth and findings"
    )
    parser.add_argument("--null", action="store_true", help="with --show: the healthy factory of that seed")
    parser.add_argument(
        "--into", type=Path, default=Path(tempfile.gettempdir()) / "jasang-factories", help="with --show"
    )
    given = parser.parse_args()
    if given.show is not None:
        line = run_one(given.show, given.null, not given.narrow, str(given.into))
        print(json.dumps(line, ensure_ascii=False, indent=1, default=str))
        return 0
    if given.tables is not None:
        lines = [json.loads(text) for text in given.tables.read_text(encoding="utf-8").splitlines()]
    else:
        lines = run_all(given)
    print(tables(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())

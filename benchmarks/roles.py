"""How well roles are inferred: `python -m benchmarks.roles`, on the real sets under `JASANG_DATA` (default `../shared`).

The answer sheet is tests/analyze/roles/answers (its README says how it was made). A set belongs to the tuning half where the
first byte of the SHA-256 of its name is even, else to the held-out half.
"""

import argparse
import fnmatch
import hashlib
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from jasang.analyze.roles import infer_table
from jasang.connect.protocols.files import open_path
from jasang.errors import UnreadableInput

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "tests" / "analyze" / "roles" / "answers"
DATA = Path(os.environ.get("JASANG_DATA", ROOT.parent / "shared")) / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One table judged: per column (column, right roles, guessed role), and the kind. `weight` is 1 / files of the answer."""

    dataset: str
    file: str
    weight: float
    kinds: tuple[str, ...]
    kind: str
    columns: tuple[tuple[str, tuple[str, ...], str], ...]

    @property
    def right(self) -> int:
        """Columns whose guess is right."""
        return sum(guess in roles for _, roles, guess in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shares of right answers, 0 to 1. `columns` weighs every column alike, `sets` every set alike."""

    columns: float
    sets: float
    kinds: float
    column_count: int
    set_count: int
    table_count: int


def half(dataset: str) -> str:
    """ "tuning" or "held-out"."""
    return "tuning" if hashlib.sha256(dataset.encode()).digest()[0] % 2 == 0 else "held-out"


def datasets(which: str) -> list[str]:
    """The names of the sets of a half."""
    return [path.stem for path in sorted(ANSWERS.glob("*.toml")) if half(path.stem) == which]


def judge(dataset: str, data: Path = DATA) -> Iterator[Answered]:
    """Every table of a set that the sheet answers."""
    sheet = tomllib.loads((ANSWERS / f"{dataset}.toml").read_text(encoding="utf-8"))
    folder = data / dataset
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    taken: set[str] = set()
    for answer in sheet["tables"]:
        mine = [f for f in files if f not in taken and any(fnmatch.fnmatch(f, pattern) for pattern in answer["files"])]
        taken.update(mine)
        if not mine:
            raise LookupError(f"{dataset}: no file matches {answer['files']}")
        for file in mine:
            try:
                with open_path(folder / file, timezone="Asia/Seoul") as opened:
                    table = opened.files[0]
                    sample, rows = table.sample(), table.rows
            except UnreadableInput:
                if "other" in answer["kind"]:  # a job-shop instance with lines of uneven length is no table
                    continue
                raise
            yield _judged(dataset, file, 1 / len(mine), answer, sample, rows)


def _judged(
    dataset: str, file: str, weight: float, answer: dict[str, object], sample: pl.DataFrame, rows: int
) -> Answered:
    guess = infer_table(file, sample, rows)
    guessed = {one.column: one.role.value for one in guess.guesses}
    roles = _roles(answer["columns"], sample.columns)  # type: ignore[arg-type]
    if answer["columns"] and len(roles) != sample.width:
        unanswered = [name for name in sample.columns if name not in roles]
        raise LookupError(f"{dataset}/{file}: the sheet does not answer {unanswered[:5]}")
    return Answered(
        dataset=dataset,
        file=file,
        weight=weight,
        kinds=tuple(str(answer["kind"]).split("|")),
        kind=guess.table.kind.value,
        columns=tuple((name, right, guessed[name]) for name, right in roles.items()),
    )


def _roles(answers: dict[str, str], names: list[str]) -> dict[str, tuple[str, ...]]:
    """The right roles by column name; "#3" and "#1-41" are positions from 1."""
    found: dict[str, tuple[str, ...]] = {}
    for key, roles in answers.items():
        if key.startswith("#"):
            first, _, last = key[1:].partition("-")
            chosen = names[int(first) - 1 : int(last or first)]
        else:
            chosen = [name for name in names if name.strip() == key.strip()]
        for name in chosen:
            found[name] = tuple(roles.split("|"))
    return found


def score(tables: list[Answered]) -> Score:
    """The shares of right answers. Files that share one answer (27 runs of one rig) count together as one table."""
    by_set: dict[str, list[float]] = {}
    right = total = kinds = kind_total = 0.0
    for table in tables:
        sums = by_set.setdefault(table.dataset, [0.0, 0.0])
        sums[0] += table.weight * table.right
        sums[1] += table.weight * len(table.columns)
        right += table.weight * table.right
        total += table.weight * len(table.columns)
        kinds += table.weight * (table.kind in table.kinds)
        kind_total += table.weight
    shares = [good / every for good, every in by_set.values() if every]
    return Score(
        columns=right / total,
        sets=sum(shares) / len(shares),
        kinds=kinds / kind_total,
        column_count=round(total),
        set_count=len(shares),
        table_count=round(kind_total),
    )


def confusion(tables: list[Answered]) -> Counter[tuple[str, str]]:
    """How often (answer, guess) came together; the answer is the guess where that is right."""
    counts: Counter[tuple[str, str]] = Counter()
    for table in tables:
        for _, roles, guess in table.columns:
            counts[(guess if guess in roles else roles[0], guess)] += 1
    return counts


def main() -> None:
    """Print accuracy and confusion of one or both halves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("tuning", "held-out"))
    parser.add_argument("--errors", action="store_true", help="list every wrong column")
    arguments = parser.parse_args()
    for which in (arguments.half,) if arguments.half else ("tuning", "held-out"):
        tables = [table for dataset in datasets(which) for table in judge(dataset)]
        _print(which, tables, errors=arguments.errors)


def _print(which: str, tables: list[Answered], *, errors: bool) -> None:
    total = score(tables)
    print(
        f"{which}: {total.columns:.1%} of {total.column_count} columns, {total.sets:.1%} as the mean of {total.set_count} sets,"
    )
    print(f"  kind of table right in {total.kinds:.1%} of {total.table_count}")
    for dataset in sorted({table.dataset for table in tables}):
        mine = [table for table in tables if table.dataset == dataset]
        one = score(mine) if any(table.columns for table in mine) else None
        if one is not None:
            print(f"  {dataset:28} {one.columns:6.1%} of {one.column_count:4} columns, kinds {one.kinds:6.1%}")
    wrong = Counter({pair: count for pair, count in confusion(tables).items() if pair[0] != pair[1]})
    print("  answer taken for guess: " + ", ".join(f"{a}→{b} {n}" for (a, b), n in wrong.most_common(12)))
    if errors:
        for table in tables:
            bad = [
                f"{name}: {'|'.join(roles)} not {guess}" for name, roles, guess in table.columns if guess not in roles
            ]
            if bad or table.kind not in table.kinds:
                kind = "" if table.kind in table.kinds else f" KIND {'|'.join(table.kinds)} not {table.kind}"
                sys.stdout.write(f"    {table.dataset}/{table.file}{kind} {'; '.join(bad[:14])}\n")


if __name__ == "__main__":
    main()

"""Reads the two standard text formats of job-shop instances: one machine an operation (.jsp), or a choice of machines (.fjs).

Job shop: jobs and machines, then a line a job of pairs "machine time". Flexible: jobs and machines (a third number is passed
over), then a line a job: its operations, and for each the number of machines and that many pairs "machine time". Taillard's own
layout, a block of times and a block of machines, is read too. Machines count from 0 or from 1; which of them the numbers show.
"""

import re
from pathlib import Path

from jasang.errors import UnreadableInput
from jasang.optimize.schedule.job_shop import Alternative, JobShop

SHOP_SUFFIXES = frozenset([".jsp", ".fjs", ".jss", ".fjsp", ".txt"])
Job = tuple[tuple[Alternative, ...], ...]


def read_job_shop(path: Path) -> JobShop:
    """The instance in a text file.

    Raises
    ------
    UnreadableInput
        It is neither format; names the line, what was found and what was expected.
    """
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise UnreadableInput(
            ko=f"{path}을(를) 읽을 수 없습니다: {error.strerror}", en=f"{path} cannot be read: {error.strerror}"
        ) from error
    return parse_job_shop(text, name=path.name, suffix=path.suffix.lower())


def parse_job_shop(text: str, *, name: str = "-", suffix: str = "") -> JobShop:
    """The instance in `text`; `suffix` ".jsp" or ".fjs" says which format, anything else leaves it to the numbers."""
    rows = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if _is_numbers(line)]
    if not rows or len(rows[0][1]) < 2:
        found = text.strip().splitlines()[0][:40] if text.strip() else ""
        raise _wrong(
            name,
            1,
            f"'{found}'",
            "첫 줄에 작업 수와 설비 수(예: 10 5)",
            "jobs and machines in the first line, as in 10 5",
        )
    first, header = rows[0]
    jobs, machines = int(float(header[0])), int(float(header[1]))
    lines = [(number, _whole(name, number, words)) for number, words in rows[1:]]
    taillard = re.search(r"(?mi)^\s*times\b", text) is not None and re.search(r"(?mi)^\s*machines\b", text) is not None
    wanted = 2 * jobs if taillard else jobs
    if len(lines) < wanted or jobs < 1 or machines < 1:
        raise _wrong(
            name,
            first,
            f"{jobs} {machines} / {len(lines)}",
            f"그 아래 {wanted}줄",
            f"{wanted} lines of numbers below it",
        )
    lines = lines[:wanted]
    if taillard:
        lines = [
            (number, [word for pair in zip(lines[jobs + place][1], times, strict=True) for word in pair])
            for place, (number, times) in enumerate(lines[:jobs])
        ]
    flexible = suffix in (".fjs", ".fjsp") or (
        suffix not in (".jsp", ".jss") and not taillard and all(_flexible(numbers) is not None for _, numbers in lines)
    )
    read = [_job(name, number, numbers, flexible=flexible) for number, numbers in lines]
    return _shop(name, read, [number for number, _ in lines], machines)


def _is_numbers(line: str) -> bool:
    return re.fullmatch(r"[\s\d.]*\d[\s\d.]*", line) is not None


def _whole(name: str, number: int, words: list[str]) -> list[int]:
    try:
        return [int(word) for word in words]
    except ValueError:
        raise _wrong(name, number, " ".join(words)[:40], "정수만", "whole numbers only") from None


def _flexible(numbers: list[int]) -> Job | None:
    """The line as a job with choices, where it is exactly that."""
    at, job = 1, []
    for _ in range(numbers[0]):
        choices = numbers[at] if at < len(numbers) else 0
        if choices < 1 or at + 1 + 2 * choices > len(numbers):
            return None
        part = numbers[at + 1 : at + 1 + 2 * choices]
        job.append(tuple(zip(part[::2], part[1::2], strict=True)))
        at += 1 + 2 * choices
    return tuple(job) if at == len(numbers) else None


def _job(name: str, number: int, numbers: list[int], *, flexible: bool) -> Job:
    if flexible:
        job = _flexible(numbers)
        if job is None:
            raise _wrong(
                name, number, f"{len(numbers)}", "공정 수, 그리고 공정마다 설비 수와 '설비 시간' 쌍",
                "the number of operations, and for each the number of machines and pairs 'machine time'",
            )  # fmt: skip
        return job
    if len(numbers) % 2:
        raise _wrong(name, number, f"{len(numbers)}", "'설비 시간' 쌍(짝수 개)", "pairs 'machine time' (an even count)")
    return tuple(((machine, time),) for machine, time in zip(numbers[::2], numbers[1::2], strict=True))


def _shop(name: str, read: list[Job], numbers: list[int], machines: int) -> JobShop:
    used = {machine for job in read for operation in job for machine, _ in operation}
    shift = 1 if used and 0 not in used and max(used) == machines else 0
    for number, job in zip(numbers, read, strict=True):
        for machine in (machine for operation in job for machine, _ in operation):
            if not 0 <= machine - shift < machines:
                raise _wrong(
                    name, number, f"{machine}", f"{machines}대 설비의 번호", f"the number of one of {machines} machines"
                )
    # An operation that takes no time holds no machine: it is left out.
    jobs = tuple(
        tuple(
            tuple((machine - shift, max(1, time)) for machine, time in operation)
            for operation in job
            if any(time > 0 for _, time in operation)
        )
        for job in read
    )
    return JobShop(jobs=jobs, machines=machines)


def _wrong(name: str, line: int, found: str, ko: str, en: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"{name} {line}번째 줄: {ko}이(가) 있어야 하는데 {found}입니다.",
        en=f"{name} line {line}: expected {en}, found {found}.",
    )

"""A job that takes its time and writes down each start and each end."""

import time
from pathlib import Path

from jasang.plant.text import Progress, Text
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold


def slow_job(job: Job, progress: Progress) -> None:
    """Work for `seconds`, telling its progress; `once` = only the first start is slow."""
    log = Path(job.payload["log"])
    with log.open("a") as opened:
        opened.write("start\n")
    first = log.read_text().count("start") == 1
    seconds = job.payload["seconds"] if first else 0.2
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        progress(Text(ko="일하는 중", en="working"), 1 - (end - time.monotonic()) / seconds)
        time.sleep(0.05)
    hold(job=job)
    with log.open("a") as opened:
        opened.write("end\n")

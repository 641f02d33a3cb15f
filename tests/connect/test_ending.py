"""Ending tasks that lose a cancellation."""

import asyncio
import contextlib

from jasang.connect.ending import end


def test_task_that_lost_its_cancellation_is_asked_again() -> None:
    asked = 0

    async def stubborn() -> None:
        nonlocal asked
        while asked < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                asked += 1

    async def run() -> None:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await asyncio.wait_for(end([task], again=0.01), timeout=60)
        assert task.done()

    asyncio.run(run())

    assert asked == 3


def test_task_that_says_goodbye_is_not_disturbed() -> None:
    said = []

    async def polite() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            said.append("goodbye")

    async def run() -> None:
        task = asyncio.create_task(polite())
        await asyncio.sleep(0)
        await end([task])
        assert task.cancelled()

    asyncio.run(run())

    assert said == ["goodbye"]


def test_errors_of_ended_tasks_stay_in_them() -> None:
    async def failing() -> None:
        raise ValueError("broken")

    async def run() -> None:
        failed = asyncio.create_task(failing())
        ended = asyncio.create_task(asyncio.sleep(0))
        with contextlib.suppress(ValueError):
            await failed
        await end([failed, ended])
        assert isinstance(failed.exception(), ValueError)
        assert ended.done()

    asyncio.run(run())

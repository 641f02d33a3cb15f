"""A process that writes consecutive numbers to a store and says which were acknowledged; to be killed at any moment."""

import sys
from datetime import UTC, datetime, timedelta

from jasang.plant.reading import Reading
from jasang.store import open_store

START = datetime(2026, 3, 1, tzinfo=UTC)


def main(folder: str, first: int) -> None:
    store = open_store(folder)
    number = first
    while True:
        batch = []
        for _ in range(200):
            moment = START + timedelta(seconds=number)
            batch.append(Reading(signal="count", source_time=moment, receive_time=moment, value=number))
            number += 1
        store.append(batch)
        sys.stdout.write(f"{number - 1}\n")
        sys.stdout.flush()
        if number // 200 % 10 == 0:
            store.settle(START + timedelta(seconds=number - 500))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

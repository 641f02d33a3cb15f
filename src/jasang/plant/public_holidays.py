"""Public holidays by country, from the package `holidays`.

It is loaded by the first question, not by the import: its start is felt in every command, its answer needed by few.
"""

from collections.abc import Collection, Iterable
from datetime import date


def public_holidays(country: str, years: Iterable[int]) -> frozenset[date]:
    """The public holidays of a country (ISO 3166 code) in those years."""
    from holidays import country_holidays  # noqa: PLC0415 - see above

    return frozenset(country_holidays(country, years=tuple(years)))


def countries_with_holidays() -> Collection[str]:
    """The codes of the countries whose holidays are known."""
    from holidays import list_supported_countries  # noqa: PLC0415 - see above

    return list_supported_countries().keys()

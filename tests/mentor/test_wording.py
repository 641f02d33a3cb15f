"""Numbers and money as people write them."""

import pytest

from jasang.diagnose.finding import Cause, Check, Evidence
from jasang.mentor.wording import cause_words, check_words, evidence_words, money, number, typed_number
from jasang.plant.text import Text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (3.0, "3"),
        (12345.0, "12,345"),
        (0.02468, "0.0247"),
        (648.0004, "648"),
        (1.5, "1.5"),
        (-0.5, "-0.5"),
        (float("nan"), "–"),
        (1e-7, "1e-07"),
    ],
)
def test_number_has_three_digits(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("text", "value"), [("1,560.5", 1560.5), (" -12,345,678 ", -12345678.0), ("0.5", 0.5), ("1e3", 1000.0)]
)
def test_numbers_are_taken_as_people_type_them(text: str, value: float) -> None:
    assert typed_number(text) == value


@pytest.mark.parametrize("text", ["56,5", "1,2345", "1234,567", ",5", "1,,000", "많이", ""])
def test_a_comma_is_no_decimal_point(text: str) -> None:
    with pytest.raises(ValueError, match=r"comma|could not convert"):
        typed_number(text)


@pytest.mark.parametrize(
    ("amount", "ko", "en"),
    [
        (18_412_345, "1,840만 원", "₩18,400,000"),
        (234_567_890, "2.35억 원", "₩235,000,000"),
        (9_120, "9,120원", "₩9,120"),
        (0, "0원", "₩0"),
    ],
)
def test_money_is_told_to_three_digits(amount: float, ko: str, en: str) -> None:
    assert money(amount, "KRW", "ko") == ko
    assert money(amount, "KRW", "en") == en


def test_share_is_told_in_per_cent_with_its_interval() -> None:
    label = Text(ko="불량률", en="defect rate")
    item = Evidence(name="outside", label=label, value=0.12, low=0.1, high=0.14, unit="share")

    assert evidence_words(item, "ko") == "불량률 12 % (10–14)"


def test_tiny_probability_is_told_as_below() -> None:
    item = Evidence(name="family_wise_p", label=Text(ko="우연일 확률", en="probability by chance"), value=3e-9)

    assert evidence_words(item, "en") == "probability by chance < 0.0001"


def test_cause_names_the_window_to_hold() -> None:
    cause = Cause(column="mold_temp", direction="up", window=(58.0, 63.0), effect=0.02)

    assert cause_words(cause, "en") == "mold_temp 58–63 to hold"
    assert cause_words(cause, "ko") == "mold_temp 58–63 유지"


def test_check_says_what_should_change_by_how_much() -> None:
    rate = Check(metric="defect_rate", expected=-0.012, days=14)
    mean = Check(metric="PS4 [bar]_mean", expected=9.7, days=7)

    assert check_words(rate, "ko") == "14일 뒤 불량률을 다시 봅니다. 1.2 %p쯤 줄어야 합니다."
    assert check_words(rate, "en") == "look at the defect rate again after 14 days; it should fall by about 1.2 points"
    assert check_words(mean, "ko") == "7일 뒤 PS4 [bar] 평균을 다시 봅니다. 9.7쯤 늘어야 합니다."

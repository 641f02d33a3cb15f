"""Particles fit the word before them, read aloud."""

import pytest

from jasang.errors import UnreadableInput
from jasang.korean import with_particles
from jasang.plant.text import Text


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("온도이(가) 높습니다", "온도가 높습니다"),
        ("압력이(가) 높습니다", "압력이 높습니다"),
        ("설비을(를) 보세요", "설비를 보세요"),
        ("금형은(는) 괜찮습니다", "금형은 괜찮습니다"),
        ("압력와(과) 온도", "압력과 온도"),
        ("로트(으)로 나눔", "로트로 나눔"),
        ("금형(으)로 나눔", "금형으로 나눔"),
        ("수율(으)로 봅니다", "수율로 봅니다"),
        ("9.85 bar(으)로", "9.85 bar로"),
        ("60(으)로", "60으로"),
        ("1(으)로", "1로"),
        ("12 %(으)로", "12 %로"),
        ("'PS4 [bar]'이(가)", "'PS4 [bar]'가"),
        ("RPM이(가)", "RPM이"),
        ("cast_pressure이(가)", "cast_pressure가"),
        ("channel이(가)", "channel이"),
        ("INJ-01은(는) 1449을(를)", "INJ-01은 1449를"),
    ],
)
def test_particle_follows_the_sound_before_it(template: str, sentence: str) -> None:
    assert with_particles(template) == sentence


def test_texts_and_errors_keep_the_fitting_particle() -> None:
    assert Text(ko="온도을(를) 보세요", en="look").ko == "온도를 보세요"
    assert UnreadableInput(ko="파일을(를)", en="file").in_language("ko") == "파일을"

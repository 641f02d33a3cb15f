"""Made bodies of line protocol, good and bad, for the ways to read them that must give the same."""

import json

from hypothesis import strategies as st

TEXT = st.text(st.sampled_from(list('ab é한.%{}=, \\"#\t0')), min_size=0, max_size=4)
WORD = st.sampled_from(["m", "plc", "A", "B", "asset", "host", "zone", "v", "temp", "#x", "0x1", "µ"])
PIECE = st.one_of(WORD, WORD, WORD, TEXT)
NUMBER = st.one_of(
    st.floats().map(repr),
    st.integers(-(2**65), 2**65).map(lambda n: f"{n}i"),
    st.integers(-1, 2**65).map(lambda n: f"{n}u"),
    st.sampled_from(
        [
            "1",
            "-0.0",
            "1e5",
            "1.e-5",
            "5.",
            "-.5",
            ".",
            "-",
            "1e",
            "+1",
            "0x1",
            "0x1i",
            "1_0",
            "inf",
            "NaN",
            "1i2",
            "i",
            "1u",
        ]
    ),
)
VALUE = st.one_of(
    NUMBER,
    NUMBER,
    st.sampled_from(["t", "T", "true", "True", "TRUE", "f", "F", "false", "FALSE", "x", ""]),
    TEXT.map(lambda text: json.dumps(text, ensure_ascii=False)),
    TEXT,
)
TIME = st.one_of(
    st.integers(-(2**64), 2**64).map(str),
    st.integers(0, 5).map(str),
    st.sampled_from(["", " ", "0x1", "+1", "1.0", "1 2", "1\r", "-"]),
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bodies of a few shapes with a few lines each, in any order; most lines are good."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        tags, fields = draw(st.integers(0, 2)), draw(st.integers(1, 3))
        kind = draw(st.sampled_from([VALUE, NUMBER, st.just("1i"), st.integers(0, 99).map(str)]))
        for _ in range(draw(st.integers(1, 4))):
            series = ",".join([draw(PIECE), *(f"{draw(PIECE)}={draw(PIECE)}" for _ in range(tags))])
            pairs = ",".join(f"{draw(PIECE)}={draw(kind)}" for _ in range(fields))
            lines.append(f"{series} {pairs} {draw(TIME)}" if draw(st.booleans()) else f"{series} {pairs} 7")
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return (end.join(draw(st.permutations(lines))) + draw(st.sampled_from(["", end]))).encode()

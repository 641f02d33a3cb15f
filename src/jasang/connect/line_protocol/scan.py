"""The fastest way: one pass over the bytes of a body, compiled by numba, that lets go of the interpreter's lock.

A line is taken apart into segments: the bytes from its begin to the `=` of its first field, then from each further comma to its
`=`. A segment is known by its bytes and the segment before it in its line (its parent), so a path of segments tells the signal.
In most bodies the segment that followed last time follows again, and comparing it is all there is to do.

Whatever is not certain to mean the same as in `line.py` is not read here: the caller reads that line and comes back.
"""

import numpy as np
from numba import njit

# Columns of the table of segments. A segment is called by its row; row 0 is "none".
START, LENGTH, PARENT, SIGNAL, NEXT_LINE, NEXT_FIELD = range(6)
# Places in the state of a scan: where it is in the body, and lines and points and readings and left-over values so far; the first
# segment of the line before.
AT, LINES, POINTS, ROWS, LEFT, BEFORE = range(6)
DONE, CAREFUL, FULL = range(
    3
)  # what a scan stops at: the end, a line for the exact reader, too little room for results
NUMBER, WHOLE, TRUTH, TEXT = range(1, 5)  # as in `plant.reading_columns`
_UNCLEAR, _LONG = 0, 5  # no value that is read here; a number that needs more than one rounding

_POWERS = 10.0 ** np.arange(23)  # all exact
_MOST_EXACT = np.uint64(2**53)
_DIGITS = 19  # so many decimal digits fit 64 bits
_NEWLINE, _RETURN, _SPACE, _QUOTE, _COMMA, _EQUALS, _BACKSLASH, _HASH = b'\n\r ",=\\#'
_MINUS, _PLUS, _POINT, _NINE, _ZERO, _E, _BIG_E, _I, _U = b"-+.90eEiu"
_TRUE_SIGNS, _TRUTH_SIGNS = tuple(b"tT"), tuple(b"tTfF")
_TRUE_WORDS = np.frombuffer(b"trueTrueTRUE", np.uint8)
_FALSE_WORDS = np.frombuffer(b"falseFalseFALSE", np.uint8)
_ZEROS, _SIXES = np.uint64(0x3030303030303030), np.uint64(0x0606060606060606)
_HIGH, _LOW = np.uint64(0xF0F0F0F0F0F0F0F0), np.uint64(0x0F0F0F0F0F0F0F0F)
_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a


def _compiled(function):
    """Compiled at the first call on a computer, and kept beside the module or in the user's cache where there is room."""
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # nowhere to keep it
        return njit(nogil=True, error_model="numpy")(function)


@_compiled
def _byte(text, at):
    """A byte at a place that is not below 0; saying so spares a test for places that count from the end."""
    return text[np.uint64(at)]


@_compiled
def _hash(text, at, end, parent):
    found = _SEED ^ np.uint64(parent)
    for place in range(at, end):
        found = (found ^ np.uint64(_byte(text, place))) * _PRIME
    return found ^ (found >> np.uint64(29))


@_compiled
def _word(text, at):
    """Eight bytes as a number; the compiler makes one load of it."""
    begin = np.uint64(at)
    found = np.uint64(text[begin])
    for place in range(1, 8):
        found |= np.uint64(text[begin + np.uint64(place)]) << np.uint64(8 * place)
    return found


@_compiled
def _same(text, at, known, start, length):
    """Whether `length` bytes are equal."""
    if at + length > len(text):
        return False
    if length < 8:
        place = 0
        while place < length and _byte(text, at + place) == _byte(known, start + place):
            place += 1
        return place == length
    for place in range(0, length - 7, 8):
        if _word(text, at + place) != _word(known, start + place):
            return False
    return _word(text, at + length - 8) == _word(known, start + length - 8)


@_compiled
def _find(text, at, end, parent, segments, slots, known):
    """The segment `text[at:end]` after `parent`, 0 when there is none; and its slot or the free one."""
    mask = np.uint64(len(slots) - 1)
    slot = _hash(text, at, end, parent) & mask
    while slots[slot]:
        one = slots[slot]
        alike = segments[one, PARENT] == parent and segments[one, LENGTH] == end - at
        if alike and _same(text, at, known, segments[one, START], end - at):
            return one, slot
        slot = (slot + np.uint64(1)) & mask
    return 0, slot


@_compiled
def insert(text, at, end, parent, number, segments, slots, known):
    """Call `text[at:end]` after `parent` segment `number` where it is not known; its number. There must be room."""
    one, slot = _find(text, at, end, parent, segments, slots, known)
    if one:
        return one
    slots[slot] = number
    return number


@_compiled
def _segment_end(text, at, parent):
    """Behind the `=` that ends the segment which begins at `at`; 0 where that is not plain to see. The text ends in a newline."""
    if not parent:  # the series key
        while _byte(text, at) != _SPACE:
            if _byte(text, at) == _BACKSLASH:
                at += 1
                if _byte(text, at) == _BACKSLASH:
                    return 0
            if _byte(text, at) == _NEWLINE or _byte(text, at) == _QUOTE:
                return 0
            at += 1
    at += 1
    while _byte(text, at) != _EQUALS:
        if _byte(text, at) == _BACKSLASH:
            at += 1
            if _byte(text, at) == _BACKSLASH:
                return 0
        elif _byte(text, at) == _SPACE or _byte(text, at) == _COMMA:
            return 0
        if _byte(text, at) == _NEWLINE or _byte(text, at) == _QUOTE:
            return 0
        at += 1
    return at + 1


@_compiled
def _ends_line(text, at):
    return _byte(text, at) == _NEWLINE or (_byte(text, at) == _RETURN and _byte(text, at + 1) == _NEWLINE)


@_compiled
def _digits(text, at, number):
    """A run of digits behind those of `number`, and where it ends. Beyond 64 bits the number is wrong; count the digits."""
    while True:
        digit = np.uint64(text[np.uint64(at)]) - np.uint64(_ZERO)
        if digit > np.uint64(9):
            return number, at
        number = number * np.uint64(10) + digit
        at += 1


@_compiled
def _many_digits(text, at):
    """As `_digits`, eight at a time."""
    number = np.uint64(0)
    while at + 8 <= len(text):
        word = _word(text, at)
        if word & _HIGH != _ZEROS or (word + _SIXES) & _HIGH != _ZEROS:
            break
        # Neighbours are put together: digits to pairs, pairs to fours, fours to eight.
        word = (word & _LOW) * np.uint64(2561) >> np.uint64(8)
        word = (word & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601) >> np.uint64(16)
        word = (word & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001) >> np.uint64(32)
        number = number * np.uint64(100_000_000) + word
        at += 8
    return _digits(text, at, number)


@_compiled
def _number(text, at):
    """Kind, number and end of a value that begins like a number."""
    negative = _byte(text, at) == _MINUS
    if negative:
        at += 1
    mantissa, end = _digits(text, at, np.uint64(0))
    count, power = end - at, np.int64(0)
    at = end
    if _byte(text, at) == _POINT:
        mantissa, end = _digits(text, at + 1, mantissa)
        power = at + 1 - end
        count -= power
        at = end
    elif _byte(text, at) == _I or _byte(text, at) == _U:
        if not count or count > _DIGITS or mantissa > _MOST_EXACT or (negative and _byte(text, at) == _U):
            return _UNCLEAR, 0.0, at
        whole = np.int64(mantissa)
        return WHOLE, np.float64(-whole if negative else whole), at + 1
    if not count:
        return _UNCLEAR, 0.0, at
    if _byte(text, at) == _E or _byte(text, at) == _BIG_E:
        at += 1
        below = _byte(text, at) == _MINUS
        if below or _byte(text, at) == _PLUS:
            at += 1
        written, end = _digits(text, at, np.uint64(0))
        if end == at or end - at > 3:
            return _UNCLEAR, 0.0, at
        power += -np.int64(written) if below else np.int64(written)
        at = end
    if count > _DIGITS or mantissa > _MOST_EXACT or power < -22 or power > 22:
        return (_LONG if count + power < 300 and power > -300 else _UNCLEAR), 0.0, at
    # Both are exact, so there is one rounding: the right one.
    number = np.float64(mantissa) / _POWERS[-power] if power < 0 else np.float64(mantissa) * _POWERS[power]
    return NUMBER, -number if negative else number, at


@_compiled
def _truth(text, at):
    """Kind, 1 or 0, and end of a value that begins with t or f in either case."""
    for word in range(3):
        if _same(text, at, _TRUE_WORDS, 4 * word, 4):
            return TRUTH, 1.0, at + 4
        if _same(text, at, _FALSE_WORDS, 5 * word, 5):
            return TRUTH, 0.0, at + 5
    return TRUTH, 1.0 if _byte(text, at) in _TRUE_SIGNS else 0.0, at + 1


@_compiled
def _value(text, at):
    """Kind, number and end of a value; a text ends behind its quote."""
    sign = _byte(text, at)
    if _ZERO <= sign <= _NINE or sign in (_MINUS, _POINT):
        return _number(text, at)
    if sign == _QUOTE:
        at += 1
        while _byte(text, at) != _QUOTE:
            if _byte(text, at) == _NEWLINE or _byte(text, at) == _BACKSLASH:
                return _UNCLEAR, 0.0, at
            at += 1
        return TEXT, np.nan, at + 1
    if sign in _TRUTH_SIGNS:
        return _truth(text, at)
    return _UNCLEAR, 0.0, at


@_compiled
def _time(text, at, limit, factor, divisor, moment):
    """The time (us) of a line whose fields end at `at`, and where the line ends, -1 where that is not plain to see."""
    if _byte(text, at) != _SPACE:
        return moment, (at if _ends_line(text, at) else -1)
    at += 1
    negative = _byte(text, at) == _MINUS
    if negative:
        at += 1
    counted, end = _many_digits(text, at)
    if end == at or end - at > _DIGITS or counted > np.uint64(limit) or not _ends_line(text, end):
        return moment, -1
    told = -np.int64(counted) if negative else np.int64(counted)
    return (told * factor if divisor == 1 else told // divisor), end


@_compiled
def scan(text, limit, factor, divisor, moment, segments, slots, known, state, signal, source, number, kind, left):
    """Read lines of `text` (which ends in a newline) from `state` on, until the end or a line that is not plain.

    `limit` is the greatest time in the unit of the body, which is `factor` us or 1/`divisor` of one; `moment` (us) is the time of
    lines without one. Readings go to `signal`, `source`, `number` and `kind`, and values that are not read here (texts, long
    numbers) as row, start and end in the text to `left`. A line that is not read leaves nothing.
    """
    at, row, lefts, before = state[AT], state[ROWS], state[LEFT], state[BEFORE]
    stopped = DONE
    while at < len(text):
        begin, first_row, first_left, parent = at, row, lefts, 0
        if _ends_line(text, at) or _byte(text, at) == _HASH:
            while _byte(text, at) != _NEWLINE:
                at += 1
            at += 1
            state[LINES] += 1
            continue
        first = 0
        while True:
            guess = segments[parent, NEXT_FIELD] if parent else segments[before, NEXT_LINE]
            if guess and _same(text, at, known, segments[guess, START], segments[guess, LENGTH]):
                here = guess
                at += segments[here, LENGTH]
            else:
                end = _segment_end(text, at, parent)
                here = 0
                if end:
                    here, _slot = _find(text, at, end, parent, segments, slots, known)
                if not here:
                    stopped = CAREFUL
                    break
                if parent:
                    segments[parent, NEXT_FIELD] = here
                else:
                    segments[before, NEXT_LINE] = here
                at = end
            if not parent:
                first = here
            parent = here
            told, value, end = _value(text, at)
            if told == _UNCLEAR:
                stopped = CAREFUL
                break
            if row == len(signal) or lefts == len(left):
                stopped = FULL
                break
            if told in (TEXT, _LONG):
                left[lefts, 0] = row
                left[lefts, 1] = at
                left[lefts, 2] = end
                lefts += 1
            signal[row] = segments[here, SIGNAL]
            number[row] = value
            kind[row] = NUMBER if told == _LONG else told
            row += 1
            at = end
            if _byte(text, at) != _COMMA:
                break
        if not stopped:
            time, at = _time(text, at, limit, factor, divisor, moment)
            if at < 0:
                stopped = CAREFUL
        if stopped:
            at, row, lefts = begin, first_row, first_left
            break
        for place in range(first_row, row):
            source[place] = time
        before = first
        at += 1 if _byte(text, at) == _NEWLINE else 2
        state[LINES] += 1
        state[POINTS] += 1
    state[AT], state[ROWS], state[LEFT], state[BEFORE] = at, row, lefts, before
    return stopped

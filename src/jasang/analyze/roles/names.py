"""A header read into concepts and a unit: "온도(℃)" is a quantity in °C, "EQUIP_CD" is the naming of a machine.

In Korean compounds, as in English ones, the last word says what the thing is ("금형온도" is a temperature, not a mould), so
the head is the last word that is not mere naming (code, name, number).
"""

import re
from dataclasses import dataclass
from functools import cache

from jasang.analyze.roles.vocabulary import WORDS, Concept, word_set

# As units stand in headers -> as they are written; lower-cased, blanks out.
_UNIT_FORMS = """
    °C=℃,°c,degc,deg.c,celsius,섭씨,도,c,oc °F=℉,°f,degf K=k,kelvin bar=bar mbar=mbar Pa=pa kPa=kpa MPa=mpa psi=psi
    kgf/cm²=kgf/cm2,kgf/cm²,kgf/㎠,kg/cm2,kg/cm²,㎏/㎠ Torr=torr mmHg=mmhg mm=mm,㎜ cm=cm,㎝ m=m
    µm=um,µm,μm,㎛,micron nm=nm in=inch,in kg=kg,㎏ g=g,g's mg=mg t=t,ton,톤 tf=tonf kN=kn N=n kgf=kgf N·m=n·m,n.m
    s=s,sec,secs,초 ms=ms min=min,mins,분 h=h,hr,시간 rpm=rpm,r/min Hz=hz mm/s=mm/s,㎜/s,mm/sec cm/s=cm/s m/s=m/s
    m/min=m/min,mpm mm/min=mm/min mm/rev=mm/rev L/min=l/min,lpm,ℓ/min m³/h=m3/h,m³/h,㎥/h L/h=l/h kg/h=kg/h t/h=t/h
    Nm³/h=nm3/h m³/min=cmm A=a,amp mA=ma V=v mV=mv kV=kv W=w kW=kw MW=mw kVA=kva kvar=kvar kWh=kwh,㎾h Wh=wh
    MWh=mwh kvarh=kvarh tCO₂=tco2 %=%,percent,퍼센트,pct ppm=ppm ppb=ppb %RH=%rh,rh,%rh. ea=ea,개,pcs,매,본 L=ℓ,l
    mL=ml m³=m3,㎥ cc=cc g/cm³=g/cm3 dB=db cP=cp,cps mPa·s=mpa·s HRC=hrc HV=hv Ω=ω,ohm mg/m³=mg/m3 µS/cm=us/cm
    °C/min=℃/min KRW=원,krw
"""
UNITS: dict[str, str] = {
    form: unit
    for unit, _, forms in (entry.partition("=") for entry in _UNIT_FORMS.split())
    for form in forms.split(",")
}
# A last token that is a unit even without brackets ("weight_g" yes, "phase_a" no: one letter only where the rest agrees).
SUFFIX_UNITS = word_set(
    """
    bar mbar kpa mpa psi mm cm um kg sec ms min rpm hz lpm kw kwh kvarh kvar wh mwh ppm pct degc micron celsius
    tonf kgf kn hrc ℃ ㎜ ㎏ mv ma kv ea"""
)
ONE_LETTER_UNITS = {
    "c": "온도 temperature temp",
    "g": "중량 무게 weight",
    "s": "시간 time",
    "v": "전압 voltage volt",
    "a": "전류 current",
}
# One-syllable words that may end a Korean compound; others count only as a whole name.
KOREAN_SUFFIXES = word_set("압 온 율 률 폭 명 호 값")

_BRACKET = re.compile(r"[(\[{（［<]([^()\[\]{}（）［］<>]{1,20})[)\]}）］>]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_PIECES = re.compile(r"[가-힣]+|[^\W\d_가-힣]+|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One known word of a header and what it may mean."""

    text: str
    concepts: tuple[Concept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReading:
    """What a header says. `words` in order of the header; `meaningless` when no word is known ("X1", "col_7", "V003")."""

    words: tuple[Word, ...]
    unit: str | None
    texts: tuple[str, ...]  # all pieces, known or not
    open_ended: bool = False  # the last piece, where the head stands, is no known word ("tool_xyz")

    @property
    def meaningless(self) -> bool:
        """Whether the header says nothing."""
        return not self.words

    def has(self, *concepts: Concept) -> bool:
        """Whether any word may mean one of the concepts."""
        return any(concept in word.concepts for word in self.words for concept in concepts)

    def head(self) -> Word | None:
        """The word that says what the column is: the last one that is not naming, actual/set marker or a plain number."""
        passing = {Concept.NAMING, Concept.ACTUAL, Concept.SETPOINT}
        for word in reversed(self.words):
            if not set(word.concepts) <= passing:
                return word
        return self.words[-1] if self.words else None

    def word_for(self, *concepts: Concept) -> str:
        """The header's own word for one of the concepts; empty when there is none."""
        return next((word.text for word in reversed(self.words) if set(word.concepts) & set(concepts)), "")


@cache
def _forms() -> tuple[dict[str, tuple[Concept, ...]], dict[str, tuple[Concept, ...]]]:
    """Forms valid anywhere, and forms valid as a whole name (these include the former)."""
    anywhere: dict[str, tuple[Concept, ...]] = {}
    whole: dict[str, tuple[Concept, ...]] = {}
    for concept, forms in WORDS.items():
        for form in forms.split():
            plain = form.removesuffix("?")
            whole[plain] = (*whole.get(plain, ()), concept)
            if plain == form and not (plain.isascii() and len(plain) == 1):
                anywhere[plain] = (*anywhere.get(plain, ()), concept)
    return anywhere, whole


def _normal_unit(text: str) -> str | None:
    return UNITS.get(text.strip().lower().replace(" ", ""))


def _split_unit(header: str) -> tuple[str, str | None]:
    """The header without its bracketed unit, and the unit."""
    for found in _BRACKET.finditer(header):
        unit = _normal_unit(found.group(1))
        if unit is not None:
            return header[: found.start()] + " " + header[found.end() :], unit
    if header.lstrip().startswith("%") or header.rstrip().endswith("%"):
        return header.replace("%", " "), "%"
    if "," in header or "/" in header:
        front, _, back = header.replace("/", ",", 1).partition(",")
        unit = _normal_unit(back)
        if unit is not None and front.strip():
            return front, unit
    return header, None


def _glued(piece: str, anywhere: dict[str, tuple[Concept, ...]]) -> list[str] | None:
    """A Latin piece covered wholly by known words of three letters or more, fewest words first ("motorspeed")."""
    best: list[list[str] | None] = [[], *([None] * len(piece))]
    for end in range(1, len(piece) + 1):
        for start in range(max(0, end - 14), end - 2):
            before = best[start]
            if before is not None and piece[start:end] in anywhere:
                here = best[end]
                if here is None or len(before) + 1 < len(here):
                    best[end] = [*before, piece[start:end]]
    return best[-1]


def _korean(piece: str, anywhere: dict[str, tuple[Concept, ...]]) -> list[str]:
    """The known words of a Korean compound, longest first from the right, where its head stands ("배기온도": 배기 + 온도)."""
    found: list[str] = []
    end = len(piece)
    while end > 0:
        for length in range(min(8, end), 0, -1):
            word = piece[end - length : end]
            single = length == 1 and not (word in KOREAN_SUFFIXES and end == len(piece))
            if word in anywhere and (not single or length == len(piece)):
                found.append(word)
                end -= length
                break
        else:
            end -= 1
    return found[::-1]


def _words(pieces: list[str]) -> list[str]:
    anywhere, whole = _forms()
    joined = "".join(pieces)
    if joined in whole:
        return [joined]
    found: list[str] = []
    place = 0
    while place < len(pieces):
        for length in (3, 2):
            together = "".join(pieces[place : place + length])
            if len(pieces) - place >= length and together in anywhere:
                found.append(together)
                place += length
                break
        else:
            piece = pieces[place]
            if piece in anywhere:
                found.append(piece)
            elif "가" <= piece[0] <= "힣":
                found.extend(_korean(piece, anywhere))
            elif piece.isascii() and len(piece) >= 6:
                found.extend(_glued(piece, anywhere) or [])
            place += 1
    return found


@cache
def read_name(header: str) -> NameReading:
    """The header's words, their concepts and its unit.

    >>> read_name("온도(℃)").unit
    '°C'
    >>> [word.text for word in read_name("Barrel_Temperature_1").words]
    ['barrel', 'temperature']
    """
    bare, unit = _split_unit(header)
    raw = [part for part in re.split(r"[\s_]+", bare.strip()) if part]
    dropped = None
    if unit is None and len(raw) > 1 and raw[-1].lower() in SUFFIX_UNITS:
        dropped = raw.pop().lower()  # before capitals part words: "kWh" is one
        unit = UNITS[dropped]
    spaced = " ".join(part if part.isupper() else _CAMEL.sub(" ", part) for part in raw)
    pieces = [piece.lower() for piece in _PIECES.findall(spaced)]
    pieces = [piece for piece in pieces if not piece.isdigit()]
    if unit is None and len(pieces) > 1:
        last = pieces[-1]
        agreeing = ONE_LETTER_UNITS.get(last, "").split()
        if last in SUFFIX_UNITS or (agreeing and any(piece in agreeing for piece in pieces[:-1])):
            unit, dropped = UNITS[last], pieces.pop()
    _, whole = _forms()
    texts = _words(pieces)
    words = [Word(text=text, concepts=whole[text]) for text in texts]
    if dropped in ("kwh", "wh", "mwh", "kvarh"):
        words.append(Word(text=dropped, concepts=(Concept.ENERGY,)))
    elif dropped in ("kw", "kva", "kvar"):
        words.append(Word(text=dropped, concepts=(Concept.POWER,)))
    elif dropped == "rpm":
        words.append(Word(text=dropped, concepts=(Concept.QUANTITY,)))
    last = pieces[-1] if pieces else ""
    open_ended = bool(texts) and dropped is None and not texts[-1].endswith(last) and not _words([last])
    return NameReading(words=tuple(words), unit=unit, texts=tuple(pieces), open_ended=open_ended)

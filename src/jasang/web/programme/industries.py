"""Divisions of manufacturing of the Korean standard industrial classification (KSIC, tenth revision), short."""

import re

from django.db.models import Q

from jasang.plant.text import Text

UNKNOWN = "other"
DIVISIONS = {
    "C10": Text(ko="식료품", en="Food"),
    "C11": Text(ko="음료", en="Beverages"),
    "C12": Text(ko="담배", en="Tobacco"),
    "C13": Text(ko="섬유제품", en="Textiles"),
    "C14": Text(ko="의복", en="Clothing"),
    "C15": Text(ko="가죽·가방·신발", en="Leather, bags, shoes"),
    "C16": Text(ko="목재·나무제품", en="Wood"),
    "C17": Text(ko="펄프·종이", en="Pulp and paper"),
    "C18": Text(ko="인쇄", en="Printing"),
    "C19": Text(ko="석유정제", en="Refined oil"),
    "C20": Text(ko="화학제품", en="Chemicals"),
    "C21": Text(ko="의약품", en="Medicines"),
    "C22": Text(ko="고무·플라스틱", en="Rubber and plastics"),
    "C23": Text(ko="비금속 광물", en="Glass, ceramics, cement"),
    "C24": Text(ko="1차 금속", en="Basic metals"),
    "C25": Text(ko="금속가공", en="Metal products"),
    "C26": Text(ko="전자부품·통신장비", en="Electronics"),
    "C27": Text(ko="의료·정밀·광학", en="Medical, precision, optics"),
    "C28": Text(ko="전기장비", en="Electrical equipment"),
    "C29": Text(ko="기계·장비", en="Machinery"),
    "C30": Text(ko="자동차", en="Motor vehicles"),
    "C31": Text(ko="기타 운송장비", en="Other transport"),
    "C32": Text(ko="가구", en="Furniture"),
    "C33": Text(ko="기타 제품", en="Other products"),
    "C34": Text(ko="산업기계 수리", en="Repair of machines"),
}  # fmt: skip
_OTHER = Text(ko="업종 모름", en="Industry not known")


def division(code: str) -> str:
    """The division of a KSIC code ("C29294", "29294" → "C29"); `other` for what is none of manufacturing."""
    found = re.match(r"\s*[Cc]?(\d\d)", code)
    return f"C{found[1]}" if found and f"C{found[1]}" in DIVISIONS else UNKNOWN


def division_name(division_code: str) -> Text:
    """What a division is called."""
    return DIVISIONS.get(division_code, _OTHER)


def in_division(division_code: str, lookup: str = "factory__industry") -> Q:
    """Rows of the division; `lookup` leads to the code."""
    if division_code != UNKNOWN:
        return Q(**{f"{lookup}__istartswith": division_code}) | Q(**{f"{lookup}__startswith": division_code[1:]})
    known = Q()
    for one in DIVISIONS:
        known |= in_division(one, lookup)
    return ~known

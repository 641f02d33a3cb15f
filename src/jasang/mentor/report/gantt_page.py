"""A schedule as one self-contained page: a row for each machine, a colour for each order, to be read on a desk or a phone."""

import json
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from jasang.errors import Language
from jasang.mentor.report import assets
from jasang.mentor.report.shell import write_page
from jasang.plant.text import Text


def write_gantt(data: dict[str, Any], target: Path, language: Language) -> None:
    """Write the page of a plan of jasang.schedule/1.

    Raises
    ------
    JasangError
        The file cannot be written; says where and why.
    """
    write_page(gantt_html(data, language), target)


def gantt_html(data: dict[str, Any], language: Language) -> str:
    """The page as HTML text."""
    folder = files(assets)
    style = (folder / "gantt.css").read_text("utf-8")
    scripts = [
        (folder / name).read_text("utf-8").replace("</script", r"<\/script") for name in ("echarts.min.js", "gantt.js")
    ]
    title = f"{data['factory']} · " + Text(ko="생산 일정", en="Production schedule").in_language(language)
    # "<" inside a script element could end it; JSON may write it as an escape.
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return "\n".join(
        [
            f"<!doctype html>\n<html lang='{language}'><head><meta charset='utf-8'>",
            "<meta name='viewport' content='width=device-width, initial-scale=1'>",
            f"<title>{escape(title)}</title><style>{style}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            _figures(data, language),
            "<div id='gantt'></div>",
            _legend(data, language),
            _late(data, language),
            _moved(data, language),
            f"<script type='application/json' id='plan'>{told}</script>",
            *(f"<script>{script}</script>" for script in scripts),
            "</body></html>\n",
        ]
    )


def _figures(data: dict[str, Any], language: Language) -> str:
    """The plan's figures as a row of boxes."""
    ko = language == "ko"
    gap = data["gap"]
    best = (
        "–" if gap is None else ("증명된 최선" if ko else "proven best") if data["optimal"] else f"≤ {100 * gap:.1f} %"
    )
    boxes = [
        ("주문" if ko else "orders", str(len(data["orders"]))),
        ("늦는 주문" if ko else "late orders", str(data["late_orders"])),
        ("끝나는 때" if ko else "ends", str(data["end"])[:16].replace("T", " ")),
        ("교체 시간" if ko else "set-ups", f"{data['setup_minutes']:,} " + ("분" if ko else "min")),
        ("최선과의 차이" if ko else "gap to the best", best),
    ]
    parts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in boxes)
    return f"<dl class='figures'>{parts}</dl>"


def _legend(data: dict[str, Any], language: Language) -> str:
    """What shapes and borders mean."""
    ko = language == "ko"
    parts = [("work", "작업(색 = 주문)" if ko else "work (colour = order)"), ("setup", "교체" if ko else "set-up")]
    parts += [("closed", "쉬는 때" if ko else "closed"), ("late", "늦는 주문" if ko else "late order")]
    parts += [("stop", "정비·고장" if ko else "repair, breakdown"), ("locked", "◆ 고정" if ko else "◆ locked")]
    parts += [("moved", "옮긴 공정" if ko else "moved")] if "replan" in data else []
    marks = [("" if kind == "locked" else f"<i class='{kind}'></i>") + words for kind, words in parts]
    return "<ul class='legend'>" + "".join(f"<li>{mark}</li>" for mark in marks) + "</ul>"


def _late(data: dict[str, Any], language: Language) -> str:
    late = sorted((one for one in data["orders"] if one["late_minutes"]), key=lambda one: -one["late_minutes"])
    ko = language == "ko"
    if not late:
        return f"<p class='good'>{'늦는 주문이 없습니다.' if ko else 'No order is late.'}</p>"
    head = ("주문", "제품", "납기", "끝", "늦음") if ko else ("order", "product", "due", "ends", "late")
    rows = "".join(
        f"<tr><td>{escape(one['order'])}</td><td>{escape(one['product'])}</td><td>{_short(one['due'])}</td>"
        f"<td>{_short(one['end'])}</td><td>{_length(one['late_minutes'], language)}</td></tr>"
        for one in late
    )
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<h2>{'늦는 주문' if ko else 'Late orders'}</h2><div class='wide'>{table}</div>"


def _moved(data: dict[str, Any], language: Language) -> str:
    told = data.get("replan")
    if told is None:
        return ""
    names = ", ".join(f"{one['order']}-{one['step']}" for one in told["moved"]) or "–"
    share = f"{100 * told['share_moved']:.0f} %"
    words = Text(ko=f"옮긴 공정({share}): {names}", en=f"Moved operations ({share}): {names}")
    return f"<p>{escape(words.in_language(language))}</p>"


def _short(moment: str) -> str:
    return escape(moment[5:16].replace("T", " "))


def _length(minutes: int, language: Language) -> str:
    hours, rest = divmod(minutes, 60)
    if language == "ko":
        return f"{hours}시간 {rest}분" if hours else f"{rest}분"
    return f"{hours} h {rest} min" if hours else f"{rest} min"

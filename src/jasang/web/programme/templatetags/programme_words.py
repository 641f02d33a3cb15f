"""Words of the programme for its templates."""

from typing import Any

from django import template

from jasang.web.programme import words

register = template.Library()
register.filter("won", words.amount)
register.filter("whole_won", words.whole_won)
register.filter("stage_words", words.stage_words)
register.filter("support_words", words.support_words)
register.filter("claim_words", words.claim_words)
register.filter("offer_words", words.offer_words)
register.filter("skill_words", words.skill_words)
register.filter("named", words.named)
register.filter("language_words", words.language_words)


@register.filter
def of(mapping: dict[Any, Any], key: Any) -> Any:
    """The mapping's value for the key."""
    return mapping.get(key, "")

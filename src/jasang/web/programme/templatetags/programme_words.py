"""Words of the programme for its templates."""

from django import template

from jasang.web.programme.showing import amount, stage_words

register = template.Library()
register.filter("won", amount)
register.filter("stage_words", stage_words)

"""Search in Korean as factories write it: morphemes, trade words and their variants, and pieces of words beside them."""

from jasang.mentor.search.analyser import Analyser, Analysis
from jasang.mentor.search.index import Document, Hit, Index
from jasang.mentor.search.writing import normal

__all__ = ["Analyser", "Analysis", "Document", "Hit", "Index", "normal"]

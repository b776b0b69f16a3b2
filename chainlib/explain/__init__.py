"""Explains a verdict: the cause in one sentence, Azure's message, who must act, the steps."""

from chainlib.explain.catalogue import CATALOGUE
from chainlib.explain.compose import explain
from chainlib.explain.openssl_codes import openssl_sentence
from chainlib.explain.pages import finding_page
from chainlib.explain.values import CatalogueEntry, Explanation, Fix, Where

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "Explanation",
    "Fix",
    "Where",
    "explain",
    "finding_page",
    "openssl_sentence",
]

"""Why a site is in a portfolio or not: what its score is made of, what binds it, what would bring it in or out."""

from .stage import Explained, ExplainSources, explain_sites

__all__ = ["ExplainSources", "Explained", "explain_sites"]

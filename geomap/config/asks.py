"""How many places and services are listed as worth asking."""

from __future__ import annotations

from pydantic import Field

from .params import Params


class AskParams(Params):
    """Whom to ask where places are wanting: at most so many of each PCN and pathway; 0 lists none."""

    most: int = Field(ge=0, le=100)

"""The base of every table model: exactly the columns named, in the dtypes named."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa


class Table(pa.DataFrameModel):
    """A table whose columns are exactly those declared."""

    class Config:
        strict = True
        coerce = False

    @classmethod
    def no_rows(cls) -> pd.DataFrame:
        """A table of this kind without a row."""
        return pd.DataFrame(cls.empty())

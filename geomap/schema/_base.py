"""The base of every table model: exactly the columns named, in the dtypes named."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

from .words import CRS


class Table(pa.DataFrameModel):
    """A table whose columns are exactly those declared."""

    class Config:
        strict = True
        coerce = False

    @classmethod
    def no_rows(cls) -> pd.DataFrame:
        """A table of this kind without a row."""
        return pd.DataFrame(cls.empty())

    @classmethod
    def declared(cls, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns of this table in its kinds, rows numbered anew; pandas makes objects of columns without rows."""
        kinds = {name: str(column.dtype) for name, column in cls.to_schema().columns.items()}
        kinds = {name: "str" if kind.startswith("str") else kind for name, kind in kinds.items()}
        return frame[list(kinds)].astype(kinds).reset_index(drop=True)

    @classmethod
    def no_shapes(cls) -> gpd.GeoDataFrame:
        """A table of this kind with a `geometry` in metres (EPSG:27700), without a row."""
        columns = list(cls.to_schema().columns)
        return gpd.GeoDataFrame(cls.declared(pd.DataFrame(columns=columns)), geometry="geometry", crs=CRS)

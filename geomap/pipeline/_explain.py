"""Why these sites."""
from types import SimpleNamespace
import pandas as pd
from ..schema import SitePartFrame, SiteLimitFrame, SiteChangeFrame, SiteReasonFrame
def _no(model):
    return pd.DataFrame({name: pd.Series(dtype=str(c.dtype)) for name, c in model.to_schema().columns.items()})
def explain_choice(run, choice):
    return SimpleNamespace(parts=_no(SitePartFrame),limits=_no(SiteLimitFrame),changes=_no(SiteChangeFrame),reasons=_no(SiteReasonFrame),notes=())

"""Access: hours within reach for each patient, shared with everybody else who can reach them, by several methods.

    R_s = S_s / Σ_l P_l w(t_ls)          hours of facility s for each patient who can come, the near counted more
    A_l = Σ_s R_s w(t_ls)                hours for each patient who lives at l

so that Σ_l P_l A_l = Σ_s S_s over the facilities that anybody can reach. With w = 1 within reach it is the 2SFCA, with
a decay the E2SFCA, and with w times the share of the people of l who choose s among their sites the 3SFCA. Where only
a share of the people of a place can come, w is that share times the weight. Hours of the nearest facilities are told
as they are, shared with nobody.

Sources: Luo and Wang 2003, Environment and Planning B 30(6) (2SFCA); Luo and Qi 2009, Health & Place 15(4) (E2SFCA);
Wan, Zou and Sternberg 2012, International Journal of Geographical Information Science 26(6) (3SFCA).
"""

from ._decay import Decay, GaussianDecay, PowerDecay, StepDecay, choose_decay
from ._levels import PER_PATIENTS, build_access
from ._measure import Measure, measure_access, measure_all, measure_journeys, measure_nearest
from ._pledged import link_pledges, measure_pledged

__all__ = [
    "PER_PATIENTS",
    "Decay",
    "GaussianDecay",
    "Measure",
    "PowerDecay",
    "StepDecay",
    "build_access",
    "choose_decay",
    "link_pledges",
    "measure_access",
    "measure_all",
    "measure_journeys",
    "measure_nearest",
    "measure_pledged",
]

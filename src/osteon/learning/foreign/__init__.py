"""Networks that were trained elsewhere: what is declared of them, and how they are wrapped."""

from osteon.learning.foreign.declared import AdoptSettings
from osteon.learning.foreign.network import ForeignNetwork, read_foreign
from osteon.learning.foreign.parity import check_parity
from osteon.learning.foreign.wrapping import wrap

__all__ = ["AdoptSettings", "ForeignNetwork", "check_parity", "read_foreign", "wrap"]

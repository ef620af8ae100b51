"""Films are decoded in child processes: a film that kills its decoder is one film lost.

`pool` is what callers use; `crew` hires the children; `child` is one of them from outside, `inside`
from inside; `limits` is what a film may use; `messages` and `parcels` are what goes between.
"""

from osteon.sandbox.limits import Limits
from osteon.sandbox.pool import ChildPool

__all__ = ["ChildPool", "Limits"]

"""Films are decoded in child processes: a film that kills its decoder is one film lost.

`pool` is what callers use; `workforce` starts and replaces the workers; `worker` is one of them
from outside, `process` from inside; `limits` is what a film may use; `wire` is what goes between.
"""

from osteon.sandbox.limits import Limits
from osteon.sandbox.pool import WorkerPool

__all__ = ["Limits", "WorkerPool"]

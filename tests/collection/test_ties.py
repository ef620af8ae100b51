"""Things that are tied belong together, directly or through others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from osteon.collection.ties import DisjointSet

N = 12


@given(st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=20))
def test_things_belong_together_exactly_where_a_path_of_ties_joins_them(pairs):
    """The groups are the connected components that scipy finds, whatever the order of the ties."""
    ties = DisjointSet(N)
    for one, other in pairs:
        ties.join(one, other)
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(N, N))
    yardstick = connected_components(graph, directed=False)[1]
    for one in range(N):
        for other in range(N):
            together = ties.find(one) == ties.find(other)
            assert together == (yardstick[one] == yardstick[other])


def test_a_long_chain_is_no_deep_climb():
    """A hundred thousand things tied in a row are found without recursion, and are one group."""
    n = 100_000
    ties = DisjointSet(n)
    for thing in range(n - 1):
        ties.join(thing, thing + 1)
    assert len({ties.find(thing) for thing in range(0, n, 1000)}) == 1

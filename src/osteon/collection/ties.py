"""Which things belong together, directly or through others."""


class DisjointSet:
    """Holds which of n things are joined so far (union-find with path halving).

    Args:
        n: Things, numbered from 0.

    Example:
        >>> ties = DisjointSet(4)
        >>> ties.join(0, 3)
        >>> ties.join(3, 1)
        >>> [ties.find(thing) == ties.find(0) for thing in range(4)]
        [True, True, False, True]
    """

    def __init__(self, n: int) -> None:
        self._above = list(range(n))

    def find(self, thing: int) -> int:
        """Return the number that all things joined with this one share, until the next join.

        Args:
            thing: Its number.
        """
        above = self._above
        while above[thing] != thing:
            above[thing] = above[above[thing]]
            thing = above[thing]
        return thing

    def join(self, one: int, other: int) -> None:
        """Tie two things, and with them all that either is tied to.

        Args:
            one: Its number.
            other: The other's number.
        """
        self._above[self.find(one)] = self.find(other)

"""How far a share of few trials can be trusted."""

from scipy.special import ndtri


def bound_share(share: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share; its ends are exactly 0 or 1 where the share is.

    Args:
        share: Observed, in [0, 1].
        n: Independent trials, at least 1.
        confidence: For example 0.95.

    Returns:
        Lower and upper end, in [0, 1].

    Reference:
        Wilson, J. Am. Stat. Assoc. 22 (1927) 209.

    Example:
        >>> low, high = bound_share(0.0, 10)
        >>> low, round(high, 4)
        (0.0, 0.2775)
    """
    z = float(ndtri((1 + confidence) / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + (z / (2 * n)) ** 2) ** 0.5
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return low, high

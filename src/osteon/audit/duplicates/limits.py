"""The limits that an audit searches copies with: another limit may find another copy."""

from typing import Any

from osteon.audit.duplicates import descriptors as fingerprint
from osteon.audit.duplicates import index as search
from osteon.audit.duplicates import pose
from osteon.audit.duplicates import registration as alignment


def describe_limits() -> dict[str, Any]:
    """Return the limits by module and name, as plain JSON values; they are part of a stamp."""
    return {
        "fingerprint": {
            "keypoint_side_px": fingerprint.KEYPOINT_SIDE,
            "picture_side_px": fingerprint.PICTURE_SIDE,
            "max_keypoints": fingerprint.MAX_KEYPOINTS,
        },
        "search": {
            "searched_keypoints": search.SEARCHED_KEYPOINTS,
            "neighbours": search.NEIGHBOURS,
            "lists_visited": search.LISTS_VISITED,
            "max_candidates": search.MAX_CANDIDATES,
            "min_votes": search.MIN_VOTES,
        },
        "pose": {
            "min_keypoints": pose.MIN_KEYPOINTS,
            "min_support": pose.MIN_SUPPORT,
            "max_stretch": pose.MAX_STRETCH,
            "scales": list(pose.SCALES),
        },
        "alignment": {
            "fine_side_px": alignment.FINE_SIDE,
            "limit": alignment.LIMIT,
            "fine_limit": alignment.FINE_LIMIT,
            "doubt": alignment.DOUBT,
            "spared": alignment.SPARED,
            "min_overlap": alignment.MIN_OVERLAP,
        },
    }

import numpy as np
import pytest

from osteon.errors import MeasurementFault
from osteon.statistics.films import check_answers, number_groups


def test_films_of_one_group_share_a_number_and_films_without_one_stand_alone():
    """Films of one group share a number, and a film without a group shares it with nobody."""
    assert number_groups(["p7", None, "p7", "p2", None]).tolist() == [0, 1, 0, 2, 3]


def test_an_answer_that_is_no_number_is_refused():
    """A logit that is not a number cannot be ranked, and the refusal counts such films."""
    with pytest.raises(MeasurementFault, match="1 of 2 not finite"):
        check_answers([0.0, np.nan], [True, False])


def test_as_many_references_as_answers():
    """A film without a reference, or a reference without a film, is refused."""
    with pytest.raises(MeasurementFault, match="same length"):
        check_answers([0.0, 1.0], [True])

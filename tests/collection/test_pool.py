"""Work on many films at once."""

import threading
import time

import pytest

from osteon.collection.pool import work_in_order


@pytest.mark.parametrize("workers", [1, 2, 7, None])
def test_results_come_in_the_order_of_the_items(workers):
    """However long each takes, the first item's result is the first."""

    def work(number):
        time.sleep(0.002 * (number % 3 == 0))
        return number * number

    assert list(work_in_order(work, range(40), workers=workers)) == [n * n for n in range(40)]


def test_only_a_few_items_are_begun_ahead():
    """A hundred thousand films are not all begun while the first is waited for."""
    taken = []

    def items():
        for number in range(10_000):
            taken.append(number)
            yield number

    results = work_in_order(str, items(), workers=2)
    assert next(results) == "0"
    assert len(taken) < 20
    results.close()


def test_a_fault_is_raised_when_its_turn_comes_and_stops_the_rest():
    """What came before the fault is given; threads do not outlive it."""

    def work(number):
        if number == 3:
            raise LookupError
        return number

    results = work_in_order(work, range(1_000), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LookupError):
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("films")]

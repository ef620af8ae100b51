import math

import pytest

from osteon.errors import RunFault
from osteon.runs import HistoryRow, describe_history, find_parting, parse_history


def build_history(tune_auroc, tune_loss=None, train_loss=None, learning_rate=None):
    n = len(tune_auroc)
    return tuple(
        HistoryRow(
            epoch=place + 1,
            train_loss=(train_loss or [0.6 - 0.02 * epoch for epoch in range(n)])[place],
            train_auroc=0.8,
            tune_loss=(tune_loss or [0.5] * n)[place],
            tune_auroc=tune_auroc[place],
            learning_rate=(learning_rate or [1e-3] * n)[place],
            seconds=30.0,
        )
        for place in range(n)
    )


def test_where_it_peaked():
    """The peak is named with its epoch, and how long nothing better came."""
    said = " ".join(describe_history(build_history([0.6, 0.8, 0.75, 0.79])))
    assert "peaked at 0.800 in epoch 2 of 4; the 2 epochs after it brought nothing better" in said
    assert "largest fall of tune AUROC was 0.050, from epoch 2 to 3" in said
    assert "over the last 4 it lay between 0.600 and 0.800" in said


def test_still_rising_at_the_end():
    """A run whose last epochs are its best is told that more may help."""
    said = describe_history(build_history([0.6, 0.65, 0.7, 0.75]))[0]
    assert said.endswith("was still rising by 0.050 per epoch: more epochs may help.")


def test_a_level_end_is_not_called_rising():
    """A last epoch that is best by a hair is no rise."""
    said = describe_history(build_history([0.8, 0.8004, 0.7999, 0.8005]))[0]
    assert "on a level" in said


def test_parting_is_found_from_where_tune_never_comes_back():
    """Tune loss leaves its best in epoch 4 for good, while training loss goes on falling."""
    rows = build_history([0.8] * 7, tune_loss=[0.6, 0.5, 0.51, 0.56, 0.6, 0.64, 0.7])
    parting = find_parting(rows)
    assert parting is not None
    assert parting.epoch == 4
    said = " ".join(describe_history(rows))
    assert "It overfits from epoch 4 on: since epoch 2" in said
    assert "from 0.500 to 0.700" in said


def test_one_bad_epoch_is_no_parting():
    """A tune loss that jumps once and comes back does not part from training."""
    assert find_parting(build_history([0.8] * 5, tune_loss=[0.6, 0.5, 0.9, 0.5, 0.6])) is None


def test_a_rise_of_both_is_no_parting():
    """Where training loss rises with tune loss the run went wrong, but did not overfit."""
    rows = build_history([0.8] * 4, tune_loss=[0.5, 0.7, 0.8, 0.9], train_loss=[0.5, 0.7, 0.8, 0.9])
    assert find_parting(rows) is None


def test_one_epoch_is_not_judged():
    """One epoch has numbers and no course."""
    first, second = describe_history(build_history([0.6]))
    assert "its course cannot be judged" in first
    assert second == "1 epoch took 30.0 s."


def test_no_epoch_is_said_plainly():
    """A run that was stopped in its first epoch says so."""
    assert describe_history(()) == ("No epoch was finished.",)


def test_a_tune_split_of_one_class_has_no_peak():
    """Where tune AUROC was never defined, that is said instead of a number."""
    said = " ".join(describe_history(build_history([math.nan] * 3)))
    assert "never defined" in said
    assert "nan" not in said


def test_cost_and_learning_rate_are_told():
    """Time and the learning rate's cuts are told with their numbers."""
    rows = build_history([0.7, 0.8, 0.8], learning_rate=[1e-3, 1e-3, 5e-4])
    assert describe_history(rows)[-1] == (
        "3 epochs took 1 min 30 s, 30.0 s each;"
        " the learning rate was lowered once, from 0.001 to 0.0005."
    )


def test_a_history_file_is_parsed():
    """An empty cell of a history file is not a number, and unknown columns are passed over."""
    header = "epoch,train_loss,train_auroc,tune_loss,tune_auroc,learning_rate,seconds,extra\n"
    (row,) = parse_history(header + "1,0.7,0.5,0.6,,0.001,3,x\n")
    assert (row.epoch, row.train_loss) == (1, 0.7)
    assert math.isnan(row.tune_auroc)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("epoch,loss\n1,2\n", "must have the columns"),
        (
            "epoch,train_loss,train_auroc,tune_loss,tune_auroc,learning_rate,seconds\n1,a,1,1,1,1,1\n",
            "line 2: must hold numbers",
        ),
    ],
)
def test_a_broken_history_file_is_refused(text, complaint):
    """A history without its columns or with words for numbers is refused, with its line."""
    with pytest.raises(RunFault, match=complaint):
        parse_history(text)

import numpy as np

from osteon.evaluation.operating_point import choose_threshold
from osteon.evaluation.subgroups import measure_subgroups
from osteon.evaluation.targets import Target, judge_targets
from osteon.reports.classification import (
    Evaluation,
    describe_evaluation,
    write_classification_report,
)
from osteon.statistics.films import FilmAnswer
from osteon.statistics.metrics import measure

TRUTHS = np.arange(20) < 8


def build_evaluation(metrics, **further):
    return Evaluation(
        model="best.onnx", collection="phantoms", split="test", metrics=metrics, **further
    )


def test_the_report_says_what_was_measured_and_on_what(metrics):
    """A reader with nothing but this page knows the model, the films and every number."""
    said = describe_evaluation(build_evaluation(metrics, notes=("Drawn phantoms, not patients.",)))
    assert "Model       best.onnx" in said
    assert 'test films of the collection "phantoms": 20 films, each a group of its own' in said
    assert "8 of 20 (prevalence 40.0 %)" in said
    interval = metrics.sensitivity.interval
    assert f"0.750  {interval.low:.3f} to {interval.high:.3f}  6 / 8" in said
    assert "2 missed" in said
    assert "6 / 9 at prevalence 40.0 %" in said
    assert "- Drawn phantoms, not patients." in said
    assert "not a medical device" in said
    assert max(len(line) for line in said.splitlines()) <= 110


def test_the_report_says_where_the_threshold_was_chosen(metrics):
    """The operating point names its rule, its films and what it did there."""
    logits = np.where(TRUTHS, 1.0, -1.0)
    youden = choose_threshold(logits, TRUTHS, chosen_on="tune")
    said = describe_evaluation(build_evaluation(metrics, operating_point=youden))
    assert "largest on tune (Youden)" in " ".join(said.split())
    assert "(8 of 8)" in said
    equal = choose_threshold(logits, TRUTHS, rule="equal-error", chosen_on="tune")
    said = describe_evaluation(build_evaluation(metrics, operating_point=equal))
    assert "nearest each other on tune (equal error rate)" in " ".join(said.split())
    half = choose_threshold(logits, TRUTHS, rule="half")
    said = describe_evaluation(build_evaluation(metrics, operating_point=half))
    assert "chosen on no film" in " ".join(said.split())


def test_the_report_judges_targets_and_lists_subgroups(metrics):
    """Targets stand with their verdicts, and subgroups with their errors."""
    answers = [
        FilmAnswer(film=str(n), logit=-1.0, has_fracture=n < 2, covariates={"view": ("lateral",)})
        for n in range(4)
    ]
    said = describe_evaluation(
        build_evaluation(
            metrics,
            targets=judge_targets([Target(metric="auroc", above=0.85)], metrics),
            subgroups=measure_subgroups(answers, threshold=0),
            history=("Tune AUROC peaked.",),
        )
    )
    assert "auroc > 0.85" in said
    assert "undecided" in said
    assert "view  lateral  4" in said
    assert "- Tune AUROC peaked." in said


def test_an_undefined_metric_is_explained():
    """What has no value stands as a dash with its reason."""
    alike = measure(np.array([1.0, -1.0]), np.zeros(2, dtype=bool), [None] * 2, threshold=0)
    said = describe_evaluation(build_evaluation(alike))
    assert "not defined: no film has a fracture" in said
    assert "nan" not in said


def test_a_releases_report_knows_doubt(decisions):
    """Three columns and the films not read; no accuracy, no F1, no doubt among false alarms."""
    answers = [
        FilmAnswer(film=str(n), logit=p, has_fracture=n < 2, covariates={"view": ("lateral",)})
        for n, p in enumerate((0.9, 0.5, 0.5, 0.9, 0.1))
    ]
    said = describe_evaluation(
        build_evaluation(
            decisions, subgroups=measure_subgroups(answers, threshold=0.2, alarm_from=0.8)
        )
    )
    lines = [line.split() for line in said.splitlines()]
    assert ["fracture", "5", "2", "1", "1"] in lines
    assert ["no", "fracture", "1", "3", "8", "2"] in lines
    assert "accuracy" not in said
    assert "f1" not in said
    (row,) = [line for line in lines if line[:2] == ["view", "lateral"]]
    assert row[2:4] == ["5", "2"]
    assert (row[8], row[-2], row[-1]) == ("0", "1", "2")  # missed, false alarms, in doubt
    words = " ".join(said.split())
    assert 'called "no fracture" below a probability of 0.2000' in words
    assert 'called "fracture" from a probability of 0.8000 on' in words
    assert "logit" not in said


def test_few_groups_are_a_caveat():
    """Films of few patients are said not to be independent, and the intervals to be too narrow."""
    grouped = measure(np.where(TRUTHS, 1.0, -1.0), TRUTHS, ["a", "b"] * 10, threshold=0)
    said = " ".join(describe_evaluation(build_evaluation(grouped)).split())
    assert "20 films are not 20 independent cases: they come from 2 groups" in said
    assert "Only 2 groups: the true intervals are wider than these." in said


def test_the_report_is_written(metrics, tmp_path):
    """The file holds the text."""
    evaluation = build_evaluation(metrics)
    write_classification_report(evaluation, tmp_path / "r.txt")
    assert (tmp_path / "r.txt").read_text() == describe_evaluation(evaluation)

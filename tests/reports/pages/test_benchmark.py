"""The benchmark's page: every cell a number or a reason, differences that are sure in bold."""

from tests.releases import certify

from osteon.evaluation.benchmark.rows import BenchmarkRow, Difference, FilmRecord, Speed
from osteon.release import Measure, Preparation
from osteon.release.decisions import CertifiedThreshold
from osteon.reports.pages.benchmark import MEASURES, Benchmark, put_measure, render_benchmark


def build_row(name="ours", *, missing=None, **changes):
    measures = tuple(
        Measure(name=one, value=0.25, low=0.125, high=0.5, hits=3, n=12, method="m")
        for one, _ in MEASURES
        if one not in (missing or {})
    )
    film = FilmRecord(
        path="a.png", group="g", has_fracture=True, logit=0.5, probability=0.5, called="doubt"
    )
    told = {
        "key": "k", "name": name, "kind": "run", "recipe": "seed-cnn4", "epochs": (8, 5),
        "preparation": Preparation(rows=96, columns=128), "n_bytes": 2_700_000,
        "n_parameters": 680_993, "evidence": "in the network",
        "points": (
            certify("sensitivity", 0.90, 131, 129, 0.2),
            certify("specificity", 0.95, 269, 264, 0.8),
        ),
        "speed": Speed(median_ms=14.6, n_films=40, machine="m", threads=2, load=0.5),
        "measures": measures, "by_region": (), "films": (film,), "n_not_read": 0, "notes": (),
        "missing": missing or {},
    }  # fmt: skip
    return BenchmarkRow(**(told | changes))


def build(*rows, differences=(), **changes):
    told = {
        "collection": "drawn", "manifest_sha256": "f" * 64, "n_films": 12, "n_fractured": 6,
        "n_groups": 11, "is_sample": False, "is_drawn": False, "reference": rows[-1].name,
        "rows": rows, "differences": differences,
    }  # fmt: skip
    return Benchmark(**(told | changes))


def cells(page, label):
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_every_measure_has_a_line_and_every_model_a_cell():
    """Shares stand in percent, areas as they are, both with their intervals."""
    page = render_benchmark(build(build_row("a"), build_row("b")))
    assert cells(page, "AUROC") == ["0.250 (0.125–0.500)"] * 2
    assert cells(page, "Pointing game, strict") == ["25.0 % (12.5–50.0)"] * 2
    assert cells(page, "Input") == ["128×96, letterbox"] * 2
    assert cells(page, "Epochs trained") == ["8, best 5"] * 2
    assert cells(page, "One film, file to reading, ms") == ["15 (m, 2 cores, load 0.5)"] * 2
    for _, label in MEASURES:
        assert len(cells(page, label)) == 2


def test_an_empty_cell_gives_its_reason_once():
    """Cells that lack a number for the same reason point at the same line."""
    lacking = dict.fromkeys(("ap50, all films", "pointing game, strict"), "nobody boxed anything")
    page = render_benchmark(build(build_row("a", missing=lacking, epochs=None), build_row("b")))
    assert cells(page, "AP50, all films")[0] == cells(page, "Pointing game, strict")[0] == "– [3]"
    assert page.count("nobody boxed anything") == 1
    assert "[3] nobody boxed anything." in page


def test_a_promise_that_cannot_be_proven_says_what_it_takes():
    """A model without a threshold is not given a share."""
    unproven = CertifiedThreshold(
        promise="sensitivity", at_least=0.9, threshold=None, n_films=10, n_kept=10,
        lower_bound=None, n_more=19, certified_on="test",
    )  # fmt: skip
    row = build_row()
    page = render_benchmark(build(row.model_copy(update={"points": (unproven, row.points[1])})))
    assert cells(page, "Certified: fractures not cleared") == [
        "not at 90 %: 19 more films are needed"
    ]
    assert cells(page, "Certified: normals not accused")[0].startswith("≥ 95 %, proven > ")


def test_differences_that_leave_zero_out_are_bold():
    """Shares differ in points, areas as they are with their p."""
    common = {"row": "a", "n_films": 12, "method": "m"}
    differences = (
        Difference(measure="auroc", value=0.05, low=0.01, high=0.09, p=0.02, **common),
        Difference(measure="pointing game, strict", value=0.1, low=-0.1, high=0.3, **common),
    )
    page = render_benchmark(build(build_row("a"), build_row("b"), differences=differences))
    below = page.split("## Against b")[1]
    assert cells(below, "AUROC") == ["**+0.050 (+0.010 to +0.090), p 0.020**"]
    assert cells(below, "Pointing game, strict") == ["+10.0 points (-10.0 to +30.0)"]


def test_a_gain_below_zero_is_a_loss_and_said():
    """An error has no sign; what is better than chance by less than nothing has one."""
    error = Measure(name="ece, bias-corrected", value=0.0, low=0.0, high=0.02, n=12)
    gain = Measure(name="deletion, better than chance by", value=-0.01, low=-0.03, high=0.02, n=12)
    assert put_measure(error) == "0.000 (0.000–0.020)"
    assert put_measure(gain, is_signed=True) == "-0.010 (-0.030–0.020)"
    assert put_measure(error.model_copy(update={"value": None})) == "–"


def test_a_name_with_a_bar_does_not_break_the_table():
    """Names are a person's."""
    page = render_benchmark(build(build_row("a|b")))
    assert r"a\|b" in page
    assert "| a|b |" not in page


def test_regions_stand_in_a_table_of_their_own():
    """Each with the films it rests on; the worst of them also among the models."""
    regions = (
        Measure(name="hand", value=0.02, low=0.0, high=0.05, n=90),
        Measure(name="hip", value=0.07, low=0.01, high=0.2, n=30),
    )
    page = render_benchmark(build(build_row(by_region=regions)))
    assert cells(page, "ECE of the worst region") == ["hip: 0.070 (0.010–0.200)"]
    assert cells(page, "hand (90 films)") == ["0.020 (0.000–0.050)"]


def test_what_is_no_result_says_so():
    """A sample, and drawn films."""
    page = render_benchmark(build(build_row(), is_sample=True, is_drawn=True))
    assert "A sample for a first look: no result. Drawn phantoms, not patients." in page

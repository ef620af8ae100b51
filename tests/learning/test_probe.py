import pytest
import torch

from osteon.learning.probe import measure_flops, probe_torch


def test_what_training_will_use_is_what_torch_finds():
    """Without an accelerator the CPU is used, and the report says so."""
    report = probe_torch()
    assert report.version == torch.__version__
    assert report.device == (report.accelerators[0].kind if report.accelerators else "cpu")
    assert report.precision in {"bf16", "fp32"}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_measured_arithmetic_is_plausible(precision):
    """A machine that runs the tests convolves at 0.1 GFLOP/s at least, and below 10 PFLOP/s."""
    assert 1e8 < measure_flops("cpu", precision, seconds=0.05) < 1e16

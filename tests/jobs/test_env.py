import os
import platform

import pytest

from osteon.jobs.env import describe_machine, estimate_outlook
from osteon.machine import count_cores, measure_memory, name_cpu


def test_the_outlook_of_a_slow_machine_worked_by_hand():
    """127 GFLOP/s are 10 films/s at 12.7 GFLOP a film: 80,000 films take 133 minutes."""
    outlook = estimate_outlook(127e9, device="cpu", precision="fp32", threads=2)
    assert outlook.films_per_second == pytest.approx(10.0)
    assert outlook.example_minutes == pytest.approx(133.3, abs=0.1)
    assert outlook.is_slow


def test_a_gpu_is_not_slow():
    """A machine of 100 TFLOP/s gets no warning."""
    assert not estimate_outlook(100e12, device="cuda", precision="bf16", threads=8).is_slow


def test_a_machine_is_described_with_what_training_will_use():
    """The report names system, processor, memory and versions, and warns where it is slow."""
    machine = describe_machine(seconds=0.05)
    assert machine.osteon[0].isdigit()
    assert machine.python == platform.python_version()
    assert 1 <= machine.n_cores <= (os.cpu_count() or 1)
    assert machine.packages["numpy"] is not None
    assert machine.outlook is not None
    assert bool(machine.advice) == machine.outlook.is_slow
    assert all(f"{machine.outlook.films_per_second:.0f} films/s" in a for a in machine.advice)


def test_the_machine_s_own_figures_are_found():
    """Cores, memory and the processor's name come from the system."""
    assert count_cores() >= 1
    assert name_cpu()
    memory = measure_memory()
    assert memory is None or memory > 2**28

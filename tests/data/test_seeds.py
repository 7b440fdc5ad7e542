"""Random streams are the same in every version: a run of an older one can be repeated and continued."""

import shutil
import subprocess

import pytest
import torch

from tuitrain.data.seeds import generator, number

GOLDEN = {
    (0, "validation"): 7721561228878788831,
    (2**32 - 1, "spirals"): 2691890582982799886,
}


@pytest.mark.parametrize(("seed", "purpose"), GOLDEN)
def test_the_number_of_a_stream_never_changes(seed: int, purpose: str) -> None:
    assert number(seed, purpose) == GOLDEN[seed, purpose]


def test_it_is_the_beginning_of_a_hash_that_other_programs_compute() -> None:
    if not shutil.which("b2sum"):
        pytest.skip("b2sum is not here")
    hashed = subprocess.run(["b2sum", "-l", "64"], input=b"validation/0", capture_output=True, check=True)
    assert number(0, "validation") == int(hashed.stdout.split()[0], 16) // 2


def test_a_stream_begins_with_its_number() -> None:
    ours = torch.rand(5, generator=generator(7, "rows"))
    assert torch.equal(ours, torch.rand(5, generator=torch.Generator().manual_seed(number(7, "rows"))))

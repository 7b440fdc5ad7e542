from typing import Any

import pytest
import torch
from sklearn import datasets

from tuitrain.data.bundled import Diabetes, ScikitLearn, ScikitTable
from tuitrain.data.split import HeldOut, NoValidation
from tuitrain.spec import members

MEMBERS: dict[str, type[Any]] = members(ScikitLearn)
TABLES = [member for member in MEMBERS.values() if issubclass(member, ScikitTable)]


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_what_scikit_learn_has(name: str) -> None:
    stored: Any = getattr(datasets, f"load_{name}")()
    spec = MEMBERS[name](standardize="none", validation=NoValidation())
    loaded = spec.load(0)
    names = getattr(stored, "target_names", ())
    assert spec.facts().class_names == tuple(map(str, names))

    def rows(x: Any, y: Any) -> list[list[float]]:
        joined = torch.cat((torch.as_tensor(x).float().flatten(1), torch.as_tensor(y).float().view(-1, 1)), dim=1)
        return sorted(joined.tolist())

    assert rows(loaded.train_x, loaded.train_y) == rows(stored.data, stored.target)


@pytest.mark.parametrize("member", TABLES)
def test_any_part_of_a_table_has_all_classes_whatever_the_seed(member: Any) -> None:
    spec = member(validation=HeldOut(size=0.25, take="last"), limit=30)
    one, other = spec.load(0), spec.load(1)
    assert torch.equal(one.train_x, other.train_x)
    if member is not Diabetes:
        every = list(range(spec.facts().classes))
        assert one.train_y.unique().tolist() == one.validation_y.unique().tolist() == every

import pytest
import torch

from tuitrain.model.elementwise import AlphaDropout, Dropout


def test_dropout_keeps_the_mean_and_is_off_outside_training():
    module = Dropout(rate=0.25).build((1000,))[0]
    ones = torch.ones(200, 1000)
    torch.manual_seed(0)
    dropped = module(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert (dropped == 0).double().mean().item() == pytest.approx(0.25, abs=0.005)
    assert torch.equal(module.eval()(ones), ones)


@pytest.mark.parametrize(("shape", "rest"), [((50, 4, 5), (2, 3)), ((6, 50), (1,)), ((50,), ())], ids=str)
def test_per_channel_the_positions_of_a_channel_share_their_fate(shape, rest):
    torch.manual_seed(0)
    module = Dropout(rate=0.25, per_channel=True).build(shape)[0]
    dropped = module(torch.ones(400, *shape))
    fates = dropped.mean(dim=rest) if rest else dropped
    assert fates.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert (fates == 0).double().mean().item() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_and_is_off_outside_training(rate):
    module = AlphaDropout(rate=rate).build((1000,))[0]
    torch.manual_seed(0)
    x = torch.randn(1000, 1000)
    dropped = module(x)
    assert dropped.mean().item() == pytest.approx(0, abs=0.01)
    assert dropped.var().item() == pytest.approx(1, abs=0.01)
    values, counts = dropped.unique(return_counts=True)
    assert counts.max().item() / x.numel() == pytest.approx(rate, abs=0.005)
    # a · (-1.7581) + b, with a and b of Klambauer et al. (2017), section 2.
    low = -1.0507009873554805 * 1.6732632423543772
    scale = (1 - rate + low**2 * rate * (1 - rate)) ** -0.5
    assert values[counts.argmax()].item() == pytest.approx(scale * low * (1 - rate), rel=1e-5)
    assert torch.equal(module.eval()(x), x)

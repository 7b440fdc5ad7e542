"""Backbones against torchvision's own networks: their features, and their weights from files and from a server."""

import hashlib
import shutil
import socket
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import get_args

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import get_model, get_model_weights
from torchvision.transforms.v2 import functional as images

from tuitrain.model import backbone as module_file
from tuitrain.model.base import ImpossibleLayer
from tuitrain.model.network import build
from tuitrain.model.pretrained import BackboneName, Pretrained
from tuitrain.spec import Invalid

SMALL = "mobilenet_v3_small"
every_backbone = pytest.mark.parametrize("name", get_args(BackboneName))


def last_linear(network: nn.Module) -> tuple[str, nn.Linear]:
    return [(path, one) for path, one in network.named_modules() if isinstance(one, nn.Linear)][-1]


@every_backbone
def test_every_backbone_is_torchvisions_without_its_head(name: str) -> None:
    spec = Pretrained.model_validate({"backbone": name, "size": 32, "normalize": False})
    torch.manual_seed(5)
    (layer,) = spec.build((3, 40, 32))
    torch.manual_seed(5)
    whole = get_model(name, weights=None).eval()
    ours = dict(layer.get_submodule("body").named_parameters())
    theirs = dict(whole.named_parameters())
    head = {path.rpartition(".")[0] for path in theirs.keys() - ours.keys()}
    assert last_linear(whole)[0] in head and {path.partition(".")[0] for path in head} <= {"fc", "classifier"}
    assert all(torch.equal(tensor, theirs[path]) for path, tensor in ours.items())
    assert spec.parameters((3, 40, 32)) == sum(tensor.numel() for tensor in ours.values())

    seen = []
    whole.get_submodule(sorted(head)[0]).register_forward_hook(lambda module, inputs, out: seen.append(inputs[0]))
    x = torch.rand(2, 3, 32, 32)
    whole(x)
    assert torch.equal(layer.eval()(x), seen[0].flatten(1))
    assert spec.output_shape((3, 40, 32)) == layer(x).shape[1:]


@every_backbone
def test_the_least_size_is_one_that_it_takes_and_needs_two_samples_for_batch_norm(name: str) -> None:
    spec = Pretrained.model_validate({"backbone": name, "size": 32})
    (layer,) = spec.build((1, 8, 8))
    assert layer(torch.rand(2, 1, 8, 8)).isfinite().all()
    if spec.needs_two_samples((1, 8, 8)):
        with pytest.raises(ValueError, match="more than 1 value"):
            layer(torch.rand(1, 1, 8, 8))
    else:
        assert layer(torch.rand(1, 1, 8, 8)).isfinite().all()
    assert not Pretrained.model_validate({"backbone": name, "size": 33}).needs_two_samples((1, 8, 8))
    with pytest.raises(ValueError, match="greater than or equal to 32"):
        Pretrained.model_validate({"backbone": name, "size": 31})


@pytest.fixture
def received() -> nn.Module:
    """A backbone whose body gives back what it gets."""
    return module_file.Backbone(nn.Identity(), 32, normalize=False)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 50, 40), (1, 20, 90)], ids=str)
def test_the_body_gets_a_square_of_three_channels(received: nn.Module, shape: tuple[int, ...]) -> None:
    x = torch.rand(2, *shape)
    expected = images.resize(x, [32, 32], antialias=True).expand(-1, 3, -1, -1)
    torch.testing.assert_close(received(x), expected, rtol=0, atol=1e-6)


def test_normalised_inputs_are_those_of_torchvisions_own_preparation() -> None:
    x = torch.rand(2, 3, 32, 32)
    normalised = module_file.Backbone(nn.Identity(), 32, normalize=True)(x)
    for name in get_args(BackboneName):
        preset = get_model_weights(name)["IMAGENET1K_V1"].transforms()
        torch.testing.assert_close(normalised, images.normalize(x, preset.mean, preset.std))


def test_many_images_are_evaluated_in_parts_with_the_same_result() -> None:
    sizes = []
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * 512 * 512, 2))
    body.register_forward_hook(lambda module, inputs, out: sizes.append(len(out)))
    layer = module_file.Backbone(body, 512, normalize=True).eval()
    x = torch.rand(19, 1, 8, 8)
    whole = layer(x)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), whole)
        layer.train()(x)
    assert sizes == [19, 8, 8, 3, 19]


@pytest.mark.parametrize(
    ("shape", "message"),
    [((784,), "needs an image .* got 784"), ((8, 9, 8), r"needs an image of 1 or 3 channels, got one of 8 \(9×8\)")],
)
def test_other_inputs_are_impossible(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ImpossibleLayer, match=message):
        Pretrained().output_shape(shape)


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    """A network of torchvision's with weights and statistics that no seed draws."""
    network: nn.Module = get_model(SMALL, weights=None)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor += torch.ones((), dtype=tensor.dtype) if tensor.ndim == 0 else torch.rand_like(tensor) / 10
    return network


@pytest.fixture
def file(trained: nn.Module, tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    torch.save(trained.state_dict(), path)
    return path


def built(weights: object, backbone: str = SMALL) -> nn.Module:
    (layer,) = Pretrained.model_validate({"backbone": backbone, "weights": str(weights), "size": 32}).build((1, 8, 8))
    return layer


def has_weights_of(layer: nn.Module, network: nn.Module) -> bool:
    theirs = network.state_dict()
    return all(torch.equal(tensor, theirs[key.removeprefix("body.")]) for key, tensor in layer.state_dict().items())


def test_weights_and_statistics_come_from_a_file_and_those_of_the_head_are_ignored(
    file: Path, trained: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_weights_of(built(file), trained)
    state = {key: value for key, value in torch.load(file).items() if not key.startswith("classifier.")}
    torch.save(state, file)
    assert has_weights_of(built(file), trained)
    monkeypatch.chdir(file.parent)
    assert has_weights_of(built(file.name), trained)
    monkeypatch.setenv("HOME", str(file.parent))
    assert has_weights_of(built(f"~/{file.name}"), trained)


def test_a_file_of_an_old_torch_without_counts_of_batches_fits(file: Path, trained: nn.Module) -> None:
    state = {key: value for key, value in torch.load(file).items() if not key.endswith("num_batches_tracked")}
    torch.save(state, file)
    layer = built(file)
    assert all(
        torch.equal(own, trained.get_parameter(key)) for key, own in layer.get_submodule("body").named_parameters()
    )


def spoilt(state: dict[str, torch.Tensor], how: str) -> object:
    match how:
        case "mis-shaped":
            return {**state, "features.0.0.weight": torch.zeros(16, 1, 3, 3), "features.0.1.bias": torch.zeros(3)}
        case "incomplete":
            return {key: value for key, value in state.items() if not key.startswith("features.12.1.")}
        case "superfluous":
            return {**state, "extra": torch.zeros(1)}
        case "wrapped":
            return {"model": state}
        case "a module":
            return get_model(SMALL, weights=None)
    return [1, 2]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("mis-shaped", rf"does not fit {SMALL}: features\.0\.0\.weight is 16×1×3×3 and must be 16×3×3×3 and 1 more$"),
        ("incomplete", rf"does not fit {SMALL}: it lacks features\.12\.1\.weight and 3 more$"),
        ("superfluous", rf"does not fit {SMALL}: it has the unknown extra$"),
        ("wrapped", "is damaged, or not what"),
        ("a module", "is damaged, or not what"),
        ("a list", "is damaged, or not what"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_what_and_how(file: Path, how: str, message: str) -> None:
    torch.save(spoilt(torch.load(file), how), file)
    with pytest.raises(Invalid, match=message) as error:
        built(file)
    assert str(error.value).startswith(f"weights: {file} ")


def test_the_weights_of_another_backbone_are_refused(file: Path) -> None:
    with pytest.raises(
        Invalid, match=r"does not fit resnet18: it lacks conv1\.weight and \d+ more and has the unknown f"
    ):
        built(file, "resnet18")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x80\x02"])
def test_a_damaged_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(Invalid, match=r"weights\.pth is damaged"):
        built(file)


def test_a_missing_file_is_refused_with_the_place_in_the_model(plan_of, tmp_path: Path) -> None:
    missing = {"type": "pretrained", "weights": str(tmp_path / "absent.pth")}
    layers = plan_of({"type": "block", "layers": ["batch_norm", missing]}, shape=(3, 8, 8))
    with pytest.raises(Invalid) as error:
        build(layers, 0)
    assert str(error.value) == (
        f"model.layers[0].layers[1].weights (layer 1.2): there is no file {tmp_path}/absent.pth; "
        "give none, download, or the path of a state_dict of torchvision's"
    )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps what it downloads."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file on a server, which torchvision takes for its own."""
    path = file.with_name(f"{SMALL}-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}.pth")
    shutil.copy(file, path)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(path.parent))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        url = f"http://127.0.0.1:{server.server_port}/{path.name}"
        monkeypatch.setattr(models.MobileNet_V3_Small_Weights.IMAGENET1K_V1.value, "url", url)
        yield path
        server.shutdown()
        thread.join()


def test_weights_are_downloaded_once_and_quietly(
    served: Path, cache: Path, trained: nn.Module, capfd: pytest.CaptureFixture[str]
) -> None:
    assert has_weights_of(built("download"), trained)
    assert [path.name for path in cache.iterdir()] == [served.name]
    served.unlink()
    assert has_weights_of(built("download"), trained)
    assert capfd.readouterr() == ("", "")


def test_a_download_that_is_not_what_it_should_be_leaves_no_file(served: Path, cache: Path) -> None:
    served.write_bytes(served.read_bytes()[:-1])
    with pytest.raises(Invalid, match=r"was not downloaded: invalid hash value"):
        built("download")
    assert list(cache.iterdir()) == []
    assert socket.getdefaulttimeout() is None


def test_what_cannot_be_downloaded_can_be_placed_by_hand(
    file: Path, cache: Path, trained: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = models.MobileNet_V3_Small_Weights.IMAGENET1K_V1
    monkeypatch.setattr(weights.value, "url", f"http://127.0.0.1:9/{SMALL}-047dcff4.pth")
    with pytest.raises(Invalid) as error:
        built("download")
    assert str(error.value) == (
        f"weights: {SMALL}-047dcff4.pth was not downloaded: no connection to {weights.url}. "
        f"Get it elsewhere and place it in {cache}, or give its path as weights"
    )
    cache.mkdir(parents=True)
    shutil.copy(file, cache / f"{SMALL}-047dcff4.pth")
    assert has_weights_of(built("download"), trained)

"""Where a training stands: kept beside the network that it makes, and networks to begin with."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from ..errors import ReconstructionError
from ..helpers.files import replacing
from ..segmentation.network.channels import BREAKS_DRAWN
from .network import Reader, Tracer

_EMPTY = {"reader": Reader, "tracer": Tracer, "breaks": functools.partial(Tracer, len(BREAKS_DRAWN))}


def state_file(path: Path) -> Path:
    """Where the state of a training lies that will write the network `path`."""
    return path.with_suffix(".training.pt")


def keep(path: Path, state: dict) -> None:
    """Keep a training's state; what was kept before is complete until this is."""
    with replacing(state_file(path)) as temporary:
        torch.save(state, temporary)


def kept(path: Path, asked: dict) -> dict | None:
    """Return the state of a training that was broken off, if there is one.

    Raises
    ------
    ReconstructionError
        If it cannot be read, or is that of a training that was asked for otherwise.
    """
    file = state_file(path)
    if not file.exists():
        return None
    again = f"give the same options to go on with it, or delete {file}."
    state = _loaded(file)
    if state.get("asked") != asked:
        raise ReconstructionError(
            f"{file} is the state of a training with other options ({state.get('asked')}): {again}"
        )
    return state


def _loaded(file: Path) -> dict:
    """The state of a training, read from its file."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # PyTorch raises many kinds for a damaged file
        raise ReconstructionError(f"The state of a training {file} cannot be read ({error}): delete it.") from error


def begun_with(*paths: str | os.PathLike) -> Reader | Tracer:
    """Return a network that answers as one that was written as ONNX, or as that of a training that was broken off.

    What was written has no batch normalization any more: it was multiplied into the convolutions, and here it does
    nothing (see `normalized`). Of layers that have more outputs than the written ones, the first are taken over.

    Parameters
    ----------
    *paths : path
        Of several networks that were trained from one, their mean is returned: on pictures that none was trained on it
        is often better than any of them (M. Wortsman et al., "Model soups", ICML 2022).

    Raises
    ------
    ReconstructionError
        If a file cannot be read, or is no reader or tracer network, or several have no mean.
    """
    networks = [_begun(path) for path in paths]
    network = networks[0]
    if len(networks) > 1:
        # A normalization that still is one is not of the same scale in two networks.
        if any(
            Path(path).suffix == ".pt" or type(each) is not type(network)
            for path, each in zip(paths, networks, strict=True)
        ):
            raise ReconstructionError("Several networks to begin with: all must be readers, or all tracers (.onnx).")
        weights = [each.state_dict() for each in networks]
        mean = {name: sum(each[name] for each in weights) / len(weights) for name in weights[0]}
        network.load_state_dict(mean)
    return network


def _begun(path: str | os.PathLike) -> Reader | Tracer:
    """The network of one file; see `begun_with`."""
    if Path(path).suffix == ".pt":
        state = _loaded(Path(path))
        network = _EMPTY[state["asked"].get("network", "reader")]()
        network.load_state_dict(state["mean"])
        return network
    try:
        graph = onnx.load(os.fspath(path)).graph
    except Exception as error:  # onnx raises many kinds for a damaged file
        raise ReconstructionError(f"The network {path} to begin with cannot be read: {error}") from error
    numbers = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:  # equal numbers are written once
        if node.op_type == "Identity" and node.input[0] in numbers:
            numbers[node.output[0]] = numbers[node.input[0]]
    written = [
        [numbers[name] for name in node.input[1:]] for node in graph.node if node.op_type in ("Conv", "ConvTranspose")
    ]
    for network in (make().eval() for make in _EMPTY.values()):
        layers = _in_order(network)
        older = [layer for layer in layers if layer[0] is not network.heights]  # readers without heights
        for told in (layers, older):
            if len(told) == len(written) and all(map(_fits, told, written)):
                _take_over(told, written)
                return network
    raise ReconstructionError(f"The network {path} to begin with is no reader or tracer network.")


def _fits(layer: tuple[nn.Module, nn.Module | None], written: list[np.ndarray]) -> bool:
    weight = layer[0].weight
    return written[0].ndim == weight.ndim and all(map(int.__le__, written[0].shape, weight.shape))


def _take_over(layers: list[tuple[nn.Module, nn.Module | None]], written: list[list[np.ndarray]]) -> None:
    with torch.no_grad():
        for (layer, norm), (weight, bias) in zip(layers, written, strict=True):
            target = layer.bias if norm is None else norm.bias
            for into, values in ((layer.weight, weight), (target, bias)):
                into[tuple(map(slice, values.shape))] = torch.from_numpy(np.array(values))


def normalized(network: nn.Module, inputs: np.ndarray) -> None:
    """Let batch normalization do something that changes no answer, so that a network from `begun_with` can learn.

    Parameters
    ----------
    network : torch.nn.Module
        Its normalizations come to be those of these pictures, followed by what undoes them.
    inputs : (n, channels, rows, columns) float32 array
    """

    def settle(norm: nn.BatchNorm2d, seen: tuple[torch.Tensor]) -> None:
        variance, mean = torch.var_mean(seen[0], dim=(0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)

    hooks = [each.register_forward_pre_hook(settle) for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    with torch.no_grad():
        network.eval()(torch.from_numpy(inputs))
    for hook in hooks:
        hook.remove()


def _in_order(network: Reader | Tracer) -> list[tuple[nn.Module, nn.Module | None]]:
    """Convolutions in the order in which they run, each with its normalization."""
    found: list[list] = []

    def ran(module: nn.Module, *_) -> None:
        if isinstance(module, nn.BatchNorm2d):
            found[-1][1] = module
        else:
            found.append([module, None])

    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    hooks = [each.register_forward_hook(ran) for each in network.modules() if isinstance(each, kinds)]
    with torch.no_grad():
        network(torch.zeros(1, network.stem[0].in_channels, 64, 64))
    for hook in hooks:
        hook.remove()
    return [(layer, norm) for layer, norm in found]

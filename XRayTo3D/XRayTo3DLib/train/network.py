"""The networks: the reader, a small U-Net that says a lot of a window, and the tracer, which draws one bone."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as functional
from torch import nn

from ..segmentation.network.channels import (
    BONES,
    BREAKS_DRAWN,
    FACTS,
    INPUTS,
    LANDMARKS,
    MASKS,
    TRACED,
    TRACER_FACTS,
    TRACER_INPUTS,
)

WIDTHS = (32, 48, 64, 96, 128)  # of the levels, from half the picture's resolution down to 1/32


_FINE = 12  # width of the tracer's level of full resolution


class _Trunk(nn.Module):
    """What both networks share: a U-Net from half the picture's resolution down."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, WIDTHS[0], 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU(inplace=True)
        )
        self.down = nn.ModuleList([_convolution(WIDTHS[0], WIDTHS[0])] + [_block(a, b) for a, b in pairwise(WIDTHS)])
        self.narrow = nn.ModuleList([nn.Conv2d(b, a, 1) for a, b in pairwise(WIDTHS)])
        self.up = nn.ModuleList([_block(width, width) for width in WIDTHS[:-1]])

    def seen(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is seen at half the resolution, and of all of the picture."""
        x = self.stem(x)
        levels = []
        for number, down in enumerate(self.down):
            x = down(x if number == 0 else functional.max_pool2d(x, 2))
            levels.append(x)
        pooled = torch.cat([functional.adaptive_avg_pool2d(x, 1), x.amax((2, 3), keepdim=True)], dim=1)
        for number in reversed(range(len(self.up))):
            x = functional.interpolate(self.narrow[number](x), scale_factor=2.0, mode="nearest")
            x = self.up[number](x + levels[number])
        return x, pooled


class Reader(_Trunk):
    """From (n, 4, rows, columns) channels to logits of masks, heat maps and facts, and to heights.

    The masks have the input's resolution, heat maps and heights half of it.
    """

    def __init__(self) -> None:
        super().__init__(len(INPUTS))
        self.masks = nn.ConvTranspose2d(WIDTHS[0], len(MASKS), 2, 2)
        self.heat = nn.Conv2d(WIDTHS[0], len(LANDMARKS), 1)
        self.heights = nn.Conv2d(WIDTHS[0], len(BONES), 1)
        self.facts = _facts(len(FACTS))

        # Most pixels are none, and most of the others about the middle of a bone: begin there.
        for head, bias in ((self.masks, -2.0), (self.heat, -4.5), (self.heights, 0.5)):
            nn.init.constant_(head.bias, bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x, pooled = self.seen(x)
        return self.masks(x), self.heat(x), self.heights(x), self.facts(pooled)


class Tracer(_Trunk):
    """From (n, 9, rows, columns) channels to logits of a bone's masks and of facts, and to its heights.

    What it sees as a reader does, it draws with the help of a level of the picture's own resolution: a coarse answer,
    and what is to be changed of it.

    Parameters
    ----------
    masks : int
        How many it draws: `TRACED`, or, of a breaks network, `BREAKS_DRAWN`.
    """

    def __init__(self, masks: int = len(TRACED)) -> None:
        super().__init__(len(TRACER_INPUTS))
        self.fine = _block(len(TRACER_INPUTS), _FINE)
        self.widen = nn.ConvTranspose2d(WIDTHS[0], _FINE, 2, 2)
        self.last = _block(_FINE, _FINE)
        self.change = nn.Conv2d(_FINE, masks, 1)
        self.masks = nn.ConvTranspose2d(WIDTHS[0], masks, 2, 2)
        self.heights = nn.Conv2d(WIDTHS[0], 1, 1)
        self.facts = _facts(len(TRACER_FACTS))
        for head, bias in ((self.masks, -2.0), (self.heights, 0.5), (self.change, 0.0)):
            nn.init.constant_(head.bias, bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        coarse, pooled = self.seen(x)
        change = self.change(self.last(self.fine(x) + self.widen(coarse)))
        return self.masks(coarse) + change, self.heights(coarse), self.facts(pooled)


def tracer_from(reader: Reader) -> Tracer:
    """A tracer that begins with what a reader has learnt: of a bone that is not named it says what that does."""
    tracer = Tracer()
    known = reader.state_dict()
    marked = [MASKS.index(name) for name in ("marked", "upper femur", "lower femur")]
    with torch.no_grad():
        for name, values in tracer.state_dict().items():
            if name == "stem.0.weight":
                values.zero_()
                values[:, : len(INPUTS)] = known[name]
            elif name.startswith("masks."):
                values.copy_(known[name][:, marked] if name.endswith("weight") else known[name][marked])
            elif name.startswith("heights."):
                values.copy_(known[name][:1])
            elif name in known and known[name].shape == values.shape and not name.startswith("facts.2"):
                values.copy_(known[name])
        tracer.change.weight.zero_()
    return tracer


def breaks_from(tracer: Tracer) -> Tracer:
    """A breaks network that begins with what a tracer has learnt."""
    network = Tracer(len(BREAKS_DRAWN))
    known = tracer.state_dict()
    with torch.no_grad():
        for name, values in network.state_dict().items():
            if name.startswith("masks."):
                values[(slice(None),) * (values.ndim == 4) + (slice(len(TRACED)),)] = known[name]
            elif name.startswith("change."):
                values.zero_()
                values[: len(TRACED)] = known[name]
            else:
                values.copy_(known[name])
    return network


def _facts(count: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(2 * WIDTHS[-1], 64, 1), nn.ReLU(inplace=True), nn.Conv2d(64, count, 1), nn.Flatten())


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs), _convolution(outputs, outputs))

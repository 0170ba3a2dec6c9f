"""The reader network: a small U-Net with heat maps for landmarks and a few facts about the picture."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as functional
from torch import nn

from ..segmentation.channels import BONES, FACTS, INPUTS, LANDMARKS, MASKS

WIDTHS = (32, 48, 64, 96, 128)  # of the levels, from half the picture's resolution down to 1/32


class Reader(nn.Module):
    """From (n, 4, rows, columns) channels to logits of masks, heat maps and facts, and to heights.

    The masks have the input's resolution, heat maps and heights half of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(len(INPUTS), WIDTHS[0], 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU(inplace=True)
        )
        self.down = nn.ModuleList([_convolution(WIDTHS[0], WIDTHS[0])] + [_block(a, b) for a, b in pairwise(WIDTHS)])
        self.narrow = nn.ModuleList([nn.Conv2d(b, a, 1) for a, b in pairwise(WIDTHS)])
        self.up = nn.ModuleList([_block(width, width) for width in WIDTHS[:-1]])
        self.masks = nn.ConvTranspose2d(WIDTHS[0], len(MASKS), 2, 2)
        self.heat = nn.Conv2d(WIDTHS[0], len(LANDMARKS), 1)
        self.heights = nn.Conv2d(WIDTHS[0], len(BONES), 1)
        self.facts = nn.Sequential(
            nn.Conv2d(2 * WIDTHS[-1], 64, 1), nn.ReLU(inplace=True), nn.Conv2d(64, len(FACTS), 1), nn.Flatten()
        )

        # Most pixels are none, and most of the others about the middle of a bone: begin there.
        for head, bias in ((self.masks, -2.0), (self.heat, -4.5), (self.heights, 0.5)):
            nn.init.constant_(head.bias, bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.stem(x)
        levels = []
        for number, down in enumerate(self.down):
            x = down(x if number == 0 else functional.max_pool2d(x, 2))
            levels.append(x)
        pooled = torch.cat([functional.adaptive_avg_pool2d(x, 1), x.amax((2, 3), keepdim=True)], dim=1)
        for number in reversed(range(len(self.up))):
            x = functional.interpolate(self.narrow[number](x), scale_factor=2.0, mode="nearest")
            x = self.up[number](x + levels[number])
        return self.masks(x), self.heat(x), self.heights(x), self.facts(pooled)


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs), _convolution(outputs, outputs))

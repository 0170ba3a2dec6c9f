"""The volume network: a small U-Net in three dimensions, of layers that OpenCV runs."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as functional
from torch import nn

from ..volume import FEATURES, OUTPUTS

WIDTHS = (24, 56, 112)  # of the levels, from half the grid's resolution down to an eighth
_FINE = 12  # width of the level of full resolution


class VolumeNetwork(nn.Module):
    """From (n, features, layers, rows, columns) to (n, 2, layers, rows, columns): see `volume.network.OUTPUTS`.

    What it says of the distance is a change of the least of all views.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, fine: int = _FINE) -> None:
        super().__init__()
        inputs = len(FEATURES)
        self.stem = nn.Sequential(
            nn.Conv3d(inputs, widths[0], 4, 2, 1, bias=False), nn.BatchNorm3d(widths[0]), nn.ReLU(inplace=True)
        )
        self.down = nn.ModuleList([_block(widths[0], widths[0]), *(_block(a, b) for a, b in pairwise(widths))])
        self.bottom = nn.Sequential(_block(widths[-1], widths[-1]), _block(widths[-1], widths[-1]))
        self.narrow = nn.ModuleList(nn.Conv3d(b, a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_block(width, width) for width in widths[:-1])
        self.widen = nn.Conv3d(widths[0], fine, 1)
        self.fine = _block(inputs, fine)
        self.last = _block(fine, fine)
        self.said = nn.Conv3d(fine, len(OUTPUTS), 1)
        nn.init.zeros_(self.said.weight)
        nn.init.zeros_(self.said.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        coarse, levels = self.stem(x), []
        for number, down in enumerate(self.down):
            coarse = down(coarse if number == 0 else functional.max_pool3d(coarse, 2))
            levels.append(coarse)
        coarse = self.bottom(coarse)
        for number in reversed(range(len(self.up))):
            coarse = self.up[number](doubled(self.narrow[number](coarse)) + levels[number])
        change = self.said(self.last(self.fine(x) + doubled(self.widen(coarse))))
        return torch.cat((x[:, :1] + change[:, :1], change[:, 1:]), 1)


def doubled(x: torch.Tensor) -> torch.Tensor:
    """Each value eight times, (n, c, 2 d, 2 h, 2 w) of (n, c, d, h, w).

    By putting things side by side: OpenCV 4 neither resizes in three dimensions nor deconvolves.
    """
    n, c, d, h, w = x.shape
    x = x.reshape(n * c, d, h, w, 1)
    x = torch.cat((x, x), 4).reshape(n * c, d, h, 1, 2 * w)
    x = torch.cat((x, x), 3).reshape(n * c, d, 1, 2 * h, 2 * w)
    return torch.cat((x, x), 2).reshape(n, c, 2 * d, 2 * h, 2 * w)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm3d(outputs), nn.ReLU(inplace=True)
    )

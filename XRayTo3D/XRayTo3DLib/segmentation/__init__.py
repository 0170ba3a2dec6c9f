"""Finding the bone: region of interest, clusters of grey values, threshold, bone mask."""

from .bone import (
    PIECES,
    blind_border,
    body,
    bone_mask,
    bone_range,
    check_pieces,
    choose_pieces,
    clean,
    count_pieces,
    threshold,
)
from .clusters import Clusters, cluster
from .evening import even_out
from .region import bounding_box, box_region, mask_region, polygon_region

__all__ = [
    "PIECES",
    "Clusters",
    "blind_border",
    "body",
    "bone_mask",
    "bone_range",
    "bounding_box",
    "box_region",
    "check_pieces",
    "choose_pieces",
    "clean",
    "cluster",
    "count_pieces",
    "even_out",
    "mask_region",
    "polygon_region",
    "threshold",
]

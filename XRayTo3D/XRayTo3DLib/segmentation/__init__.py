"""Finding the bone: region of interest, clusters of grey values, the reader network, outlines, is it a femur."""

from ..choices import PIECES, SEGMENTATIONS
from .bone import (
    blind_border,
    bone_mask,
    bone_range,
    check_pieces,
    choose_pieces,
    clean,
    count_pieces,
    threshold,
)
from .by_clusters import ByClusters, Clustered, clustered, find_by_clusters
from .by_network import ByNetwork, find_by_network
from .clusters import Clusters, check_cluster_count, cluster
from .evening import even_out, flatten, raised
from .femur import FemurCheck, check_femur, femur_in
from .find import (
    bone_as_drawn,
    bone_by_threshold,
    bone_recognized,
    check_segmentation,
    find_bone,
    find_bone_near,
    find_bones,
    find_told,
)
from .found import HIP, Bone
from .fracture_line import broken_outlines, check_fracture_line, split_along
from .fracture_marks import MOST_PIECES, FractureMarks, check_fracture_marks, fragments_as_marked
from .fragments import SUSPECTED, FoundBreak, Fragments, fragments_of, probability_broken
from .heights import Heights, heights_of
from .network.channels import BONES
from .network.loading import load_reader
from .network.reader import Landmark, Reading
from .network.search import with_room
from .region import bounding_box, box_region, is_marked, mask_region, polygon_region, region_of
from .seeds import Seeds, check_seeds

__all__ = [
    "BONES",
    "HIP",
    "MOST_PIECES",
    "PIECES",
    "SEGMENTATIONS",
    "SUSPECTED",
    "Bone",
    "ByClusters",
    "ByNetwork",
    "Clustered",
    "Clusters",
    "FemurCheck",
    "FoundBreak",
    "FractureMarks",
    "Fragments",
    "Heights",
    "Landmark",
    "Reading",
    "Seeds",
    "blind_border",
    "bone_as_drawn",
    "bone_by_threshold",
    "bone_mask",
    "bone_range",
    "bone_recognized",
    "bounding_box",
    "box_region",
    "broken_outlines",
    "check_cluster_count",
    "check_femur",
    "check_fracture_line",
    "check_fracture_marks",
    "check_pieces",
    "check_seeds",
    "check_segmentation",
    "choose_pieces",
    "clean",
    "cluster",
    "clustered",
    "count_pieces",
    "even_out",
    "femur_in",
    "find_bone",
    "find_bone_near",
    "find_bones",
    "find_by_clusters",
    "find_by_network",
    "find_told",
    "flatten",
    "fragments_as_marked",
    "fragments_of",
    "heights_of",
    "is_marked",
    "load_reader",
    "mask_region",
    "polygon_region",
    "probability_broken",
    "raised",
    "region_of",
    "split_along",
    "threshold",
    "with_room",
]

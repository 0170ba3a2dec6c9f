"""A part of a rigid motion: how something lies that has gone some of its way."""

from __future__ import annotations

import numpy as np


def part_of_motion(matrix: np.ndarray, share: float, center: np.ndarray) -> np.ndarray:
    """Return a share of a rigid motion: it turns about the same axis, and its center goes straight.

    Parameters
    ----------
    matrix : (4, 4) array
        The whole motion.
    share : float
        0 gives the identity, 1 the whole motion.
    center : (3,) array
        The point, before the motion, that goes straight and evenly to its place. About another point the same motion
        would swing what is moved far out on its way.

    Returns
    -------
    (4, 4) float64 array

    Examples
    --------
    >>> quarter = np.array([[0, -1, 0, 0], [1, 0, 0, 10], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    >>> part_of_motion(quarter, 0.5, np.zeros(3)).round(3)
    array([[ 0.707, -0.707,  0.   ,  0.   ],
           [ 0.707,  0.707,  0.   ,  5.   ],
           [ 0.   ,  0.   ,  1.   ,  0.   ],
           [ 0.   ,  0.   ,  0.   ,  1.   ]])
    """
    from scipy.spatial.transform import Rotation

    center = np.asarray(center, float)
    turn = Rotation.from_rotvec(share * Rotation.from_matrix(matrix[:3, :3]).as_rotvec()).as_matrix()
    way = matrix[:3, :3] @ center + matrix[:3, 3] - center
    found = np.eye(4)
    found[:3, :3] = turn
    found[:3, 3] = center + share * way - turn @ center
    return found

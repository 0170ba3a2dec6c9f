from dataclasses import replace

import pytest

from XRayTo3DLib.batch.choices import check_choices
from XRayTo3DLib.errors import ReconstructionError


def test_a_method_that_needs_cameras_is_refused_before_the_work_begins(quick):
    check_choices(quick)
    with pytest.raises(ReconstructionError, match="needs calibrated cameras"):
        check_choices(replace(quick, making=replace(quick.making, method="volume")))

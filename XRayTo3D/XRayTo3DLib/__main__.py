"""`python -m XRayTo3DLib` is the command `xrayto3d`."""

import sys

from .cli import main

sys.exit(main())

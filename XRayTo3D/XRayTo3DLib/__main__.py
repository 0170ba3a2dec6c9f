"""`python -m XRayTo3DLib` is the command `xrayto3d`."""

import sys

from .commands.main import main

sys.exit(main())

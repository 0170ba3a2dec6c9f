"""The fuzzer is a program: only its tests are collected, also for doctests."""

import sys
from pathlib import Path

collect_ignore_glob = ["corpus.py", "fuzz.py", "kinds.py"]
sys.path.insert(0, str(Path(__file__).parent))

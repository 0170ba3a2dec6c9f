"""The faults are a program, no tests."""

collect_ignore_glob = ["faults.py"]

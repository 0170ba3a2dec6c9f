"""Benchmarks are programs: only their own tests are collected, also for doctests."""

collect_ignore_glob = ["accuracy*.py", "bench*.py", "evaluate_chain.py"]

"""Simulated radiographs: sample data."""

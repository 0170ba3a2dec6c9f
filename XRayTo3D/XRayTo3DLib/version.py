"""The version, also named in pyproject.toml."""

__version__ = "0.1.0"

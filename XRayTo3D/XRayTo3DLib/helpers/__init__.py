"""Small helpers that every room may use: files, filters, progress."""

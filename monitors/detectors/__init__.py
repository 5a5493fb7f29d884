"""Detectors, one file each: pure, from values to evidence."""

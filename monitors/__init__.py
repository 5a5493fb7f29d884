"""Has the world moved: windows, detectors, signals, exporter and alert rules."""

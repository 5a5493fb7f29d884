"""What is wanted: the schema of specs, their loading and their digests. Pure."""

"""Artifacts: immutable bytes by content. What is read is checked against its digest."""

from registry.artifacts.base import ArtifactStore
from registry.artifacts.opening import open_artifacts

__all__ = ["ArtifactStore", "open_artifacts"]

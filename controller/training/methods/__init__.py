"""Methods: what a base is made into before it is trained, and what of it is saved."""

from controller.training.methods.adapt import adapt, save_trained

__all__ = ["adapt", "save_trained"]

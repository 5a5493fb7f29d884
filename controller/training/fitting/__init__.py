"""The fit: the trainer, its callbacks, and checkpoints that are whole or do not count."""

"""Data preparation: fetch the declared files with DVC, check them, write what training reads.

``python -m controller.data JOBDIR`` runs it as a job; ``controller.data.job`` is the main path.
"""

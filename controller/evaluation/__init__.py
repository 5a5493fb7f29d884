"""Evaluation: what a version does on held-out rows, with the uncertainty of every number.

``python -m controller.evaluation JOBDIR`` runs it as a job. Only ``classification`` and
``generation`` load a model; the rest is arithmetic over per-row arrays, which gates use as well.
"""

"""Fine-tuning as a job: rows and a base model go in, the files of a version come out.

``python -m controller.training FOLDER`` speaks ``controller.job_protocol``. The main path is
``runner.train``. A task (classification, generation) is one file behind ``learner.Learner``.
"""

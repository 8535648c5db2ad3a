"""Sweeps: many runs on one dataset that search for a backbone, a depth and a learning rate.

It knows what is asked of a sweep, which trial comes next (Optuna's choice), when a trial is hopeless and how the trials
stand beside each other. It does not know how a run trains: its trials are ordinary runs, made and started as any other.
It may import `runs` and what is below them; never Keras. Optuna is imported by `search` alone, when a sweep is at work.
"""

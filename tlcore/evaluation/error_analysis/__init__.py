"""Error analysis of a run: where it fails, where it looks and how robust it is, computed by a job of its own.

It knows the run's model and test items; it does not know how the model was trained, and changes nothing of it.
"""

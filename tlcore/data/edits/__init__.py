"""Edits of a dataset: an append-only log, what each edit may be, and the state that follows from all of them.

It knows the dataset's items and classes; it does not know how items were imported or what is trained on them.
"""

"""The check of a dataset: what is wrong with its items, labels and split, and what fixing it would be worth.

It knows findings, the handle of a check, features and the steps of a check. It does not know pages, what an item looks
like (the modality looks for its own faults), what an answer is (the task doubts labels and measures), nor how a fault
is fixed: that is an edit of the dataset. It may import `runs` and what is below it; `work` alone, the worker, which
stands near the end of the line, also calls `training` for the features that runs have in common with it.
"""

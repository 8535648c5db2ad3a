"""The health of a dataset: what is wrong with its items, labels and parts, and what mending it would be worth.

It knows findings, the handle of a check, and how each fault is looked for in arrays and tables. It does not know pages,
nor how a fault is mended: that is an edit of the dataset. It may import `runs` and what is below it; `work` alone, the
worker, which stands near the end of the line, also calls `training` for the features that runs have in common with it.
"""

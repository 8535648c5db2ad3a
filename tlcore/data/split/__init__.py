"""The split of a dataset into training, validation and test set, with groups kept whole.

It knows each item's class and group; it does not know what an item shows or which model learns from it.
"""

"""Datasets: from what a person gives to items with their labels, edits, splits and stores of arrays.

It knows files, folders, tables, labels, edits and splits. It does not know what an item looks like (`modalities`), what
an answer is (`tasks`), nor backbones, runs or models.
"""

"""Evaluation: how good a model is on items that training never saw, and how sure that is.

It knows predictions, metrics and the two files that hold them. It does not know how the model was trained, nor how
results are drawn. It may import `runs`, `inference` and what is below them; never Keras: gradients are not needed.
"""

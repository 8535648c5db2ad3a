"""Labelling: which unlabelled item is worth asking about next, and which class it may have.

It knows features, probabilities and the inbox of a dataset. It does not know how either is shown, nor how a model was
trained. It may import `health`, `inference`, and what is below them; never Keras.
"""

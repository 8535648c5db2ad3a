"""Labelling: which unlabelled item is worth asking about next, and which label it may have.

It knows features, outputs of a probe or a model, and the inbox of a dataset. It does not know how either is shown, how
a model was trained, nor what an answer is: the task decides. It may import `health` and `inference`, and what is below
them; never Keras.
"""

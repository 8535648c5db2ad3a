"""Inference: answers from a run's own `model.onnx`, with ONNX Runtime.

It knows a graph, its labels and how an item becomes the arrays that it takes in. It does not know how the model was
trained, nor runs, nor Keras. It may import `data`, `backbones` and what is below them; never Keras.
"""

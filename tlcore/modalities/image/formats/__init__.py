"""Export formats of pictures: a web page, a graph that takes any size, and files decoded within TensorFlow.

It knows how artefacts decode, resize and see pictures, and holds them against the app. It does not know labels nor how
a model was trained. `table` and this file import only the ground floor; the others may import `export`, which finds
them by their names in the modality's row.
"""

"""Training: from the items of a run to its model.

It knows Keras, the cut, the trunk cache, phases and the worker that carries a run out. It does not know pages or
commands, nor the test items: judging is `evaluation`'s. It may import `runs`, `inference` and what is below them;
`work` alone, which stands at the end of the line, also calls `evaluation` and `export`.
"""

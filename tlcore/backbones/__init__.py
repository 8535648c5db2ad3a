"""The backbones: the facts about each one, and where its weights are on this machine.

It knows facts, files and hashes. It does not know Keras, training or settings. It may import `errors`, `files` and
`workspace`.
"""

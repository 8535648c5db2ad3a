"""The backbones that can be chosen: what is known about each, and where its weights stand on this machine.

It knows facts, files and hashes. It does not know Keras, training or settings. It may import `errors`, `files` and
`workspace`.
"""

"""Pictures and their labels, from what a person gives to arrays of pixels.

It knows files, formats, folders, labels, splits, pixel stores and augmentation. It does not know backbones, runs or
models. It may import `tlcore.errors`, `tlcore.files` and `tlcore.workspace`; `pixels` imports nothing of ours, because
exported bundles carry that very file.
"""

"""Runs: their settings, their events, their progress and their place in the queue.

It knows settings, events, run folders, locks, the line of runs on this machine and how a worker is started. It does
not know how training works, nor anything of items or weights. It may import `data`, `backbones` and what is below
them; never Keras.
"""

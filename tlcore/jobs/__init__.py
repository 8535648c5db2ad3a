"""Jobs: long pieces of work; each runs in its own worker process, which outlives the process that started it.

It knows a job's folder, its lock, its events and progress, how a worker is started, stopped, paused and missed, the
line in which jobs take turns, and the states that all jobs have in common. It does not know what any job does: each
kind (a run, a check, a sweep, an error analysis, an export) declares its events, settings and results in its own room.
It may import `workspace` and what is below it; never `data`, and never Keras.
"""

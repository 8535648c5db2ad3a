"""Export: a run's model as files for other places, each proven to answer as the app does.

It knows formats, and how each is made, loaded again in a fresh process and compared. It does not know how the model
was trained. What was proven stands in `runs.manifest`, which the pages read. It may import `runs`, `inference` and
what is below them.
"""

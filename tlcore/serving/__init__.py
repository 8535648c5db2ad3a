"""Serving: a run's model answers over HTTP.

It knows requests, their limits, a line in which items of all requests wait, and the figures that a monitor collects.
It does not know runs, training or Streamlit, and no page may import it. It may import `inference`, `contract`,
`tasks`, `modalities`, `files` and `errors` only: the server export carries these very files.
"""

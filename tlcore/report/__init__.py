"""Reports: what is known of a run, written for people who do not have Graft.

It knows what run folders hold, and how it becomes a page, a PDF, a model card or tables. It does not know how any of it
was computed: nothing is computed or invented here, and what is not known is said not to be. It never imports Keras.
"""

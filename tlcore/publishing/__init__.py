"""A run's proven model where others find it: a repository of the Hugging Face Hub, a registry of MLflow, a folder.

It knows what is published and the clients of these places, which are extras (`hub`, `tracking`) and imported when they
are needed. It does not know how a model is made or proven, and makes nothing: what was exported and agreed is taken.
"""

"""The command line: every page's work without the pages.

It knows arguments, words for a terminal and the JSON that scripts read. It does not know how anything is done: each
command calls the room that does. It may import every room, inside the commands, so that `--help` and `runs list` do
not wait for what they do not need.
"""

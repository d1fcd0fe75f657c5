"""The command line: grammar, words, terminal, and one module per topic of commands.

To add a command: write `COMMANDS = (Command(...),)` in a module of this folder, name the command and its module in
`catalogue.COMMANDS`, and put its texts in `words/en/help_<topic>.py`, `words/fr/help_<topic>.py` (help) and
`view_<topic>.py` (what it prints), those of new errors in `errors_<room>.py`. The tests tell what is missing.
"""

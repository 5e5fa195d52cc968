"""How good the understanding is: files of labelled texts in, figures out. The command is `kupec evaluate`.

It needs the libraries that train, so it runs in a process of its own: `python -m` this package, with its order on
standard input.
"""

"""What bhyve and each FreeBSD release can do, as tables.

Entrances: ``facts`` (what came with which release, and what is of one architecture), ``releases`` (what lowering looks
up of them), ``options`` (the words of ``extra_args``).
"""

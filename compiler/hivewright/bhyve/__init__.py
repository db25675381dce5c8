"""What bhyve and each FreeBSD release can do, as tables.

Entrances: ``releases`` (what lowering looks up), ``options`` (the words of ``extra_args``).
"""

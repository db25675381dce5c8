"""What is generated from the models: JSON Schema and the key reference of the manual.

Entrances: ``json_schema``, ``manual_page``.
"""

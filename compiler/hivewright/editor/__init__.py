"""The full-screen editor of guests.

Entrances: ``app`` (the program on a terminal, the only module beside the screens that knows Textual), ``desk`` (the
guest that is being edited, without a terminal).
"""

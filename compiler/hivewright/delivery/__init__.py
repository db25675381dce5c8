"""Compiled files on their way to hosts.

Entrances: ``package`` (hosts, their files and their checklists), ``archive`` (a package as one file).
"""

"""Drafts: saved while a form is filled in, offered when it is opened, ended by its launch."""

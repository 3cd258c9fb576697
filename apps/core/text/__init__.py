"""Texts as people read, write and look for them."""

"""Every recording of the older releases is replayed here; ``covered.py`` says by which test."""

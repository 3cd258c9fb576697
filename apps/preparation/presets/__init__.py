"""Presets: answers under a name, and the recent values of a field."""

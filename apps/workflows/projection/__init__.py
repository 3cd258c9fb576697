"""A workflow's status and history, computed from its events alone."""

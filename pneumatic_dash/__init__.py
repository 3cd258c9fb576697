"""The project package: settings, URLs and the WSGI entry point."""

__version__ = "0.2.0"

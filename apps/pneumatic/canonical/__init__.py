"""The canonical form that everything above the gateway uses."""

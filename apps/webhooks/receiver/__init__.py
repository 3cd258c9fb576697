"""From the socket to a stored delivery."""

"""What the web server's processes and the worker need as processes: a log, settled memory, a heartbeat."""

"""HTTP to Pneumatic: connections, deadlines, retries, paging, files."""

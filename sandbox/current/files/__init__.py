"""Files of the current server: ids of attachments to release 6, and since release 7 links of its file service."""

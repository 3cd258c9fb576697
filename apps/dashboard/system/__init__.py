"""Whether everything works, for administrators: the checks behind the page System, the command and the banner."""

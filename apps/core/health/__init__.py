"""Whether the installation works: probes for supervisors, and conditions for administrators."""

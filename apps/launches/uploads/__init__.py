"""Files that were chosen in a launch form: stored, limited, shown small."""

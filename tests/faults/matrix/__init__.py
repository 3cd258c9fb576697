"""Every cause of trouble, while people and programs do all that they usually do."""

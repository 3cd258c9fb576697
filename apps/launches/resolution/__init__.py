"""Match launches whose response was lost with the workflows that exist."""

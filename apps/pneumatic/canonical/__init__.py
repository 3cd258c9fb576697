"""What the apps above know of Pneumatic, whichever API the server has."""

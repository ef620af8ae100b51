"""Arrays in, numbers with their intervals out."""

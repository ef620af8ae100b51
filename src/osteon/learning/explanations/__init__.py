"""What a network looked at."""

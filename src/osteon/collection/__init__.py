"""What we learn from: films, their table, its flaws and its splits."""

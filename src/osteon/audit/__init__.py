"""What a collection hides: copies, flaws, shortcuts; and its cleaning."""

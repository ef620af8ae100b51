"""A picture comes in, and becomes a Radiograph."""

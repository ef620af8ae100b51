"""What a network says beside the film's logit and its map: one file per head."""

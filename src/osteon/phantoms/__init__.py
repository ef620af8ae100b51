"""How phantoms are drawn: bones, where they lie, how they break, and the film they end up on."""

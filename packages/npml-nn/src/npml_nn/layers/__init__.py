"""One op or family per file: a pair of pure functions, their double backward, and the thin layer over them."""

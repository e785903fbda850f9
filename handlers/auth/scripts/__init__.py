"""Scripts that Redis runs as one step for the limits of all processes; `geo.index.scripts` reads them."""

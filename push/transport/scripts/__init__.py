"""Scripts that Redis runs as one step for the lanes of all processes; `geo.index.scripts` reads them."""

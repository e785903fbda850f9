"""Scripts that Redis runs as one step for the lanes of all processes; `geo.scripts` reads them."""

"""Scripts that Redis runs as one step for the limits of all processes; `geo.scripts` reads them."""

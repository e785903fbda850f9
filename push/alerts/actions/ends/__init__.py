"""How an alert ends, and how it goes on after all. Bounded: one alert at a time."""

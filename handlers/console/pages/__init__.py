"""The console's screens, a module each: what it reads of the API's rooms, and the page that it makes of it."""

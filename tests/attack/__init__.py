"""What strangers send to keep out those whom the server is for."""

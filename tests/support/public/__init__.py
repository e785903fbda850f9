"""What tests of the public's side need."""

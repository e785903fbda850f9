"""What tests share: real stores, processes, simulated providers, CAP documents and the life of an alert."""

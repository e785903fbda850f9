"""The life of an alert for tests: its model, its world, its officers and its trail."""

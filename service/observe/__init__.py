"""What people and machines see of a running service: metrics, health, logs, the terminal view."""

"""What makes the simulated exchange a server: clock, application, listening, certificates."""

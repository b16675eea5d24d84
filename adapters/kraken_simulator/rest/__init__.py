"""The REST face of the simulated exchange: parsing, views and one function for each method."""

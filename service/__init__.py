"""Floor 3: settings, wiring, drivers and the command line; no business rule lives here."""

"""clusters: which symbols moved together lately, from the bars themselves."""

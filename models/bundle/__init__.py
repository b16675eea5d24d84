"""A trained model as files that prove themselves: manifest, checks on loading, writing."""

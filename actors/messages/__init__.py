"""Every typed message that may travel between actors, enter as an input or leave as an effect."""

"""Our own dated table of instrument facts and the table of symbol names."""

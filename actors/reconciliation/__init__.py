"""The reconciliation actor: when the venue's lists are read, and whether entries may go on."""

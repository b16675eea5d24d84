"""The command line: one file a verb, one sentence an error, documented exit codes."""

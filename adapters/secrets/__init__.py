"""Where an API key lies: the machine's keyring, an encrypted file, a container's secret."""

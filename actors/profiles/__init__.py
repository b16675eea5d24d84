"""What values of profiles mean, how far they may go, and which way they become riskier."""

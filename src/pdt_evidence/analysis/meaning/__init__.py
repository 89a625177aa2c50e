"""What an effect means: for patients, for a panel, for the next trial."""

"""What changed between two states of the evidence, and what a further trial would change."""

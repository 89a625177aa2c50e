"""Evidence rows to effects: `yi` and its sampling variance `vi`, and what rows of one trial share."""

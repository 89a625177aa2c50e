"""What an estimate allows to say: equivalence, margins, sentences."""

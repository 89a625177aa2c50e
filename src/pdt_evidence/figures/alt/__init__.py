"""What a figure shows, in words for those who cannot see it."""

"""What a user calls: input checked, models run, records handed back."""

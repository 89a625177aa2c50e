"""What effects vary with: meta-regression, subgroups, moderators."""

"""What every figure is drawn on: measured text, axis, marks, styles, files."""

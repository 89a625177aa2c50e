"""Files of rows and columns, whatever their format, to cells of text."""

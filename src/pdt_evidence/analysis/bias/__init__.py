"""Whether small studies, or what went unpublished, move a result."""

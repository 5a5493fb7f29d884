"""Gates: declared criteria held against evidence. Pure: no model, no file, no clock."""

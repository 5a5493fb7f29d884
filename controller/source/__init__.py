"""Where the wanted state comes from: git repositories, read at a commit."""

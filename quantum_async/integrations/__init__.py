"""Our clients behind other libraries' interfaces."""

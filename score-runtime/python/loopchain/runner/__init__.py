"""How score-runner runs a package; nothing here is for packages to import."""

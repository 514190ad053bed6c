"""How values look: tables, progress, plots and data frames; pure functions of the models."""

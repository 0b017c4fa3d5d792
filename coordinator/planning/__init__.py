"""Will more workers help? A model of a step, and what follows from it."""

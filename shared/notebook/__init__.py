"""The API of the notebook that GradMQ grew from, under its names."""

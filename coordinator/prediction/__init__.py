"""What a model answers: to arrays, tables and pictures, computed in this process or by workers."""

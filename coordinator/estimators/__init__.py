"""Estimators in the way of scikit-learn, with it or without."""
